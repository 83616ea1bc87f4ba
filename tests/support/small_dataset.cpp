#include "support/small_dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace alexnet {
namespace {

void write_file(const std::string& path, const std::string& content) {
  std::ofstream stream(path, std::ios::binary);
  stream << content;
  stream.close();
  if (!stream) throw std::runtime_error("writing " + path + " failed");
}

std::uint32_t mixed(std::uint32_t x) {
  x = (x ^ x >> 16) * 0x7feb352dU;
  x = (x ^ x >> 15) * 0x846ca68bU;
  return x ^ x >> 16;
}

std::string ppm(const SmallDatasetOptions& options, const std::string& split, std::uint64_t i) {
  std::string content = fmt::format("P6\n{} {}\n255\n", options.size, options.size);
  for (std::int64_t y = 0; y < options.size; ++y) {
    for (std::int64_t x = 0; x < options.size; ++x) {
      for (std::int64_t c = 0; c < 3; ++c) content += static_cast<char>(small_dataset_pixel(options, split, i, y, x, c));
    }
  }
  return content;
}

DatasetStatistics statistics_of(const SmallDatasetOptions& options) {
  DatasetStatistics s;
  s.height = s.width = options.size;
  s.mean_image.resize(static_cast<std::size_t>(options.size * options.size * 3));
  const std::uint64_t n = options.samples.count("train") != 0 ? options.samples.at("train") : 0;
  for (std::int64_t p = 0; p < options.size * options.size * 3; ++p) {
    double sum = 0;
    for (std::uint64_t i = 0; i < n; ++i)
      sum += small_dataset_pixel(options, "train", i, p / 3 / options.size, p / 3 % options.size, p % 3);
    s.mean_image[static_cast<std::size_t>(p)] = n == 0 ? 0.0F : static_cast<float>(sum / static_cast<double>(n));
  }
  s.rgb_eigenvectors = {{{0.6F, 0.64F, 0.48F}, {0.8F, -0.48F, -0.36F}, {0.0F, 0.6F, -0.8F}}};
  s.rgb_eigenvalues = {3600.0F, 400.0F, 25.0F};
  return s;
}

}  // namespace

std::string tar_member(const std::string& name, const std::string& content, char type) {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) { header.replace(at, text.size(), text); };
  put(0, name.substr(0, 100));
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", content.size()));
  put(136, "00000000000");
  put(148, "        ");
  header[156] = type;
  put(257, "ustar");
  put(263, "00");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + '\0');
  return header + content + std::string((512 - content.size() % 512) % 512, '\0');
}

std::int32_t small_dataset_label(const SmallDatasetOptions& options, std::uint64_t i) {
  const auto n = static_cast<std::uint64_t>(options.num_classes);
  return static_cast<std::int32_t>((i + i / n) % n);
}

std::uint8_t small_dataset_pixel(const SmallDatasetOptions& options, const std::string& split, std::uint64_t i, std::int64_t y,
                                 std::int64_t x, std::int64_t c) {
  const auto label = static_cast<std::uint32_t>(small_dataset_label(options, i));
  const std::uint32_t color = 30 + mixed(label * 3 + static_cast<std::uint32_t>(c)) % 160;
  const std::uint32_t salt = split == "train" ? 1 : 2;
  const auto place = static_cast<std::uint32_t>((y * options.size + x) * 3 + c);
  return static_cast<std::uint8_t>(color + mixed(mixed(place * 4 + salt) + static_cast<std::uint32_t>(i)) % 60);
}

DatasetManifest write_small_dataset(const std::string& folder, const SmallDatasetOptions& options) {
  std::filesystem::create_directories(folder);
  DatasetManifest m;
  m.layout = "test";
  m.source = "known pixels";
  m.size = options.size;
  m.encoding = "raw";
  m.resampler = "none";
  for (std::int64_t c = 0; c < options.num_classes; ++c) m.classes.push_back({fmt::format("c{:03}", c), fmt::format("class {}", c)});
  for (const auto& [name, count] : options.samples) {
    SplitInfo& split = m.splits[name];
    split.num_samples = count;
    std::string table;
    for (std::uint64_t first = 0; first < count; first += options.samples_per_shard) {
      const std::uint64_t end = std::min(first + options.samples_per_shard, count);
      const std::string stem = fmt::format("{}-{:06}", name, split.shards.size());
      std::string tar, index = fmt::format("v1.2 {}\n", end - first);
      for (std::uint64_t i = first; i < end; ++i) {
        const std::string key = fmt::format("{:08}", i), picture = ppm(options, name, i);
        const std::int32_t label = small_dataset_label(options, i);
        index += fmt::format("ppm {} {} {}.ppm ", tar.size() + 512, picture.size(), key);
        tar += tar_member(key + ".ppm", picture);
        index += fmt::format("cls {} {} {}.cls\n", tar.size() + 512, std::to_string(label).size(), key);
        tar += tar_member(key + ".cls", std::to_string(label));
        table += fmt::format("{}\t{}.tar\t{}\t{}\tnowhere/{}.ppm\t{}\t{}\n", key, stem, label,
                             m.classes[static_cast<std::size_t>(label)].id, i, options.size, options.size);
      }
      tar += std::string(1024, '\0');
      write_file(folder + "/" + stem + ".tar", tar);
      if (options.with_index) write_file(folder + "/" + stem + ".idx", index);
      split.shards.push_back({stem + ".tar", end - first, tar.size(), ""});
    }
    write_file(folder + "/" + name + ".tsv", table);
  }
  write_manifest(folder, m);
  write_statistics(folder, statistics_of(options));
  return m;
}

}  // namespace alexnet
