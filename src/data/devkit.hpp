// ILSVRC2012_devkit_t12: what the numbers in ImageNet's validation labels mean.
//
// Its classes have ILSVRC ids from 1 to 1000, which are not in the order of their WordNet ids; data/meta.mat says which is which, and
// line k of data/ILSVRC2012_validation_ground_truth.txt is the ILSVRC id of ILSVRC2012_val_%08d.JPEG with number k.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace alexnet {

struct Synset {
  std::int64_t ilsvrc_id = 0;
  std::string wnid;   // "n01440764"
  std::string words;  // "tench, Tinca tinca"
};

struct Devkit {
  std::vector<Synset> classes;        // those without children, by ILSVRC id
  std::vector<std::string> val_wnid;  // of validation picture k + 1
  std::string ground_truth;           // path of the labels' file, for messages
};

// ILSVRC2012_devkit_t12.tar.gz or the folder ILSVRC2012_devkit_t12, in `folder` or in its parent; "" where there is none.
std::filesystem::path find_devkit(const std::filesystem::path& folder);

// Reads either form; nothing is unpacked. Throws Error(no_input) or Error(bad_data) with file, line and value.
Devkit read_devkit(const std::filesystem::path& path);

// The struct array `synsets` of a meta.mat (MATLAB 5): its elements without children, in the file's order. `path` is for messages.
std::vector<Synset> read_synsets(std::span<const std::uint8_t> mat, const std::string& path);

bool is_wnid(std::string_view text);  // n and eight digits

}  // namespace alexnet
