// Other people's readers take our shards: Python's webdataset package, and tarfile beside the index that DALI reads.
#include <sstream>

#include "alexnet/data/dataset.hpp"
#include "data/prepare_fixture.hpp"
#include "support/run_command.hpp"

namespace alexnet {
namespace {

const char* const kScript = ALEXNET_SOURCE_DIR "/tests/data/read_shards.py";

class OtherReadersTest : public PrepareTest {
 protected:
  // Several shards of each split.
  DatasetManifest prepare(const std::string& encoding) {
    two_classes(20);
    PrepareOptions o = options();
    o.encoding = encoding;
    o.shard_mib = 1;
    o.size = 200;  // raw: 120,000 bytes a picture
    return prepare_dataset(o).manifest;
  }
  // The environment that scripts/bench_loader makes, or the system's own Python; "": neither has the package.
  static std::string python_with_webdataset() {
    for (const std::filesystem::path& python :
         {std::filesystem::path(ALEXNET_BINARY).parent_path() / "peers/bin/python3", std::filesystem::path("/usr/bin/python3")})
      if (run_command({python, "-c", "import webdataset, PIL"}).exit_code == 0) return python;
    return "";
  }
};

TEST_F(OtherReadersTest, IndexIsTheOneThatDaliReads) {
  for (const std::string encoding : {"jpeg", "raw"}) {
    const DatasetManifest manifest = prepare(encoding);
    EXPECT_GT(manifest.splits.at("train").shards.size(), encoding == "raw" ? 2U : 0U);
    const CommandResult result = run_command({"/usr/bin/python3", kScript, "index", out_ / "set"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "40\n");
    std::filesystem::remove_all(out_ / "set");
  }
}

TEST_F(OtherReadersTest, PicturesAndLabelsAreWhatWeRead) {
  const std::string python = python_with_webdataset();
  if (python.empty()) GTEST_SKIP() << "Python's webdataset package is not there; scripts/bench_loader installs it";
  for (const std::string encoding : {"jpeg", "raw"}) {
    const DatasetManifest manifest = prepare(encoding);
    const CommandResult result = run_command({python, kScript, "webdataset", out_ / "set", out_ / "pixels"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const std::string pixels = read_text_file(out_ / "pixels");
    const Shards shards(out_ / "set", manifest, "train");
    ASSERT_EQ(pixels.size(), shards.size() * 200 * 200 * 3);
    std::istringstream lines(result.out);
    std::string line;
    for (std::uint64_t i = 0; i < shards.size(); ++i) {
      const Shards::Sample sample = shards.sample(i);
      ASSERT_TRUE(std::getline(lines, line));
      EXPECT_EQ(line, fmt::format("{} {} 200 200", sample.key, sample.label));
      const auto begin = pixels.begin() + static_cast<std::ptrdiff_t>(i * 200 * 200 * 3);
      const Picture theirs{200, 200, {begin, begin + 200 * 200 * 3}};
      EXPECT_LE(largest_difference(theirs, decode_picture({sample.data, sample.bytes})), encoding == "raw" ? 0 : 3) << line;
    }
    std::filesystem::remove_all(out_ / "set");
  }
}

}  // namespace
}  // namespace alexnet
