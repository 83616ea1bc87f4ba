// alexnet inspect as a user runs it: data set, checkpoint, run directory, and what is none of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "alexnet/io/files.hpp"
#include "alexnet/io/safetensors.hpp"
#include "support/expect_error.hpp"
#include "support/small_dataset.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class InspectCommand : public testing::Test {
 protected:
  json inspect_json(const std::string& path, const std::vector<std::string>& more = {}) {
    const CommandResult r = inspect(path, more, true);
    EXPECT_EQ(r.exit_code, 0) << r.err;
    return json::parse(r.out);
  }
  CommandResult inspect(const std::string& path, const std::vector<std::string>& more = {}, bool as_json = false) {
    std::vector<std::string> args = {"inspect", path};
    args.insert(args.end(), more.begin(), more.end());
    if (as_json) args.emplace_back("--json");
    return run_alexnet(args);
  }
  std::string checkpoint() {
    std::vector<float> values = {3, 4, 0, 0, 0, 0};
    const std::string path = temporary_ / "a.safetensors";
    const json training = {{"step", 390}, {"epoch", 1.5}, {"config", "seed: 1\n"}, {"classes", {{{"id", "a"}}, {{"id", "b"}}}}};
    write_safetensors(
        path,
        {{"fc8.weight", Tensor(values.data(), {2, 3}, DType::f32)}, {"velocity.fc8.weight", Tensor(values.data(), {2, 3}, DType::f32)}},
        {{"format", "pt"}, {"alexnet", training.dump()}});
    return path;
  }
  TemporaryFolder temporary_;
};

TEST_F(InspectCommand, DataSet) {
  const SmallDatasetOptions options;  // 20 training pictures of 3 classes, 7 for validation
  write_small_dataset(temporary_ / "set", options);
  const json j = inspect_json(temporary_ / "set");
  EXPECT_EQ(j["kind"], "data_set");
  EXPECT_EQ(j["num_classes"], 3);
  EXPECT_EQ(j["classes"][1], (json{{"index", 1}, {"id", "c001"}, {"name", "class 1"}}));
  EXPECT_EQ(j["size"], 8);
  EXPECT_EQ(j["encoding"], "raw");
  EXPECT_EQ(j["splits"]["train"]["images"], 20);
  EXPECT_EQ(j["splits"]["train"]["shards"], 3);
  EXPECT_EQ(j["splits"]["train"]["hashes"], 0);
  std::vector<int> per_class(3);
  for (std::uint64_t i = 0; i < 20; ++i) ++per_class[static_cast<std::size_t>(small_dataset_label(options, i))];
  EXPECT_EQ(j["splits"]["train"]["per_class"], per_class);
  EXPECT_EQ(j["splits"]["train"]["min_per_class"], *std::min_element(per_class.begin(), per_class.end()));
  EXPECT_EQ(j["splits"]["train"]["max_per_class"], *std::max_element(per_class.begin(), per_class.end()));
  EXPECT_EQ(j["splits"]["val"]["images"], 7);
  EXPECT_EQ(j["statistics"]["standard_deviations"], (json{60.0, 20.0, 5.0}));
  double green = 0;
  for (std::uint64_t i = 0; i < 20; ++i) {
    for (std::int64_t p = 0; p < 64; ++p) green += small_dataset_pixel(options, "train", i, p / 8, p % 8, 1) / (20.0 * 64.0);
  }
  EXPECT_NEAR(j["statistics"]["mean_color"][1].get<double>(), green, 1e-3);

  const std::string text = inspect(temporary_ / "set").out;
  for (const char* words : {"3: c000 (class 0)", "20 pictures, 6 to 7 per class, in 3 shards (",
                            "7 pictures, 2 to 3 per class, in 1 shard (", "8x8, raw", "60.0 20.0 5.0", "0 left out\n"})
    EXPECT_THAT(text, HasSubstr(words));
}

TEST_F(InspectCommand, SaysWhereTheBadFilesStand) {
  DatasetManifest manifest = write_small_dataset(temporary_ / "set");
  manifest.num_bad_files = 2;
  write_manifest(temporary_ / "set", manifest);
  EXPECT_THAT(inspect(temporary_ / "set").out, HasSubstr("2 left out, listed in bad_files.jsonl\n"));
}

TEST_F(InspectCommand, DamagedDataSet) {
  write_small_dataset(temporary_ / "set");
  std::filesystem::resize_file(temporary_ / "set/val-000000.tar", 100);
  expect_refused(inspect(temporary_ / "set"), ExitCode::bad_data, {"val-000000.tar", "cut short"});
}

TEST_F(InspectCommand, SheetOfTrainingInputs) {
  write_small_dataset(temporary_ / "set");
  const std::string sheet = temporary_ / "sheet.png", other = temporary_ / "other.png";
  EXPECT_EQ(inspect_json(temporary_ / "set", {"--images", sheet})["images"], sheet);
  const auto bytes = read_binary_file(sheet);
  ASSERT_GT(bytes.size(), 1000U);
  EXPECT_EQ(std::string(bytes.begin() + 1, bytes.begin() + 4), "PNG");
  EXPECT_EQ(inspect(temporary_ / "set", {"--images", other}).exit_code, 0);
  EXPECT_EQ(read_binary_file(other), bytes);  // the same inputs every time
}

TEST_F(InspectCommand, SheetFollowsTheConfig) {
  write_small_dataset(temporary_ / "set");
  const std::string config = temporary_.write("c.yaml", R"(
data: {path: elsewhere, crop: 6}
model:
  columns: 1
  num_classes: 3
  layers:
    - {name: fc, type: fully_connected, num_output: num_classes}
    - {name: loss, type: softmax_cross_entropy}
train: {batch_size: 4, epochs: 1}
schedule: {kind: constant, learning_rate: 0.1}
)");
  const std::string sheet = temporary_ / "sheet.png", other = temporary_ / "other.png";
  const CommandResult r = inspect(temporary_ / "set", {"--images", sheet, "--config", config});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  ASSERT_EQ(inspect(temporary_ / "set", {"--images", other, "--config", config, "--set", "data.random_crop=false"}).exit_code, 0);
  EXPECT_NE(read_binary_file(sheet), read_binary_file(other));
  expect_refused(inspect(temporary_ / "set", {"--images", sheet, "--config", config, "--set", "data.crop=9"}), ExitCode::configuration,
                 {"data.crop: 9"});
  expect_refused(inspect(temporary_ / "set", {"--images", sheet, "--config", temporary_ / "none.yaml"}), ExitCode::no_input, {"none.yaml"});
}

TEST_F(InspectCommand, StatisticsOfAnotherDataSet) {
  write_small_dataset(temporary_ / "set");
  SmallDatasetOptions larger;
  larger.size = 12;
  write_small_dataset(temporary_ / "larger", larger);
  std::filesystem::copy_file(temporary_ / "larger/statistics.safetensors", temporary_ / "set/statistics.safetensors",
                             std::filesystem::copy_options::overwrite_existing);
  expect_refused(inspect(temporary_ / "set"), ExitCode::bad_data,
                 {"set/statistics.safetensors: mean_image is 12x12, the pictures are 8x8; make the data set again"});
}

TEST_F(InspectCommand, SheetThatCannotBeWritten) {
  write_small_dataset(temporary_ / "set");
  expect_refused(inspect(temporary_ / "set", {"--images", temporary_ / "no/folder/sheet.png"}), ExitCode::io_failed, {"sheet.png"});
}

TEST_F(InspectCommand, OptionsThatDoNotGoTogether) {
  write_small_dataset(temporary_ / "set");
  expect_refused(inspect(checkpoint(), {"--images", "s.png"}), ExitCode::command_line, {"--images", "a.safetensors"});
  expect_refused(inspect(temporary_ / "set", {"--config", "c.yaml"}), ExitCode::command_line, {"--config is for --images"});
  expect_refused(inspect(temporary_ / "set", {"--images", "s.png", "--set", "a=1"}), ExitCode::command_line, {"give --config"});
  expect_refused(run_alexnet({"inspect"}), ExitCode::command_line, {"path is required"});
}

TEST_F(InspectCommand, Checkpoint) {
  const json j = inspect_json(checkpoint());
  EXPECT_EQ(j["kind"], "checkpoint");
  EXPECT_EQ(j["hash_checked"], true);
  EXPECT_EQ(j["metadata"]["format"], "pt");
  EXPECT_EQ(j["training"]["step"], 390);
  EXPECT_EQ(j["training"]["epoch"], 1.5);
  EXPECT_EQ(j["training"]["classes"], 2);
  EXPECT_EQ(j["tensors"][0], (json{{"name", "fc8.weight"}, {"shape", {2, 3}}, {"norm", 5.0}}));
  EXPECT_EQ(j["num_parameters"], 6);
  const std::string text = inspect(checkpoint()).out;
  for (const char* words : {"checkpoint ", "fits its hash", "fc8.weight", "(2, 3)", "norm 5", "2 tensors, 6 parameters", "alexnet config "})
    EXPECT_THAT(text, HasSubstr(words));
}

TEST_F(InspectCommand, DamagedCheckpoint) {
  const std::string path = checkpoint();
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  expect_refused(inspect(path), ExitCode::bad_data, {"a.safetensors", "cut short"});
  float value = 0;
  write_safetensors(temporary_ / "b.safetensors", {{"x", Tensor(&value, {1}, DType::f32)}}, {{"alexnet", "{"}});
  expect_refused(inspect(temporary_ / "b.safetensors"), ExitCode::bad_data, {"metadata \"alexnet\""});
}

TEST_F(InspectCommand, NotFiniteWeightsAreNamed) {
  float value = std::numeric_limits<float>::quiet_NaN();
  write_safetensors(temporary_ / "b.safetensors", {{"conv1.weight", Tensor(&value, {1}, DType::f32)}}, {});
  EXPECT_THAT(inspect(temporary_ / "b.safetensors").out, HasSubstr("NOT FINITE"));
  EXPECT_TRUE(inspect_json(temporary_ / "b.safetensors")["tensors"][0]["norm"].is_null());
}

TEST_F(InspectCommand, Run) {
  temporary_.write("run/summary.json",
                   R"({"state": "done", "exit_code": 0, "best": {"top1_error": 0.25, "top5_error": null}, "images_per_s": 38.5})");
  temporary_.write("run/metrics.jsonl", R"({"kind":"start"}
{"kind":"train","step":1,"loss":2.5,"top1_error":0.9}
{"kind":"validation","step":2,"split":"val","top1_error":0.5}
{"kind":"train","step":3,"loss":1.5,"top1_error":0.75}
{"kind":"train","step":4,"lo)");
  temporary_.write("run/last.safetensors", "");
  const json j = inspect_json(temporary_ / "run");
  EXPECT_EQ(j["kind"], "run");
  EXPECT_EQ(j["summary"]["state"], "done");
  EXPECT_EQ(j["last"]["train"]["step"], 3);
  EXPECT_EQ(j["last"]["validation"]["top1_error"], 0.5);
  EXPECT_EQ(j["checkpoints"], json{"last.safetensors"});
  const std::string text = inspect(temporary_ / "run").out;
  for (const char* words :
       {"state done", "top1_error 25.00 %", "step 3, loss 1.5, top1_error 75.00 %", "split val, top1_error 50.00 %", "last.safetensors"})
    EXPECT_THAT(text, HasSubstr(words));
}

TEST_F(InspectCommand, RunThatHasJustBegun) {
  temporary_.write("run/metrics.jsonl", "");
  const CommandResult r = inspect(temporary_ / "run");
  EXPECT_EQ(r.exit_code, 0) << r.err;
  EXPECT_THAT(r.out, HasSubstr("no summary.json yet"));
  EXPECT_THAT(r.out, HasSubstr("none yet"));
}

TEST_F(InspectCommand, DamagedSummary) {
  temporary_.write("run/summary.json", "{");
  expect_refused(inspect(temporary_ / "run"), ExitCode::bad_data, {"summary.json", "damaged"});
}

TEST_F(InspectCommand, WhatIsNoneOfThem) {
  expect_refused(inspect(temporary_ / "nothing"), ExitCode::no_input, {"no such file or folder"});
  temporary_.write("a.txt", "hello, this is a text");
  expect_refused(inspect(temporary_ / "a.txt"), ExitCode::bad_data, {"a.txt", "a text file"});
  std::filesystem::create_directory(temporary_ / "empty");
  expect_refused(inspect(temporary_ / "empty"), ExitCode::bad_data, {"an empty folder"});
  temporary_.write("pictures/cat/1.jpg", "x");
  temporary_.write("pictures/dog/1.jpg", "x");
  expect_refused(inspect(temporary_ / "pictures"), ExitCode::bad_data, {"2 folders and 0 files", "alexnet prepare"});
  temporary_.write("shards/a.tar", "x");
  expect_refused(inspect(temporary_ / "shards"), ExitCode::bad_data, {"1 tar files without dataset.json"});
  temporary_.write("models/a.safetensors", "x");
  expect_refused(inspect(temporary_ / "models"), ExitCode::bad_data, {"1 checkpoints", "name one"});
}

}  // namespace
}  // namespace alexnet
