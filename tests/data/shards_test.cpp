// Shards and their index: samples are found with and without .idx, and every kind of damage is named.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "alexnet/data/dataset.hpp"
#include "alexnet/io/files.hpp"
#include "data/shard_index.hpp"
#include "support/expect_error.hpp"
#include "support/reduced.hpp"
#include "support/small_dataset.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

class ShardsTest : public testing::Test {
 protected:
  void SetUp() override { manifest_ = write_small_dataset(folder(), options_); }
  std::string folder() const { return temporary_ / "set"; }
  void write_index(const std::string& text) { temporary_.write("set/train-000001.idx", text); }
  // Shard 1 of the training split, of these bytes; the manifest is told of its size.
  void write_tar(const std::string& bytes) {
    temporary_.write("set/train-000001.tar", bytes);
    manifest_.splits["train"].shards[1].bytes = bytes.size();
    std::filesystem::remove(folder() + "/train-000001.idx");
  }
  std::string read(const std::string& file) { return read_text_file(folder() + "/" + file); }
  void expect_rejected(std::initializer_list<std::string> words, ExitCode code = ExitCode::bad_data) {
    expect_error(code, words, [&] { Shards(folder(), manifest_, "train"); });
  }
  void expect_known_samples() {
    const Shards shards(folder(), manifest_, "train");
    ASSERT_EQ(shards.size(), 20U);
    for (std::uint64_t i = 0; i < shards.size(); ++i) {
      const Shards::Sample s = shards.sample(i);
      EXPECT_EQ(s.key, fmt::format("{:08}", i));
      EXPECT_EQ(s.shard, fmt::format("train-{:06}.tar", i / 8));
      EXPECT_EQ(s.label, small_dataset_label(options_, i));
      EXPECT_EQ(shards.label(i), s.label);
      EXPECT_EQ(shards.key(i), s.key);
      ASSERT_EQ(s.bytes, 11U + 8 * 8 * 3);
      EXPECT_EQ(s.data[11 + (3 * 8 + 5) * 3 + 1], small_dataset_pixel(options_, "train", i, 3, 5, 1));
    }
  }

  TemporaryFolder temporary_;
  SmallDatasetOptions options_;
  DatasetManifest manifest_;
};

// Small pictures in large shards: 1.3 million of 64 x 64 in one make an index of 100 MB.
TEST_F(ShardsTest, IndexMayBeLarge) {
  constexpr std::size_t kMore = 70'000'000;
  write_index(read("train-000001.idx") + std::string(kMore, ' '));
  std::uint64_t& bytes = manifest_.splits["train"].shards[1].bytes;
  bytes += kMore;
  std::filesystem::resize_file(folder() + "/train-000001.tar", bytes);
  expect_known_samples();
}

TEST_F(ShardsTest, SamplesByIndex) { expect_known_samples(); }

TEST_F(ShardsTest, SamplesWithoutIndex) {
  for (const char* file : {"train-000000.idx", "train-000001.idx", "train-000002.idx"}) std::filesystem::remove(folder() + "/" + file);
  expect_known_samples();
}

TEST_F(ShardsTest, OtherMembersAreLeftOut) {
  std::string tar = read("train-000001.tar");
  tar.insert(0, tar_member("folder/", "", '5') + tar_member("long", "path of another entry", 'L') + tar_member("README.txt", "hello"));
  write_tar(tar);
  expect_known_samples();
}

TEST_F(ShardsTest, EmptySplit) {
  manifest_.splits["none"] = {};
  EXPECT_EQ(Shards(folder(), manifest_, "none").size(), 0U);
}

TEST_F(ShardsTest, UnknownSplit) {
  expect_error(ExitCode::no_input, {"no split 'test'", "train, val"}, [&] { Shards(folder(), manifest_, "test"); });
}

TEST_F(ShardsTest, MissingShard) {
  std::filesystem::remove(folder() + "/train-000001.tar");
  expect_rejected({"train-000001.tar", "No such file", "make the data set again"}, ExitCode::no_input);
}

TEST_F(ShardsTest, ShardThatIsAFolder) {
  std::filesystem::remove(folder() + "/train-000001.tar");
  std::filesystem::create_directory(folder() + "/train-000001.tar");
  expect_rejected({"train-000001.tar", "no regular file"});
}

TEST_F(ShardsTest, ShardCutShort) {
  std::filesystem::resize_file(folder() + "/train-000001.tar", 4000);
  expect_rejected({"train-000001.tar", "4000 bytes", "cut short"});
}

TEST_F(ShardsTest, OtherCount) {
  manifest_.splits["train"].shards[1].num_samples = 7;
  expect_rejected({"train-000001.tar", "8 pictures", "dataset.json says 7"});
}

TEST_F(ShardsTest, DamagedIndex) {
  const auto rejected = [&](const std::string& text, std::initializer_list<std::string> words) {
    write_index(text);
    expect_rejected({"train-000001.idx", "delete the .idx"});
    expect_rejected(words);
  };
  rejected("", {"line 1"});
  rejected("hello 8\n", {"line 1", "v1.2 N"});
  rejected("v1.2 -1\n", {"line 1"});
  rejected("v1.2 3\nppm 512 203 a.ppm cls 1536 1 a.cls\n", {"promises 3", "there are 1"});
  rejected("v1.2 1\nppm 512 203 a.ppm cls 1536 1\n", {"line 2", "EXTENSION OFFSET SIZE NAME"});
  rejected("v1.2 1\nppm 512 2x3 a.ppm cls 1536 1 a.cls\n", {"line 2", "EXTENSION OFFSET SIZE NAME"});
  rejected("v1.2 1\nppm 512 203 a.ppm\n", {"line 2", "no .cls"});
  rejected("v1.2 1\n\ncls 512 203 a.cls\n", {"line 3", "no picture"});
  rejected("v1.2 1\nppm 511 203 a.ppm cls 1536 1 a.cls\n", {"line 2", "do not lie"});
  rejected("v1.2 1\nppm 512 999999 a.ppm cls 1536 1 a.cls\n", {"line 2", "999999 bytes at 512 do not lie"});
  rejected("v1.2 1\nppm 512 203 a.ppm cls 18446744073709551615 1 a.cls\n", {"line 2", "do not lie"});
  rejected("v1.2 1\nppm 18446744073709551615 18446744073709551615 a.ppm cls 1536 1 a.cls\n", {"line 2", "do not lie"});
  rejected("v1.2 1\nppm 512 18446744073709551616 a.ppm cls 1536 1 a.cls\n", {"line 2", "EXTENSION OFFSET SIZE NAME"});
}

TEST_F(ShardsTest, IndexOfAnotherTar) {
  write_index(read("train-000000.idx"));  // the same offsets, other keys
  const Shards shards(folder(), manifest_, "train");
  EXPECT_EQ(shards.sample(7).key, "00000007");
  expect_error(ExitCode::bad_data, {"train-000001.tar", "picture 00000000", "delete the .idx"}, [&] { shards.sample(8); });
}

TEST_F(ShardsTest, DamagedTar) {
  const std::string good = read("train-000001.tar");
  std::string tar = good;
  tar[1024 + 3] ^= 1;  // in the header of the first .cls
  write_tar(tar);
  expect_rejected({"train-000001.tar", "no tar header at byte 1024"});
  write_tar(std::string(2048, 'x'));
  expect_rejected({"train-000001.tar", "no tar header at byte 0"});
  write_tar(good.substr(0, 600));
  expect_rejected({"header at byte 0", "run past the end"});
  write_tar(tar_member("a.ppm", "P6"));
  expect_rejected({"picture a", "no .cls"});
  write_tar(tar_member("a.cls", "1") + tar_member("b.ppm", "P6"));
  expect_rejected({"picture a", "no picture"});
  std::string no_size = tar_member("a.ppm", "P6");
  no_size[124] = '9';
  no_size[154] = ' ';  // '0' -> '9' adds nine to the sum of the header's bytes: put the checksum right
  unsigned sum = 0;
  for (int i = 0; i < 512; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(no_size[static_cast<std::size_t>(i)]);
  no_size.replace(148, 6, fmt::format("{:06o}", sum));
  write_tar(no_size);
  expect_rejected({"header at byte 0", "no size"});
}

TEST_F(ShardsTest, LabelsThatAreNone) {
  const auto rejected = [&](const std::string& label, std::initializer_list<std::string> words) {
    write_tar(tar_member("a.ppm", "P6") + tar_member("a.cls", label));
    manifest_.splits["train"].shards[1].num_samples = 1;
    const Shards shards(folder(), manifest_, "train");
    expect_error(ExitCode::bad_data, {"train-000001.tar", "picture a"}, [&] { shards.sample(8); });
    expect_error(ExitCode::bad_data, words, [&] { shards.sample(8); });
  };
  rejected("3", {"class 3", "3 classes"});
  rejected("-1", {"class -1"});
  rejected("", {"no class index"});
  rejected("two", {"no class index"});
  rejected("1 2", {"no class index"});
  rejected("99999999999999999999", {"no class index"});
  rejected(std::string(600, '0') + "1", {"no class index"});
  write_tar(tar_member("a.ppm", "P6") + tar_member("a.cls", "2\n"));
  EXPECT_EQ(Shards(folder(), manifest_, "train").sample(8).label, 2);
}

TEST_F(ShardsTest, PictureOfNoSplit) {
  const Shards shards(folder(), manifest_, "train");
  expect_error(ExitCode::internal, {"picture 20 of a split of 20"}, [&] { shards.sample(20); });
}

// Reads everything of a data set that can be read; damage may only show as Error.
bool survives(const std::string& folder, DatasetManifest* known) {
  try {
    const DatasetManifest m = known != nullptr ? *known : read_manifest(folder);
    const Shards shards(folder, m, "train");
    unsigned sum = 0;
    for (std::uint64_t i = 0; i < shards.size(); ++i) {
      const Shards::Sample s = shards.sample(i);
      for (std::size_t b = 0; b < s.bytes; ++b) sum += s.data[b];
      sum += static_cast<unsigned>(s.label) + static_cast<unsigned>(s.key.size());
    }
    return sum != 1;
  } catch (const Error& e) {
    EXPECT_NE(e.code(), ExitCode::internal) << e.what();
    return true;
  }
}

std::string mutated(std::string bytes, std::mt19937& random) {
  static const std::string kInteresting[] = {"-1", "18446744073709551615", "1e400", "null", "[[[[", "../",
                                             "\"", std::string(1, '\0'),   "v1.2",  "\n"};
  const auto place = [&] { return bytes.empty() ? 0 : random() % bytes.size(); };
  for (unsigned n = random() % 4 + 1; n > 0; --n) {
    switch (random() % 5) {
      case 0:
        if (!bytes.empty()) bytes[place()] ^= static_cast<char>(1U << random() % 8);
        break;
      case 1:
        bytes.resize(place());
        break;
      case 2:
        bytes.insert(place(), kInteresting[random() % std::size(kInteresting)]);
        break;
      case 3:
        bytes.erase(place(), random() % 20);
        break;
      default:
        if (!bytes.empty()) bytes[place()] = "0123456789-\",:{}[] "[random() % 19];
    }
  }
  return bytes;
}

class Fuzzed : public testing::TestWithParam<const char*> {};

TEST_P(Fuzzed, FileReturnsOrThrowsError) {
  const std::string file = GetParam();
  TemporaryFolder temporary;
  SmallDatasetOptions options;
  options.size = 2;
  options.samples = {{"train", 3}};
  const DatasetManifest good = write_small_dataset(temporary / "set", options);
  const std::string bytes = read_text_file(temporary / ("set/" + file));
  if (file.ends_with(".tar")) std::filesystem::remove(temporary / "set/train-000000.idx");
  std::mt19937 random(1);
  const int rounds = reduced() ? 100 : file == "dataset.json" ? 2000 : 500;
  for (int i = 0; i < rounds; ++i) {
    const std::string damaged = mutated(bytes, random);
    temporary.write("set/" + file, damaged);
    DatasetManifest known = good;
    if (file.ends_with(".tar")) known.splits["train"].shards[0].bytes = damaged.size();
    EXPECT_TRUE(survives(temporary / "set", file == "dataset.json" ? nullptr : &known)) << "round " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, Fuzzed, testing::Values("dataset.json", "train-000000.idx", "train-000000.tar"), [](const auto& parameter) {
  return std::string(parameter.param).substr(std::string(parameter.param).rfind('.') + 1);
});

// Whatever an index says, what is taken from it lies inside the tar.
TEST(FuzzedIndex, EntriesLieInsideTheTar) {
  std::string tar, text = "v1.2 3\n";
  for (const std::string key : {"a", "b", "c"}) {
    text += fmt::format("ppm {} 600 {}.ppm ", tar.size() + 512, key);
    tar += tar_member(key + ".ppm", std::string(600, 'x'));
    text += fmt::format("cls {} 1 {}.cls\n", tar.size() + 512, key);
    tar += tar_member(key + ".cls", "1");
  }
  const auto check = [](const ShardIndex& index, std::uint64_t bytes) {
    for (const ShardEntry& e : index.entries) {
      EXPECT_TRUE(e.data_offset >= 512 && e.data_offset <= bytes && e.data_bytes <= bytes - e.data_offset);
      EXPECT_TRUE(e.label_offset >= 512 && e.label_offset <= bytes && e.label_bytes <= bytes - e.label_offset);
      EXPECT_LE(e.key_begin + e.key_bytes, index.keys.size());
    }
  };
  std::mt19937 random(2);
  int read = 0, rejected = 0;
  for (int i = 0; i < (reduced() ? 2000 : 20000); ++i) {
    try {
      if (i % 2 == 0) {
        check(parse_shard_index(mutated(text, random), "a.idx", tar.size()), tar.size());
      } else {
        const std::string damaged = mutated(tar, random);
        check(index_tar({reinterpret_cast<const std::uint8_t*>(damaged.data()), damaged.size()}, "a.tar"), damaged.size());
      }
      ++read;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ExitCode::bad_data) << e.what();
      ++rejected;
    }
  }
  EXPECT_GT(read, 100);
  EXPECT_GT(rejected, 100);
}

}  // namespace
}  // namespace alexnet
