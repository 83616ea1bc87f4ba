// `alexnet eval`, `predict` and `summary` as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "alexnet/data/decode.hpp"
#include "support/expect_error.hpp"
#include "support/smoke.hpp"

namespace alexnet {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

// A trained smoke run.
const std::string& trained() {
  static const std::string run = [] {
    const CommandResult result = smoke().train("trained");
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return std::string("trained");
  }();
  return run;
}

nlohmann::json eval_json(std::vector<std::string> more) {
  std::vector<std::string> args = {"eval", "--checkpoint", trained() + "/last.safetensors", "--json"};
  args.insert(args.end(), more.begin(), more.end());
  const CommandResult result = smoke().run(args);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return nlohmann::json::parse(result.out);
}

TEST(EvalCommandTest, AgreesWithTheTrainingsLastValidation) {
  const auto json = eval_json({});
  std::ifstream file(smoke() / "trained/summary.json");
  const auto last = nlohmann::json::parse(file)["last"];
  EXPECT_EQ(json["images"], 48);
  EXPECT_EQ(json["top1_error"], last["top1_error"]);
  EXPECT_NEAR(json["loss"].get<double>(), last["loss"].get<double>(), 1e-6);
  EXPECT_TRUE(json["top5_error"].is_null());
  EXPECT_EQ(json["views"], 1);
  EXPECT_EQ(json["split"], "val");
}

TEST(EvalCommandTest, TheBatchSizeDoesNotMatter) {
  const auto a = eval_json({"--batch", "48"}), b = eval_json({"--batch", "7"});
  EXPECT_EQ(a["images"], b["images"]);
  EXPECT_EQ(a["top1_error"], b["top1_error"]);
  EXPECT_NEAR(a["loss"].get<double>(), b["loss"].get<double>(), 1e-6);
}

TEST(EvalCommandTest, TenViewsShowTheCentreToo) {
  const auto json = eval_json({"--views", "10"});
  EXPECT_EQ(json["top1_error_centre"], eval_json({})["top1_error"]);
  EXPECT_TRUE(json.contains("top5_error_centre"));
  EXPECT_NE(json["loss"], eval_json({})["loss"]);
}

TEST(EvalCommandTest, TheAverageOfANetWithItselfIsTheNet) {
  const auto one = eval_json({}), two = eval_json({"--checkpoint", trained() + "/last.safetensors"});
  EXPECT_EQ(one["top1_error"], two["top1_error"]);
  EXPECT_NEAR(one["loss"].get<double>(), two["loss"].get<double>(), 1e-5);
}

TEST(EvalCommandTest, ATableForPeople) {
  const CommandResult result = smoke().run({"eval", "--checkpoint", trained(), "--views", "10", "--split", "train"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("split train: 160 pictures, 10 views"));
  EXPECT_THAT(result.out, HasSubstr("this network, centre crop"));
  EXPECT_THAT(result.err, HasSubstr("takes trained/best.safetensors"));
}

TEST(EvalCommandTest, ReferenceFiguresStandBesideTheResult) {
  ASSERT_EQ(smoke()
                .train("referenced", {"--set", "train.max_steps=1", "--set", "model.num_classes=4", "--set",
                                      "reference=[{text: \"a famous net\", views: 1, top1_error: 0.4321, top5_error: 0.1}]"})
                .exit_code,
            0);
  const CommandResult result = smoke().run({"eval", "--checkpoint", "referenced"});
  EXPECT_THAT(result.out, HasSubstr("reference: a famous net"));
  EXPECT_THAT(result.out, HasSubstr("43.21 %"));
}

TEST(EvalCommandTest, PredictionsAreWrittenForEachPicture) {
  const auto json = eval_json({"--predictions", "p.csv"});
  std::ifstream file(smoke() / "p.csv");
  std::string line;
  std::getline(file, line);
  EXPECT_EQ(line, "key,source,label,top1,top2,top3,top4,top5,probability1,probability2,probability3,probability4,probability5");
  int rows = 0, errors = 0;
  while (std::getline(file, line)) {
    std::vector<std::string> fields;
    std::istringstream text(line);
    for (std::string field; std::getline(text, field, ',');) fields.push_back(field);
    ASSERT_GE(fields.size(), 12U) << line;
    ++rows;
    errors += fields[2] != fields[3] ? 1 : 0;
    EXPECT_EQ(fields[7], "") << "four classes have no fifth";
    EXPECT_GE(std::stod(fields[8]), std::stod(fields[9]));
  }
  EXPECT_EQ(rows, 48);
  EXPECT_NEAR(errors / 48.0, json["top1_error"].get<double>(), 1e-9);
  expect_refused(smoke().run({"eval", "--checkpoint", trained(), "--predictions", "no/such/folder.csv"}), ExitCode::io_failed,
                 {"no/such/folder.csv"});
  expect_refused(smoke().run({"eval", "--checkpoint", trained(), "--predictions", "/dev/full"}), ExitCode::io_failed,
                 {"--predictions /dev/full: writing failed (disk full?)"});
}

TEST(EvalCommandTest, OtherClassesAreRefused) {
  ASSERT_EQ(smoke().run({"prepare", "drawn:classes=5,train=20,val=10", "five", "--size", "32"}).exit_code, 0);
  expect_refused(smoke().run({"eval", "--checkpoint", trained(), "--data", "five"}), ExitCode::bad_data, {"has 4 classes", "five has 5"});
}

TEST(EvalCommandTest, AnotherResamplerIsWarnedOf) {
  fs::copy(smoke() / "data/smoke", smoke() / "resampled", fs::copy_options::recursive);
  ASSERT_EQ(smoke().train("resampled_run", {"--set", "data.path=resampled", "--set", "train.max_steps=1"}).exit_code, 0);
  auto manifest = nlohmann::json::parse(read_file(smoke() / "resampled/dataset.json"));
  manifest["resampler"] = "crayons";
  smoke().folder().write("resampled/dataset.json", manifest.dump());
  const CommandResult evaluated = smoke().run({"eval", "--checkpoint", trained(), "--data", "resampled"});
  const CommandResult resumed = smoke().train("resampled_run", {"--set", "data.path=resampled", "--set", "train.max_steps=2", "--resume"});
  for (const CommandResult& result : {evaluated, resumed}) {
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("those of resampled by crayons: errors may shift by some tenths of a percent"));
  }
}

TEST(EvalCommandTest, OtherPictureSizesAreRefused) {
  ASSERT_EQ(smoke().run({"prepare", "drawn:classes=4,train=16,val=8", "larger", "--size", "40"}).exit_code, 0);
  expect_refused(smoke().run({"eval", "--checkpoint", trained(), "--data", "larger"}), ExitCode::bad_data,
                 {"32 x 32", "40 x 40", "--size 32"});
}

TEST(EvalCommandTest, BadArgumentsAreNamed) {
  expect_refused(smoke().run({"eval"}), ExitCode::command_line, {"--checkpoint"});
  expect_refused(smoke().run({"eval", "--checkpoint", "nowhere"}), ExitCode::no_input,
                 {"checkpoint nowhere: there is no such file or run directory"});
  expect_refused(smoke().run({"eval", "--checkpoint", trained(), "--split", "test"}), ExitCode::command_line,
                 {"--split test", "train val"});
  expect_refused(smoke().run({"eval", "--checkpoint", trained(), "--views", "5"}), ExitCode::command_line, {"--views"});
  expect_refused(smoke().run({"eval", "--checkpoint", trained(), "--data", "nowhere"}), ExitCode::no_input, {"nowhere"});
  expect_refused(smoke().run({"eval", "--checkpoint", trained(), "--backend", "cudnn"}), ExitCode::unavailable, {"built without cuDNN"});
}

void write_picture(const std::string& path) {
  Picture picture{40, 60, std::vector<std::uint8_t>(40 * 60 * 3, 90)};
  for (std::size_t i = 0; i < picture.rgb.size(); i += 7) picture.rgb[i] = 200;
  const auto bytes = encode_jpeg(picture, 90);
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

TEST(PredictCommandTest, RanksTheClassesOfAPicture) {
  write_picture(smoke() / "a.jpg");
  const CommandResult result = smoke().run({"predict", "--checkpoint", trained(), "a.jpg", "--top", "3", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["file"], "a.jpg");
  ASSERT_EQ(json["top"].size(), 3U);
  double sum = 0;
  for (const auto& best : json["top"]) sum += best["probability"].get<double>();
  EXPECT_LE(sum, 1.0001);
  EXPECT_GE(json["top"][0]["probability"].get<double>(), json["top"][1]["probability"].get<double>());
  EXPECT_FALSE(json["top"][0]["id"].get<std::string>().empty());
}

TEST(PredictCommandTest, GoesOnAfterABadPictureAndSaysSo) {
  const std::string folder = smoke() / "pictures";
  fs::create_directories(folder);
  write_picture(folder + "/1.jpg");
  std::ofstream(folder + "/2.jpg") << "this is text";
  write_picture(folder + "/3.jpg");
  const CommandResult result = smoke().run({"predict", "--checkpoint", trained(), "pictures", "absent.jpg", "--json"});
  EXPECT_EQ(result.exit_code, 65);
  std::istringstream lines(result.out);
  std::vector<nlohmann::json> all;
  for (std::string line; std::getline(lines, line);) all.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(all.size(), 4U);
  EXPECT_TRUE(all[0].contains("top"));
  EXPECT_THAT(all[1]["error"].get<std::string>(), HasSubstr("text"));
  EXPECT_TRUE(all[2].contains("top"));
  EXPECT_TRUE(all[3].contains("error"));
  EXPECT_THAT(result.err, HasSubstr("2 of 4 pictures could not be read"));
}

TEST(PredictCommandTest, ReadsNamesFromStdin) {
  write_picture(smoke() / "a.jpg");
  const CommandResult result =
      smoke().run({"predict", "--checkpoint", trained(), "-"}, {.in = "a.jpg\na.jpg\n", .env = {}, .cwd = {}, .file_size_limit_bytes = {}});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, testing::ContainsRegex("a.jpg\n.*%.*\n"));
}

TEST(PredictCommandTest, AnEmptyFolderIsAnError) {
  fs::create_directories(smoke() / "nothing");
  expect_refused(smoke().run({"predict", "--checkpoint", trained(), "nothing"}), ExitCode::bad_data,
                 {"nothing: the folder holds no files"});
}

TEST(SummaryCommandTest, ShowsThePapersCountsAndColumns) {
  const CommandResult result = smoke().run({"summary", "--config", std::string(ALEXNET_SOURCE_DIR) + "/configs/alexnet_paper.yaml"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              HasSubstr("60,965,224 parameters, 724,406,816 multiply-accumulates per image forward, 2,067,805,248 forward and backward"));
  EXPECT_THAT(result.out, HasSubstr("columns exchange 13x13x256"));
}

TEST(SummaryCommandTest, ShowsWhatTwoDevicesHoldAndSend) {
  const std::string config = std::string(ALEXNET_SOURCE_DIR) + "/configs/alexnet_paper.yaml";
  const CommandResult result = smoke().run({"summary", "--config", config, "--set", "device.column_devices=2"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, testing::ContainsRegex("0 +column a +30,482,612 +362,203,408 +348.8 MiB\n1 +column b +30,482,612"));
  EXPECT_THAT(result.out, testing::ContainsRegex("conv3.gather +86,528 +86,528\nfc6.gather +18,432 +18,432\n"));
  EXPECT_THAT(result.out, testing::ContainsRegex("loss.gather +2,000 +0\nin all +123,344 +121,344\n"));
  const auto json = nlohmann::json::parse(
      smoke().run({"summary", "--config", config, "--set", "device.column_devices=2", "--set", "device.precision=bf16", "--json"}).out);
  ASSERT_EQ(json["devices"].size(), 2U);
  EXPECT_EQ(json["devices"][1]["columns"], "column b");
  EXPECT_EQ(json["devices"][1]["parameters"], 30'482'612);
  EXPECT_EQ(json["devices"][1]["exchanges_per_image"][0]["name"], "conv3.gather");
  EXPECT_EQ(json["devices"][1]["exchanges_per_image"][0]["forward_bytes"], 43'264);
  EXPECT_EQ(json["devices"][1]["exchanges_per_image"][0]["backward_bytes"], 86'528);
  const std::string plan =
      smoke().run({"summary", "--config", ALEXNET_SOURCE_DIR "/configs/smoke.yaml", "--set", "device.column_devices=2", "--plan"}).out;
  EXPECT_THAT(plan, HasSubstr("device 0: column a"));
  EXPECT_THAT(plan, HasSubstr("device 1: column b"));
  EXPECT_THAT(plan, testing::ContainsRegex("lrn2.gather\n.*lrn2\n.*lrn2.slice"));
  expect_refused(smoke().run({"summary", "--config", config, "--set", "device.column_devices=2", "--set", "model.columns=1"}),
                 ExitCode::configuration, {"device.column_devices is 2", "model.columns is 1", "device.column_devices=1"});
}

TEST(SummaryCommandTest, JsonExplanationAndPlan) {
  const std::string config = std::string(ALEXNET_SOURCE_DIR) + "/configs/smoke.yaml";
  const auto json = nlohmann::json::parse(smoke().run({"summary", "--config", config, "--json"}).out);
  EXPECT_EQ(json["num_classes"], 4) << "auto: from the data set";
  EXPECT_EQ(json["layers"][0]["name"], "conv1");
  EXPECT_THAT(smoke().run({"summary", "--config", config, "--explain", "conv1"}).out, HasSubstr("(28 + 1 + 2 - 5) / 1 + 1 = 27"));
  EXPECT_THAT(smoke().run({"summary", "--config", config, "--plan"}).out, HasSubstr("conv1 + act1"));
  expect_refused(smoke().run({"summary", "--config", config, "--explain", "conv7"}), ExitCode::command_line,
                 {"--explain conv7", "did you mean conv"});
  expect_refused(smoke().run({"summary", "--config", config, "--set", "data.path=nowhere"}), ExitCode::no_input,
                 {"--set model.num_classes=N"});
}

}  // namespace
}  // namespace alexnet
