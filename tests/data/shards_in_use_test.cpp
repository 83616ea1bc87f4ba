// What becomes of shards that change, vanish or cannot be read while they are in use.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "data/loader_fixture.hpp"
#include "support/limits.hpp"
#include "support/messages_seen.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

class ShardsInUseTest : public LoaderTest {
 protected:
  std::string shard() const { return folder() + "/train-000001.tar"; }
  // Pictures 8 to 15 lie in it.
  void expect_changed(const Shards& shards, std::uint64_t i, const std::string& how) const {
    expect_error(ExitCode::bad_data, {shard(), "changed while it was in use (" + how + ")", "make the data set again"},
                 [&] { shards.sample(i); });
    expect_error(ExitCode::bad_data, {shard(), how}, [&] { shards.label(i); });
    EXPECT_EQ(shards.label(0), small_dataset_label(options_, 0)) << "the other shards go on";
  }
  void expect_known(const Shards& shards, std::uint64_t i) const {
    const Shards::Sample s = shards.sample(i);
    EXPECT_EQ(s.label, small_dataset_label(options_, i));
    EXPECT_EQ(s.data[11 + (3 * 8 + 5) * 3 + 1], small_dataset_pixel(options_, "train", i, 3, 5, 1));
  }
  // The descriptor under which this process has a file open.
  static int descriptor_of(const std::string& path) {
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      if (fs::read_symlink(entry.path(), gone) == path) return std::stoi(entry.path().filename());
    }
    return -1;
  }
};

TEST_F(ShardsInUseTest, CutShort) {
  const auto split = shards("train");
  expect_known(*split, 15);
  const auto bytes = fs::file_size(shard());
  fs::resize_file(shard(), 4000);
  for (const std::uint64_t i : {8, 15}) expect_changed(*split, i, fmt::format("{} bytes became 4000", bytes));
  fs::resize_file(shard(), 0);
  expect_changed(*split, 8, fmt::format("{} bytes became 0", bytes));
}

TEST_F(ShardsInUseTest, WrittenTo) {
  const auto split = shards("train");
  const std::string bytes = read_text_file(shard());
  temporary_.write("set/train-000001.tar", bytes);  // the same bytes into the same file: nobody can know that
  fs::last_write_time(shard(), fs::file_time_type::clock::now() + std::chrono::seconds(1));
  expect_changed(*split, 12, "it was written to");
}

TEST_F(ShardsInUseTest, DeletedOrReplacedByAnother) {
  const auto split = shards("train");
  testing::internal::CaptureStderr();
  fs::remove(shard());
  for (const std::uint64_t i : {8, 15}) expect_known(*split, i);
  temporary_.write("new", "another file");
  fs::rename(temporary_ / "new", folder() + "/train-000000.tar");
  expect_known(*split, 3);
  const std::string warning = testing::internal::GetCapturedStderr();
  EXPECT_EQ(warning, "warning: " + shard() +
                         ": the shard was deleted or replaced while in use: this run reads on what it opened, the next one cannot\n")
      << "one warning is enough";
  note_message_seen(0, warning.substr(0, warning.find('\n')));
}

TEST_F(ShardsInUseTest, CannotBeRead) {
  const auto split = shards("train");
  ASSERT_EQ(close(descriptor_of(shard())), 0);
  expect_error(ExitCode::io_failed, {shard() + ": reading ", " failed: Bad file descriptor"}, [&] { split->sample(8); });
}

TEST_F(ShardsInUseTest, TrainingNamesAShardThatWasCutShort) {
  for (const int threads : {1, 3}) {
    const auto loader = training(6, threads);
    take(*loader, 1);
    const std::string bytes = read_text_file(shard());
    fs::resize_file(shard(), 700);
    expect_error(ExitCode::bad_data, {shard(), "bytes became 700"}, [&] { take(*loader, 20); });
    temporary_.write("set/train-000001.tar", bytes);
  }
}

TEST_F(ShardsInUseTest, MoreThanMayUsuallyBeOpen) {
  options_.samples_per_shard = 1;
  manifest_ = write_small_dataset(folder(), options_);
  const int next = dup(STDERR_FILENO);
  close(next);
  const ResourceLimit limit(RLIMIT_NOFILE, static_cast<rlim_t>(next) + 10);
  EXPECT_EQ(shards("train")->size(), 20U) << "the soft limit is raised";
}

// In a child, since a hard limit cannot be raised again.
TEST_F(ShardsInUseTest, MoreThanMayBeOpen) {
  const auto child = [&] {
    const rlimit limit{30, 30};
    setrlimit(RLIMIT_NOFILE, &limit);
    expect_error(ExitCode::io_failed, {folder(), "its 3 shards stay open", "`ulimit -Hn` allows 30", "--shard-mib"},
                 [&] { shards("train"); });
    std::exit(HasFailure() ? 1 : 0);
  };
  EXPECT_EXIT(child(), testing::ExitedWithCode(0), "");
}

// Nothing is mapped, so a shard larger than the memory can be indexed; this one is a hole on the disk.
TEST_F(ShardsInUseTest, AreIndexedWhateverTheirSize) {
  const std::uint64_t num_samples = manifest_.splits.at("train").shards[1].num_samples, huge = std::uint64_t{4} << 30;
  fs::resize_file(shard(), huge);
  fs::remove(folder() + "/train-000001.idx");
  manifest_.splits.at("train").shards[1].bytes = huge;
  const AddressSpaceLimit limit;
  EXPECT_GE(shards("train")->size(), num_samples);
}

// Raw pictures whose header is not the one that we write are read the longer way.
TEST_F(ShardsInUseTest, RawPicturesWithAnotherHeader) {
  std::string tar;
  for (const std::string header : {"P6\n8 8\n255\n", "P6 8 8 255\n", "P6\n# by hand\n8 8 255\n", "P6 8  8 255 "}) {
    const std::string key = fmt::format("{:08}", tar.size());
    tar += tar_member(key + ".ppm", header + std::string(191, header.back()) + "x") + tar_member(key + ".cls", "1");
  }
  temporary_.write("set/val-000000.tar", tar);
  fs::remove(folder() + "/val-000000.idx");
  manifest_.splits.at("val") = {4, {{"val-000000.tar", 4, tar.size(), ""}}};
  const Copy c = take(*evaluation(4, 1), 1)[0];
  for (std::size_t i = 0; i < 4; ++i) {
    const std::vector<std::uint8_t> expected(191, i == 3 ? ' ' : '\n');
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), c.pixels.begin() + static_cast<std::ptrdiff_t>(192 * i))) << i;
    EXPECT_EQ(c.pixels[192 * i + 191], 'x');
  }
}

}  // namespace
}  // namespace alexnet
