#include "data/shard_writer.hpp"

#include <filesystem>

#include "alexnet/io/files.hpp"
#include "data/picture_support.hpp"
#include "data/shard_index.hpp"
#include "support/run_command.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

// Sizes around a tar block, so that padding of 0, 1 and 511 bytes occurs.
std::vector<Bytes> contents() {
  std::vector<Bytes> result;
  for (const std::size_t size : {1UL, 511UL, 512UL, 513UL, 1024UL, 5000UL}) {
    result.emplace_back(size);
    for (std::size_t i = 0; i < size; ++i) result.back()[i] = static_cast<std::uint8_t>(i * 7 + size);
  }
  return result;
}

SplitInfo write_all(const std::string& folder, std::uint64_t max_bytes) {
  ShardWriter writer(folder, "train", "jpg", max_bytes);
  int label = 98;
  for (const Bytes& content : contents()) writer.add(content, label++);
  return writer.finish();
}

TEST(ShardWriterTest, WritesWhatTarReads) {
  const TemporaryFolder folder;
  const SplitInfo info = write_all(folder.path().string(), 1 << 20);
  ASSERT_EQ(info.shards.size(), 1U);
  EXPECT_EQ(info.num_samples, 6U);
  EXPECT_EQ(info.shards[0].bytes, std::filesystem::file_size(folder / "train-000000.tar"));
  const CommandResult list = run_command({"tar", "--numeric-owner", "--utc", "-tvf", folder / "train-000000.tar"});
  EXPECT_EQ(list.exit_code, 0);
  EXPECT_EQ(list.err, "");
  EXPECT_EQ(list.out.substr(0, list.out.find('\n')), "-rw-r--r-- 0/0               1 1970-01-01 00:00 00000000.jpg");
  EXPECT_EQ(run_command({"tar", "-xf", folder / "train-000000.tar", "-C", folder.path().string()}).exit_code, 0);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(read_binary_file(folder / fmt::format("{:08}.jpg", i)), contents()[i]);
    EXPECT_EQ(read_text_file(folder / fmt::format("{:08}.cls", i)), fmt::format("{}", 98 + i));
  }
}

TEST(ShardWriterTest, TheIndexPointsAtTheContents) {
  const TemporaryFolder folder;
  write_all(folder.path().string(), 1 << 20);
  const Bytes tar = read_binary_file(folder / "train-000000.tar");
  const std::string text = read_text_file(folder / "train-000000.idx");
  EXPECT_EQ(text.substr(0, text.find('\n')), "v1.2 6");
  const ShardIndex written = parse_shard_index(text, "idx", tar.size()), walked = index_tar(tar, "tar");
  ASSERT_EQ(written.entries.size(), 6U);
  ASSERT_EQ(walked.entries.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) {
    const ShardEntry &a = written.entries[i], &b = walked.entries[i];
    EXPECT_EQ(written.key(a), walked.key(b));
    EXPECT_EQ(a.data_offset, b.data_offset);
    EXPECT_EQ(a.data_bytes, b.data_bytes);
    EXPECT_EQ(a.label_offset, b.label_offset);
    EXPECT_EQ(Bytes(tar.begin() + static_cast<std::ptrdiff_t>(a.data_offset),
                    tar.begin() + static_cast<std::ptrdiff_t>(a.data_offset + a.data_bytes)),
              contents()[i]);
  }
}

TEST(ShardWriterTest, CutsShardsAtTheirSize) {
  const TemporaryFolder folder;
  const SplitInfo info = write_all(folder.path().string(), 5700);
  ASSERT_EQ(info.shards.size(), 4U);  // (1, 511), (512, 513), (1024), (5000 alone, although too long)
  std::uint64_t sum = 0;
  for (std::size_t s = 0; s < info.shards.size(); ++s) {
    EXPECT_EQ(info.shards[s].file, fmt::format("train-{:06}.tar", s));
    EXPECT_LE(info.shards[s].bytes, s < 3 ? 5700U : 8192U);
    sum += info.shards[s].num_samples;
  }
  EXPECT_EQ(sum, 6U);
  EXPECT_THAT(read_text_file(folder / "train-000003.idx"), testing::HasSubstr("00000005.jpg"));
}

TEST(ShardWriterTest, BytesAndHashDependOnTheSamplesAlone) {
  const TemporaryFolder a, b;
  const SplitInfo first = write_all(a.path().string(), 1 << 20), second = write_all(b.path().string(), 1 << 20);
  EXPECT_EQ(read_binary_file(a / "train-000000.tar"), read_binary_file(b / "train-000000.tar"));
  EXPECT_EQ(first.shards[0].xxh3_128, second.shards[0].xxh3_128);
  EXPECT_EQ(first.shards[0].xxh3_128.size(), 32U);
}

// Under a leak checker this is also the test that nothing stays behind.
TEST(ShardWriterTest, MayBeGivenUp) {
  const TemporaryFolder folder;
  ShardWriter writer(folder.path().string(), "train", "jpg", 1 << 20);
  writer.add(Bytes{1, 2, 3}, 0);
  EXPECT_EQ(std::filesystem::file_size(folder / "train-000000.tar"), 0U);
  EXPECT_FALSE(std::filesystem::exists(folder / "train-000000.idx"));
}

TEST(ShardWriterTest, NamesTheFileThatCannotBeMade) {
  expect_error(ExitCode::io_failed, {"/nowhere/val-000000.tar", "No such file"}, [] {
    ShardWriter writer("/nowhere", "val", "ppm", 1 << 20);
    writer.add(Bytes{1, 2, 3}, 0);
  });
}

}  // namespace
}  // namespace alexnet
