// `alexnet prepare`: pictures -> a data set on disk (dataset.hpp says what lies there).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alexnet/data/dataset.hpp"

namespace alexnet {

struct PrepareOptions {
  std::string source;           // a folder, a tar, a list, or "drawn:classes=10,train=2000,val=500"
  std::string out;              // made if need be; empty, or left by the same call when it was killed
  std::string layout = "auto";  // one of prepare_layouts()
  std::int64_t size = 0;        // side of the stored pictures; 0: 32 or 64 where all pictures have it, 256 elsewhere
  std::string encoding;         // "jpeg", "raw"; "": raw up to 64 pixels, jpeg beyond
  int quality = 90;             // of jpeg
  std::uint64_t shard_mib = 256;
  double val_fraction = 0.1;          // of each class, where the source has no validation split
  std::string classes_file;           // lines "ID" or "ID<TAB>NAME": these classes alone, in this order
  std::uint64_t limit_per_class = 0;  // per split; 0: all
  std::string max_bad = "0.1%";       // "N" or "P%" of all pictures
  std::uint64_t seed = 1;
  bool exif_orientation = false;  // turn pictures as their EXIF says; the reference results do not
  int workers = 0;                // 0: one a core
  double save_seconds = 10;       // between savings of progress
};

struct PrepareResult {
  DatasetManifest manifest;
  std::uint64_t bytes = 0;  // of all shards
  double seconds = 0;
};

// Names for PrepareOptions::layout.
const std::vector<std::string>& prepare_layouts();

// The files depend on the pictures and on the options except `workers` and `save_seconds`. Goes on with what an earlier call with the
// same options and pictures left in OUT/.partial when it was killed, its disk was full or its max_bad was lower. Throws Error:
// command_line (an option), no_input (no source), bad_data (nothing to read, fewer than two classes, more bad pictures than max_bad),
// output_exists, io_failed. After an error OUT holds no data set.
PrepareResult prepare_dataset(const PrepareOptions& options);

// Reads all files of a data set again and compares sizes and hashes with the manifest. One line for each damaged file; empty: whole.
// Throws as read_manifest does.
std::vector<std::string> verify_dataset(const std::string& folder);

}  // namespace alexnet
