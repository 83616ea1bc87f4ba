// What prepare writes.
#include <array>
#include <cmath>
#include <set>

#include "alexnet/io/hash.hpp"
#include "data/prepare_fixture.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

TEST_F(PrepareTest, WritesWhatShardsRead) {
  two_classes(20);
  const PrepareResult result = prepare_dataset(options());
  const DatasetManifest manifest = read_manifest(out_ / "set");
  EXPECT_EQ(manifest.layout, "folder");
  EXPECT_EQ(manifest.encoding, "raw");
  EXPECT_EQ(manifest.size, 32);
  EXPECT_EQ(manifest.classes.size(), 2U);
  EXPECT_EQ(manifest.splits.at("train").num_samples, 36U);
  EXPECT_EQ(manifest.splits.at("val").num_samples, 4U);  // 10 % of each class
  EXPECT_EQ(result.manifest.splits.at("train").shards[0].xxh3_128, manifest.splits.at("train").shards[0].xxh3_128);

  std::set<std::string> sources;
  for (const auto& [split, counts] : {std::pair{"train", 18}, std::pair{"val", 2}}) {
    const Shards shards(out_ / "set", manifest, split);
    const std::vector<std::string> lines = table(split);
    ASSERT_EQ(lines.size(), shards.size());
    std::map<std::int32_t, int> per_class;
    for (std::uint64_t i = 0; i < shards.size(); ++i) {
      const Shards::Sample sample = shards.sample(i);
      ++per_class[sample.label];
      std::vector<std::string> fields;
      std::istringstream line(lines[i]);
      for (std::string field; std::getline(line, field, '\t');) fields.push_back(field);
      ASSERT_EQ(fields.size(), 8U);
      EXPECT_EQ(fields[0], sample.key);
      EXPECT_EQ(fields[1], sample.shard);
      EXPECT_EQ(fields[2], std::to_string(sample.label));
      EXPECT_EQ(fields[3], sample.label == 0 ? "cat" : "dog");
      EXPECT_TRUE(fields[4].starts_with(fields[3] + "/"));
      EXPECT_TRUE(sources.insert(fields[4]).second) << "each picture once";
      const Picture original = decode_picture(read_binary_file(source_ / fields[4]));
      EXPECT_EQ(fields[5], std::to_string(original.width));
      EXPECT_EQ(fields[6], std::to_string(original.height));
      EXPECT_EQ(decode_picture({sample.data, sample.bytes}).rgb, resize_and_crop(original, 32).rgb);
      Xxh3Hash hash;
      hash.update(sample.data, sample.bytes);
      EXPECT_EQ(fields[7], hash.hex());
    }
    EXPECT_EQ(per_class[0], counts);
    EXPECT_EQ(per_class[1], counts);
  }
  EXPECT_EQ(sources.size(), 40U);
  EXPECT_EQ(all_files(out_ / "set").count("bad_files.jsonl"), 0U);
  EXPECT_FALSE(fs::exists(out_ / "set/.partial"));
}

TEST_F(PrepareTest, IsShuffled) {
  two_classes(20);
  prepare_dataset(options());
  std::string classes;
  for (const std::string& line : table("train")) classes += line.find("cat/") != std::string::npos ? 'c' : 'd';
  EXPECT_NE(classes, std::string(18, 'c') + std::string(18, 'd'));
  EXPECT_LT(classes.find("dc"), classes.size()) << classes;
}

TEST_F(PrepareTest, BytesDependOnTheSeedButNotOnTheWorkers) {
  two_classes(12);
  for (const char* encoding : {"raw", "jpeg"}) {
    PrepareOptions o = options();
    o.encoding = encoding;
    std::vector<std::map<std::string, std::string>> runs;
    for (const auto& [workers, seed] : {std::pair{1, 1}, std::pair{4, 1}, std::pair{2, 2}}) {
      o.workers = workers;
      o.seed = static_cast<std::uint64_t>(seed);
      o.out = out_ / fmt::format("{}-{}-{}", encoding, workers, seed);
      prepare_dataset(o);
      runs.push_back(all_files(o.out));
    }
    EXPECT_EQ(runs[0], runs[1]);
    EXPECT_NE(runs[0].at("train-000000.tar"), runs[2].at("train-000000.tar"));
  }
}

TEST_F(PrepareTest, StatisticsAreThoseOfTheStoredPictures) {
  two_classes(10);
  for (const char* encoding : {"raw", "jpeg"}) {
    PrepareOptions o = options();
    o.encoding = encoding;
    o.out = out_ / encoding;
    o.workers = 3;
    const DatasetManifest manifest = prepare_dataset(o).manifest;
    const Shards shards(o.out, manifest, "train");
    std::vector<double> mean(32 * 32 * 3);
    std::array<double, 3> color{};
    for (std::uint64_t i = 0; i < shards.size(); ++i) {
      const Picture picture = decode_picture({shards.sample(i).data, shards.sample(i).bytes});
      for (std::size_t k = 0; k < mean.size(); ++k) {
        mean[k] += picture.rgb[k] / static_cast<double>(shards.size());
        color[k % 3] += picture.rgb[k] / static_cast<double>(shards.size() * 1024);
      }
    }
    double variance = 0;  // the trace of the covariance, in a second pass
    for (std::uint64_t i = 0; i < shards.size(); ++i) {
      const Picture picture = decode_picture({shards.sample(i).data, shards.sample(i).bytes});
      for (std::size_t k = 0; k < mean.size(); ++k)
        variance += std::pow(picture.rgb[k] - color[k % 3], 2) / static_cast<double>(shards.size() * 1024);
    }
    const DatasetStatistics statistics = read_statistics(o.out);
    for (std::size_t k = 0; k < mean.size(); ++k) ASSERT_NEAR(statistics.mean_image[k], mean[k], 1e-6 * mean[k]);
    EXPECT_NEAR(statistics.rgb_eigenvalues[0] + statistics.rgb_eigenvalues[1] + statistics.rgb_eigenvalues[2], variance, 1e-6 * variance);
  }
}

TEST_F(PrepareTest, KeepsTheBytesOfAJpegThatHasTheSize) {
  const Bytes fits = encode_jpeg(smooth_picture(256, 256), 77), differs = encode_jpeg(smooth_picture(300, 256), 77);
  source_.write("a/1.jpg", text_of(fits));
  source_.write("b/1.jpg", text_of(differs));
  PrepareOptions o = options();
  o.size = 0;
  const DatasetManifest manifest = prepare_dataset(o).manifest;
  EXPECT_EQ(manifest.encoding, "jpeg");
  EXPECT_EQ(manifest.size, 256);
  EXPECT_EQ(manifest.quality, 90);
  const Shards shards(o.out, manifest, "train");
  for (std::uint64_t i = 0; i < 2; ++i) {
    const Shards::Sample sample = shards.sample(i);
    const Bytes stored(sample.data, sample.data + sample.bytes);
    if (sample.label == 0) {
      EXPECT_EQ(stored, fits);
    } else {
      EXPECT_EQ(stored, encode_jpeg(resize_and_crop(decode_picture(differs), 256), 90));
    }
  }
}

TEST_F(PrepareTest, SmallPicturesStayAsTheyAre) {
  for (const char* name : {"train/a/1.png", "train/b/1.png", "val/a/1.png"})
    source_.write(name, text_of(encode_ppm(noise_picture(64, 64))));
  PrepareOptions o = options();
  o.size = 0;
  const DatasetManifest manifest = prepare_dataset(o).manifest;
  EXPECT_EQ(manifest.size, 64);
  EXPECT_EQ(manifest.encoding, "raw");
  const Shards shards(o.out, manifest, "val");
  EXPECT_EQ(decode_picture({shards.sample(0).data, shards.sample(0).bytes}).rgb, noise_picture(64, 64).rgb);
}

TEST_F(PrepareTest, ASinglePictureOfAClassStaysInTrain) {
  picture("a/1.jpg");
  picture("b/1.jpg");
  EXPECT_EQ(prepare_dataset(options()).manifest.splits.count("val"), 0U);
  picture("b/2.jpg");
  PrepareOptions o = options();
  o.out = out_ / "second";
  EXPECT_EQ(prepare_dataset(o).manifest.splits.at("val").num_samples, 1U);
}

TEST_F(PrepareTest, LimitsAndPicksClasses) {
  two_classes(10);
  picture("eel/1.jpg");
  PrepareOptions o = options();
  o.limit_per_class = 4;
  o.classes_file = out_.write("classes.txt", "# comment\ndog\tDog, the friend\r\ncat\n");
  o.val_fraction = 0.25;
  const DatasetManifest manifest = prepare_dataset(o).manifest;
  EXPECT_EQ(manifest.classes, (std::vector<ClassInfo>{{"dog", "Dog, the friend"}, {"cat", "cat"}}));
  EXPECT_EQ(manifest.splits.at("train").num_samples, 6U);
  EXPECT_EQ(manifest.splits.at("val").num_samples, 2U);
  for (const std::string& line : table("train")) {
    EXPECT_THAT(line, testing::AnyOf(testing::HasSubstr("\t0\tdog\tdog/"), testing::HasSubstr("\t1\tcat\tcat/")));
  }
  o.out = out_ / "third";
  o.classes_file = out_.write("classes.txt", "cat\nbird\n");
  expect_error(ExitCode::bad_data, {"classes.txt:2", "'bird'"}, [&] { prepare_dataset(o); });
  o.classes_file = out_.write("classes.txt", "cat\ncat\n");
  expect_error(ExitCode::bad_data, {"classes.txt:2", "listed twice"}, [&] { prepare_dataset(o); });
  o.classes_file = out_.write("classes.txt", "cat\n");
  expect_error(ExitCode::bad_data, {"one class only ('cat')"}, [&] { prepare_dataset(o); });
  o.classes_file = out_ / "none.txt";
  expect_error(ExitCode::no_input, {"none.txt"}, [&] { prepare_dataset(o); });
}

TEST_F(PrepareTest, SetsPicturesApartWhereTheChosenClassesHaveNoValidation) {
  for (const char* name : {"train/cat/1.jpg", "train/cat/2.jpg", "train/dog/1.jpg", "train/dog/2.jpg", "train/eel/1.jpg", "val/eel/2.jpg"})
    picture(name);
  PrepareOptions o = options();
  o.classes_file = out_.write("classes.txt", "cat\ndog\n");
  EXPECT_EQ(prepare_dataset(o).manifest.splits.at("val").num_samples, 2U);
}

TEST_F(PrepareTest, CutsShards) {
  two_classes(20);
  PrepareOptions o = options();
  o.size = 160;
  o.encoding = "raw";
  o.shard_mib = 1;
  const DatasetManifest manifest = prepare_dataset(o).manifest;
  EXPECT_EQ(manifest.splits.at("train").shards.size(), 3U);  // 36 pictures, 13 a shard
  EXPECT_EQ(Shards(o.out, manifest, "train").size(), 36U);
  EXPECT_THAT(verify_dataset(o.out), testing::IsEmpty());
}

TEST_F(PrepareTest, DrawsPictures) {
  PrepareOptions o = options();
  o.source = "drawn:classes=4,train=20,val=8";
  o.size = 0;
  const DatasetManifest manifest = prepare_dataset(o).manifest;
  EXPECT_EQ(manifest.layout, "drawn");
  EXPECT_EQ(manifest.size, 64);
  EXPECT_EQ(manifest.splits.at("train").num_samples, 20U);
  EXPECT_EQ(manifest.splits.at("val").num_samples, 8U);
}

}  // namespace
}  // namespace alexnet
