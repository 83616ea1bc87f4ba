// A loader over a small data set with known pixels, and its batches as values.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "alexnet/data/loader.hpp"
#include "alexnet/io/files.hpp"
#include "support/expect_error.hpp"
#include "support/small_dataset.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {

// A batch by value.
struct Copy {
  std::uint64_t first_sample;
  std::int64_t valid;
  std::vector<std::uint64_t> indices;
  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> labels;
  std::vector<std::array<float, 6>> transforms;
  bool operator==(const Copy&) const = default;
};

inline Copy copy(const Batch& b) {
  Copy c{b.first_sample, b.valid, b.indices, {b.pixels.begin(), b.pixels.end()}, {b.labels.begin(), b.labels.end()}, {}};
  for (const SampleTransform& t : b.transforms)
    c.transforms.push_back(
        {static_cast<float>(t.top), static_cast<float>(t.left), static_cast<float>(t.flip), t.noise[0], t.noise[1], t.noise[2]});
  return c;
}

inline std::vector<Copy> take(Loader& loader, int count) {
  std::vector<Copy> copies;
  for (int i = 0; i < count; ++i) {
    const Batch* batch = loader.next();
    if (batch == nullptr) break;
    copies.push_back(copy(*batch));
    loader.give_back(batch);
  }
  return copies;
}

class LoaderTest : public testing::Test {
 protected:
  void SetUp() override {
    manifest_ = write_small_dataset(folder(), options_);
    statistics_ = read_statistics(folder());
    config_.crop = 5;
  }
  std::string folder() const { return temporary_ / "set"; }
  std::shared_ptr<const Shards> shards(const std::string& split) const { return std::make_shared<Shards>(folder(), manifest_, split); }
  std::unique_ptr<Loader> training(std::int64_t batch_size, int threads, std::uint64_t first_sample = 0, std::uint64_t limit = 0,
                                   Share share = {}) const {
    return std::make_unique<Loader>(shards("train"), manifest_, batch_size, threads, TrainingOrder{3, first_sample},
                                    Augmenter(config_, 3, statistics_, 8, 8), limit, share);
  }
  std::unique_ptr<Loader> evaluation(std::int64_t batch_size, int threads, std::uint64_t limit = 0, Share share = {}) const {
    return std::make_unique<Loader>(shards("val"), manifest_, batch_size, threads, 5, limit, share);
  }
  void expect_known_picture(const Copy& c, std::size_t i, const std::string& split) const {
    EXPECT_EQ(c.labels[i], small_dataset_label(options_, c.indices[i]));
    for (std::int64_t p = 0; p < 192; ++p)
      ASSERT_EQ(c.pixels[i * 192 + static_cast<std::size_t>(p)],
                small_dataset_pixel(options_, split, c.indices[i], p / 24, p / 3 % 8, p % 3));
  }
  // Overwrites the pictures' magic numbers.
  void damage(const std::string& split, std::initializer_list<std::uint64_t> pictures) const {
    for (const std::uint64_t i : pictures) {
      const std::string path = fmt::format("{}/{}-{:06}.tar", folder(), split, i / options_.samples_per_shard);
      std::string bytes = read_text_file(path);
      const std::size_t header = bytes.find(fmt::format("{:08}.ppm", i));
      ASSERT_NE(header, std::string::npos);
      bytes[header + 512] = 'X';
      temporary_.write(fmt::format("set/{}-{:06}.tar", split, i / options_.samples_per_shard), bytes);
    }
  }

  TemporaryFolder temporary_;
  SmallDatasetOptions options_;
  DatasetManifest manifest_;
  DatasetStatistics statistics_;
  DataConfig config_;
};

}  // namespace alexnet
