// A prepared data set on disk, as `alexnet prepare` writes it and train, eval and inspect read it.
//
//   OUT/dataset.json            the manifest below, with the hashes of all other files
//   OUT/statistics.safetensors  mean_image (H,W,3) f32, rgb_eigenvectors (3,3) f32 (row i: axis i), rgb_eigenvalues (3) f32, descending
//   OUT/<split>-000000.tar ...  WebDataset shards: 00001234.jpg or .ppm, then 00001234.cls (class index as text)
//   OUT/<split>-000000.idx ...  DALI's index: "v1.2 N", then a line per sample: "jpg OFFSET SIZE NAME cls OFFSET SIZE NAME"
//   OUT/<split>.tsv             key, shard, class index, class id, source path, original width and height, XXH3 of the picture
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alexnet {

struct ClassInfo {
  std::string id;    // folder name, wnid
  std::string name;  // for people
  bool operator==(const ClassInfo&) const = default;
};

struct ShardInfo {
  std::string file;  // relative to the data set's folder
  std::uint64_t num_samples = 0;
  std::uint64_t bytes = 0;
  std::string xxh3_128;  // of the tar file: 32 hex digits, or "": not known
};

struct SplitInfo {
  std::uint64_t num_samples = 0;
  std::vector<ShardInfo> shards;
};

struct DatasetManifest {
  int format_version = 1;
  std::string layout;  // of the source, as in prepare --layout
  std::string source;
  std::int64_t size = 0;     // stored pictures are size x size
  std::string encoding;      // "jpeg" | "raw"
  std::int64_t quality = 0;  // of jpeg; 0 for raw
  std::string resampler;     // "Pillow's bilinear ..., short side to size, centre crop"
  std::uint64_t seed = 0;
  std::vector<ClassInfo> classes;
  std::map<std::string, SplitInfo> splits;   // "train", "val", maybe "test"
  std::uint64_t num_bad_files = 0;           // left out; OUT/bad_files.jsonl says why
  std::map<std::string, std::string> files;  // of every other file, by name, its XXH3-128; empty in older data sets: not known
};

struct DatasetStatistics {
  std::vector<float> mean_image;  // (H,W,3), grey levels
  std::int64_t height = 0, width = 0;
  std::array<std::array<float, 3>, 3> rgb_eigenvectors{};  // row i: the i-th principal axis, unit length
  std::array<float, 3> rgb_eigenvalues{};                  // variance of the pixels along it, descending
};

// Every reader below, Shards too, throws Error(no_input) when the data set is not there, Error(bad_data) when it is damaged, naming file
// and value.
DatasetManifest read_manifest(const std::string& folder);
void write_manifest(const std::string& folder, const DatasetManifest& manifest);
DatasetStatistics read_statistics(const std::string& folder);
void write_statistics(const std::string& folder, const DatasetStatistics& statistics);

// The encoded pictures of one split. Its shards stay open; nothing of them is kept in memory but where the pictures lie.
class Shards {
 public:
  Shards(const std::string& folder, const DatasetManifest& manifest, const std::string& split);
  ~Shards();
  struct Sample {
    const std::uint8_t* data;  // encoded picture; valid until this thread reads another sample
    std::size_t bytes;
    std::int32_t label;
    std::string_view key;    // "00001234"; valid as long as Shards
    std::string_view shard;  // file name, for messages; valid as long as Shards
  };
  std::uint64_t size() const;
  // Picture i of the split, 0 <= i < size(), in the shards' order. May be called by several threads; allocates only where a thread meets
  // a larger picture than before. `tail`: where the last bytes of the encoded picture go, which Sample::data then lacks: the pixels of a
  // raw one are read straight to their place (not used for a picture that has fewer bytes). Throws Error(bad_data) naming shard and
  // key when the label is no class of the manifest or the index does not fit the shard, and when the shard has changed since it was
  // opened; Error(io_failed) when it cannot be read.
  Sample sample(std::uint64_t i, std::span<std::uint8_t> tail = {}) const;
  // The same without reading the picture.
  std::int32_t label(std::uint64_t i) const;
  std::string_view key(std::uint64_t i) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alexnet
