// dataset.json and statistics.safetensors: what is written is read back, and every kind of damage is named.
#include "alexnet/data/dataset.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "alexnet/io/files.hpp"
#include "alexnet/io/safetensors.hpp"
#include "support/expect_error.hpp"
#include "support/small_dataset.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

using Json = nlohmann::json;

// A small data set whose dataset.json is changed by `edit`.
class ManifestFile : public testing::Test {
 protected:
  void SetUp() override { written_ = write_small_dataset(folder()); }
  std::string folder() const { return temporary_ / "set"; }

  void expect_rejected(std::initializer_list<std::string> words, const std::function<void(Json&)>& edit) {
    Json json = Json::parse(original_ = original_.empty() ? read_text_file(folder() + "/dataset.json") : original_);
    edit(json);
    temporary_.write("set/dataset.json", json.dump());
    expect_error(ExitCode::bad_data, {"dataset.json"}, [&] { read_manifest(folder()); });
    expect_error(ExitCode::bad_data, words, [&] { read_manifest(folder()); });
  }

  TemporaryFolder temporary_;
  DatasetManifest written_;
  std::string original_;
};

TEST_F(ManifestFile, IsReadBack) {
  const DatasetManifest m = read_manifest(folder());
  EXPECT_EQ(m.format_version, 1);
  EXPECT_EQ(m.layout, "test");
  EXPECT_EQ(m.source, "known pixels");
  EXPECT_EQ(m.size, 8);
  EXPECT_EQ(m.encoding, "raw");
  EXPECT_EQ(m.resampler, "none");
  EXPECT_EQ(m.classes, written_.classes);
  ASSERT_EQ(m.splits.size(), 2U);
  EXPECT_EQ(m.splits.at("train").num_samples, 20U);
  ASSERT_EQ(m.splits.at("train").shards.size(), 3U);
  EXPECT_EQ(m.splits.at("train").shards[2].file, "train-000002.tar");
  EXPECT_EQ(m.splits.at("train").shards[2].num_samples, 4U);
  EXPECT_EQ(m.splits.at("train").shards[2].bytes, written_.splits.at("train").shards[2].bytes);
}

TEST_F(ManifestFile, KeepsExtremeValues) {
  written_.seed = std::numeric_limits<std::uint64_t>::max();
  written_.encoding = "jpeg";
  written_.quality = 90;
  written_.num_bad_files = 7;
  written_.classes[0] = {"n01440764", "Schleie \"ü\"\n\t"};
  written_.splits["val"].shards[0].xxh3_128 = "0123456789abcdef0123456789ABCDEF";
  written_.files["train.tsv"] = "0123456789abcdef0123456789abcdef";
  write_manifest(folder(), written_);
  const DatasetManifest m = read_manifest(folder());
  EXPECT_EQ(m.files, written_.files);
  EXPECT_EQ(m.seed, written_.seed);
  EXPECT_EQ(m.encoding, "jpeg");
  EXPECT_EQ(m.quality, 90);
  EXPECT_EQ(m.num_bad_files, 7U);
  EXPECT_EQ(m.classes, written_.classes);
  EXPECT_EQ(m.splits.at("val").shards[0].xxh3_128, "0123456789abcdef0123456789ABCDEF");
}

TEST_F(ManifestFile, NamesThatAreNoUtf8AreStillWritten) {
  written_.classes[1].id = "caf\xe9";
  write_manifest(folder(), written_);
  EXPECT_EQ(read_manifest(folder()).classes[1].id, "caf\xef\xbf\xbd");
}

TEST_F(ManifestFile, AbsentDataSetNamesPrepare) {
  expect_error(ExitCode::no_input, {"data set /nowhere/at/all", "no dataset.json", "alexnet prepare SOURCE /nowhere/at/all"},
               [] { read_manifest("/nowhere/at/all"); });
}

TEST_F(ManifestFile, NoJson) {
  temporary_.write("set/dataset.json", "{\"format_version\": 1,\n");
  expect_error(ExitCode::bad_data, {"dataset.json", "no valid JSON", "line 2"}, [&] { read_manifest(folder()); });
  temporary_.write("set/dataset.json", std::string("{\"a\": \"\xff\xfe\"}"));
  expect_error(ExitCode::bad_data, {"dataset.json", "no valid JSON"}, [&] { read_manifest(folder()); });
  temporary_.write("set/dataset.json", "[]");
  expect_error(ExitCode::bad_data, {"whole file", "must be an object"}, [&] { read_manifest(folder()); });
}

TEST_F(ManifestFile, EveryFieldIsRequired) {
  for (const char* key :
       {"format_version", "layout", "source", "size", "encoding", "quality", "resampler", "seed", "classes", "splits", "num_bad_files"})
    expect_rejected({std::string("key ") + key + ": missing"}, [&](Json& j) { j.erase(key); });
  for (const char* key : {"index", "id", "name"})
    expect_rejected({std::string("key classes[1].") + key + ": missing"}, [&](Json& j) { j["classes"][1].erase(key); });
  for (const char* key : {"num_samples", "shards"})
    expect_rejected({std::string("key splits.train.") + key + ": missing"}, [&](Json& j) { j["splits"]["train"].erase(key); });
  for (const char* key : {"file", "num_samples", "bytes", "xxh3_128"})
    expect_rejected({std::string("key splits.train.shards[2].") + key + ": missing"},
                    [&](Json& j) { j["splits"]["train"]["shards"][2].erase(key); });
}

TEST_F(ManifestFile, WrongTypes) {
  expect_rejected({"key size", "whole number", "\"8\""}, [](Json& j) { j["size"] = "8"; });
  expect_rejected({"key size", "whole number", "8.5"}, [](Json& j) { j["size"] = 8.5; });
  expect_rejected({"key layout", "must be a text", "null"}, [](Json& j) { j["layout"] = nullptr; });
  expect_rejected({"key layout", "must be a text", "a list"}, [](Json& j) { j["layout"] = Json::array(); });
  expect_rejected({"key classes", "must be a list", "an object"}, [](Json& j) { j["classes"] = Json::object(); });
  expect_rejected({"key classes[0]", "must be an object", "3"}, [](Json& j) { j["classes"][0] = 3; });
  expect_rejected({"key splits", "must be an object", "true"}, [](Json& j) { j["splits"] = true; });
  expect_rejected({"key splits.val.shards", "must be a list"}, [](Json& j) { j["splits"]["val"]["shards"] = 1; });
}

TEST_F(ManifestFile, ValuesOutOfRange) {
  expect_rejected({"key size", "from 1 to", "is 0"}, [](Json& j) { j["size"] = 0; });
  expect_rejected({"key size", "from 1 to", "is -8"}, [](Json& j) { j["size"] = -8; });
  expect_rejected({"key size", "is 18446744073709551615"}, [](Json& j) { j["size"] = std::numeric_limits<std::uint64_t>::max(); });
  expect_rejected({"key quality", "is 101"}, [](Json& j) { j["quality"] = 101; });
  expect_rejected({"key encoding", "jpeg or raw"}, [](Json& j) { j["encoding"] = "gif"; });
  expect_rejected({"key classes", "0 classes"}, [](Json& j) { j["classes"] = Json::array(); });
  expect_rejected({"key classes[2].index", "must be 2"}, [](Json& j) { j["classes"][2]["index"] = 1; });
  expect_rejected({"key splits: no split"}, [](Json& j) { j["splits"] = Json::object(); });
  expect_rejected({"key splits.train.num_samples", "is 21", "add up to 20"}, [](Json& j) { j["splits"]["train"]["num_samples"] = 21; });
  expect_rejected({"key splits.train.num_samples", "from 0 to"}, [](Json& j) { j["splits"]["train"]["num_samples"] = 1LL << 40; });
  expect_rejected({"key splits.train.num_samples", "add up to"},
                  [](Json& j) { j["splits"]["train"]["shards"][0]["num_samples"] = 4294967295U; });
  expect_rejected({"key splits.train.shards[0].bytes", "is -1"}, [](Json& j) { j["splits"]["train"]["shards"][0]["bytes"] = -1; });
  expect_rejected({"xxh3_128", "hexadecimal"}, [](Json& j) { j["splits"]["train"]["shards"][0]["xxh3_128"] = "abc"; });
  expect_rejected({"key source", "5000 bytes"}, [](Json& j) { j["source"] = std::string(5000, 'x'); });
}

TEST_F(ManifestFile, NewerFormat) {
  expect_rejected({"format_version 2 is newer", "use a newer alexnet"}, [](Json& j) { j["format_version"] = 2; });
}

TEST_F(ManifestFile, ShardsLieInTheFolder) {
  for (const char* name : {"../train-000000.tar", "/etc/passwd.tar", "a/b.tar", "..\\x.tar", "..", ".tar", "", "train.zip", ".hidden.tar"})
    expect_rejected({"key splits.val.shards[0].file", "plain file name"}, [&](Json& j) { j["splits"]["val"]["shards"][0]["file"] = name; });
  for (const char* name : {"../train.tsv", "/etc/passwd", "..", ""})
    expect_rejected({"key files: ", "is not a plain file name;"}, [&](Json& j) { j["files"][name] = ""; });
  expect_rejected({"key files.val.tsv: must be 32 hexadecimal digits"}, [](Json& j) { j["files"]["val.tsv"] = "12"; });
  expect_rejected({"plain file name", "\\n"}, [](Json& j) { j["splits"]["val"]["shards"][0]["file"] = "a\nb.tar"; });
}

TEST_F(ManifestFile, UnknownKeysAreIgnored) {
  Json json = Json::parse(read_text_file(folder() + "/dataset.json"));
  json["of_a_later_version"] = {1, 2};
  temporary_.write("set/dataset.json", json.dump());
  EXPECT_EQ(read_manifest(folder()).size, 8);
}

class StatisticsFile : public testing::Test {
 protected:
  void SetUp() override {
    s_.height = 2;
    s_.width = 3;
    for (int i = 0; i < 18; ++i) s_.mean_image.push_back(static_cast<float>(i) * 10.25F);
    s_.rgb_eigenvectors = {{{0.6F, 0.8F, 0.0F}, {0.8F, -0.6F, 0.0F}, {0.0F, 0.0F, 1.0F}}};
    s_.rgb_eigenvalues = {14830.0F, 1376.5F, 0.0F};
  }
  void expect_rejected(std::initializer_list<std::string> words) {
    write_statistics(temporary_.path(), s_);
    expect_error(ExitCode::bad_data, {"statistics.safetensors"}, [&] { read_statistics(temporary_.path()); });
    expect_error(ExitCode::bad_data, words, [&] { read_statistics(temporary_.path()); });
  }
  void write_tensors(Shape mean, Shape vectors, Shape values) {
    std::vector<float> zeros(1000);
    std::vector<SafetensorsEntry> entries;
    for (const auto& [name, shape] : {std::pair{"mean_image", mean}, {"rgb_eigenvectors", vectors}, {"rgb_eigenvalues", values}})
      if (shape.rank() > 0) entries.push_back({name, Tensor(zeros.data(), shape, DType::f32)});
    write_safetensors(temporary_ / "statistics.safetensors", entries, {});
  }
  TemporaryFolder temporary_;
  DatasetStatistics s_;
};

TEST_F(StatisticsFile, AreReadBack) {
  write_statistics(temporary_.path(), s_);
  const DatasetStatistics r = read_statistics(temporary_.path());
  EXPECT_EQ(r.height, 2);
  EXPECT_EQ(r.width, 3);
  EXPECT_EQ(r.mean_image, s_.mean_image);
  EXPECT_EQ(r.rgb_eigenvectors, s_.rgb_eigenvectors);
  EXPECT_EQ(r.rgb_eigenvalues, s_.rgb_eigenvalues);
}

TEST_F(StatisticsFile, Absent) {
  expect_error(ExitCode::no_input, {"no statistics.safetensors", "alexnet prepare"}, [&] { read_statistics(temporary_.path()); });
}

TEST_F(StatisticsFile, ValuesThatAreNone) {
  s_.mean_image[4] = std::numeric_limits<float>::quiet_NaN();
  expect_rejected({"mean_image", "element 4", "not finite"});
  s_.mean_image[4] = 256.0F;
  expect_rejected({"mean_image", "256"});
  s_.mean_image[4] = 1.0F;
  s_.rgb_eigenvalues[2] = -3.0F;
  expect_rejected({"rgb_eigenvalues", "-3", "negative"});
  s_.rgb_eigenvalues[2] = std::numeric_limits<float>::infinity();
  expect_rejected({"rgb_eigenvalues", "element 2", "not finite"});
  s_.rgb_eigenvalues[2] = 1.0F;
  s_.rgb_eigenvectors[1] = {0.5F, 0.5F, 0.0F};
  expect_rejected({"rgb_eigenvectors", "row 1", "length"});
}

TEST_F(StatisticsFile, AVarianceRoundedBelowZeroIsZero) {
  s_.rgb_eigenvalues[2] = -1e-5F;
  write_statistics(temporary_.path(), s_);
  EXPECT_EQ(read_statistics(temporary_.path()).rgb_eigenvalues[2], 0.0F);
}

TEST_F(StatisticsFile, WrongShapes) {
  const auto rejected = [&](const std::string& word, Shape mean, Shape vectors, Shape values) {
    write_tensors(std::move(mean), std::move(vectors), std::move(values));
    expect_error(ExitCode::bad_data, {"statistics.safetensors", word}, [&] { read_statistics(temporary_.path()); });
  };
  rejected("(2, 2, 4)", {2, 2, 4}, {3, 3}, {3});
  rejected("(2, 6)", {2, 6}, {3, 3}, {3});
  rejected("(3, 2)", {2, 2, 3}, {3, 2}, {3});
  rejected("(2)", {2, 2, 3}, {3, 3}, {2});
  rejected("rgb_eigenvalues", {2, 2, 3}, {3, 3}, {});
}

}  // namespace
}  // namespace alexnet
