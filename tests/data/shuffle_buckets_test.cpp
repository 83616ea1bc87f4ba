// Pictures put aside and taken out again.
#include "data/shuffle_buckets.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "alexnet/io/files.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes picture(std::uint64_t rank) { return Bytes(rank * 7 % 50, static_cast<std::uint8_t>(rank)); }

TEST(ShuffleBucketsTest, EveryRankHasOneBucket) {
  for (const std::uint64_t num_buckets : {1U, 2U, 7U, 128U}) {
    const BucketLayout layout{"stem", 128, num_buckets};
    std::uint64_t end = 0;
    for (std::uint64_t b = 0; b < num_buckets; ++b) {
      EXPECT_EQ(layout.first_rank(b), end);
      end = layout.first_rank(b + 1);
      for (std::uint64_t rank = layout.first_rank(b); rank < end; ++rank) EXPECT_EQ(layout.bucket_of(rank), b);
    }
    EXPECT_EQ(end, 128U);
  }
}

TEST(ShuffleBucketsTest, GivesBackWhatWasConfirmed) {
  TemporaryFolder folder;
  const BucketLayout layout{folder / "train-bucket", 100, 3};
  std::vector<std::uint64_t> order(100);
  std::iota(order.begin(), order.end(), 0U);
  std::shuffle(order.begin(), order.end(), std::mt19937(1));
  std::vector<std::uint64_t> lengths(3);
  for (std::size_t done = 0; done < 100; done += 25) {  // each time 25 are confirmed and 10 more are lost
    BucketWriter writer(layout, lengths);
    const auto add = [&](std::size_t i) {
      if (order[i] % 10 != 3) writer.add(order[i], 100 + static_cast<std::int64_t>(order[i]), 5, picture(order[i]));
    };
    for (std::size_t i = done; i < done + 25; ++i) add(i);
    lengths = writer.sync();
    for (std::size_t i = done + 25; i < std::min<std::size_t>(done + 35, 100); ++i) add(i);
  }
  for (std::uint64_t b = 0; b < 3; ++b) {
    BucketReader reader(layout, b);
    for (std::uint64_t rank = reader.first_rank(); rank < reader.end_rank(); ++rank) {
      const auto found = reader.read(rank);
      ASSERT_EQ(found.has_value(), rank % 10 != 3);
      if (!found) continue;
      EXPECT_EQ(Bytes(found->bytes.begin(), found->bytes.end()), picture(rank));
      EXPECT_EQ(found->height, 100 + static_cast<std::int64_t>(rank));
      EXPECT_EQ(found->width, 5);
    }
  }
}

TEST(ShuffleBucketsTest, NamesWhatIsWrong) {
  TemporaryFolder folder;
  const BucketLayout layout{folder / "train-bucket", 10, 1};
  expect_error(ExitCode::io_failed, {"/train-bucket-000: cannot be read: No such file"}, [&] { BucketReader(layout, 0); });
  BucketWriter(layout, {0}).add(3, 1, 1, Bytes(20));
  const std::string whole = read_text_file(layout.path(0));
  for (const std::string& content : {whole.substr(0, 9), whole.substr(0, 30), std::string(16, '\xff')}) {
    folder.write("train-bucket-000", content);
    expect_error(ExitCode::io_failed, {"/train-bucket-000: damaged or not readable: remove "}, [&] { BucketReader(layout, 0); });
  }
  expect_error(ExitCode::io_failed, {"/train-bucket-000: 16 bytes, 17 were written: remove "}, [&] { BucketWriter(layout, {17}); });
  expect_error(ExitCode::io_failed, {"/none/file: opening it for writing failed: No such file"}, [&] { AppendFile(folder / "none/file"); });
}

}  // namespace
}  // namespace alexnet
