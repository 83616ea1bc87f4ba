// --set key.path=value and model.file.
#include "config_fixture.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

const std::string kTwoConvolutions = replaced(kMinimal, "    - {name: fc1",
                                              "    - {name: conv1, type: conv2d, num_output: 4, kernel_size: 3, pad: 1}\n"
                                              "    - {name: act1, type: relu}\n"
                                              "    - {name: conv3, type: conv2d, num_output: 4, kernel_size: 3}\n"
                                              "    - {name: fc1");

TEST(Set, AppliesFromLeftToRight) {
  const Config config = parse_config(kMinimal, "t", {"train.batch_size=8", "seed=3", "train.batch_size=16"});
  EXPECT_EQ(config.train.batch_size, 16);
  EXPECT_EQ(config.seed, 3U);
}

TEST(Set, SplitsAtTheFirstEqualsSign) { EXPECT_EQ(parse_config(kMinimal, "t", {"data.path=a=b"}).data.path, "a=b"); }

TEST(Set, MakesBlocksAndTakesWholeSubtrees) {
  const Config config =
      parse_config(kMinimal, "t", {"optimizer.momentum=0.5", "checkpoint={keep: 7, every_steps: 3}", "schedule.steps.at_steps=[1, 2]"});
  EXPECT_EQ(config.optimizer.momentum, 0.5);
  EXPECT_EQ(config.checkpoint.keep, 7);
  EXPECT_EQ(config.schedule.steps.at_steps, (std::vector<std::int64_t>{1, 2}));
}

TEST(Set, AddressesLayersByName) {
  const Config config = parse_config(kTwoConvolutions, "t",
                                     {"model.layers.conv3.weights.std=0.5", "model.layers.conv1.pad.right=2", "model.layers.act1.type=tanh",
                                      "model.layers.conv3.lr_mult={0: 1, 2: 0}"});
  EXPECT_EQ(config.model.layers[2].weights.std, 0.5);
  EXPECT_EQ(config.model.layers[0].pad, (Padding{1, 1, 1, 2}));
  EXPECT_EQ(config.model.layers[1].type, "tanh");
  EXPECT_EQ(config.model.layers[2].lr_mult.at(2), 0);
}

TEST(Set, ReplacesALayerThatKeepsItsName) {
  const Config config = parse_config(kTwoConvolutions, "t", {"model.layers.conv3={type: dropout, rate: 0.25}"});
  EXPECT_EQ(config.model.layers[2].name, "conv3");
  EXPECT_EQ(config.model.layers[2].rate, TimedValue(0.25));
}

TEST(Set, CommandLineMistakes) {
  for (const char* set : {"train.batch_size", "", "seed"}) {
    expect_config_error(kMinimal, {std::string("--set ") + set, "there is no '='", "key.path=value"}, {set}, ExitCode::command_line);
  }
  for (const char* set : {"=3", "train.=3", ".seed=3", "train..batch_size=3"}) {
    expect_config_error(kMinimal, {std::string("--set ") + set, "a part of the key is empty"}, {set}, ExitCode::command_line);
  }
  std::string deep = "a";
  for (int i = 0; i < 100; ++i) deep += ".a";
  expect_config_error(kMinimal, {"no key has 101 parts"}, {deep + "=1"}, ExitCode::command_line);
}

TEST(Set, MessagesStayInOneLineOfBearableLength) {
  expect_config_error(kMinimal, {"--set a\\nb=1: key a\\nb is unknown"}, {"a\nb=1"});
  expect_config_error(kMinimal, {"--set seed=xxxx", "xxx...: key seed must be an integer, not the text xxx"},
                      {"seed=" + std::string(5000, 'x')});
  expect_error(ExitCode::configuration, {"kkk"}, [] {
    try {
      parse_config(kMinimal, "t", {std::string(100000, 'k') + "=1"});
    } catch (const Error& e) {
      EXPECT_LT(std::string(e.what()).size(), 1100U);
      throw;
    }
  });
}

TEST(Set, PathsThatLeadNowhere) {
  expect_config_error(
      kTwoConvolutions,
      {"--set model.layers.conv9.weights.std: there is no layer conv9", "did you mean conv1?", "layers: conv1, act1, conv3, fc1, loss"},
      {"model.layers.conv9.weights.std=1"});
  expect_config_error(kTwoConvolutions, {"--set model.layers.zzzzzzzzzzzz: there is no layer zzzzzzzzzzzz; layers: conv1"},
                      {"model.layers.zzzzzzzzzzzz={type: relu}"});
  expect_config_error(kMinimal, {"--set trian.epochs=3: key trian is unknown; did you mean train?"}, {"trian.epochs=3"});
  expect_config_error(kMinimal, {"--set train.epoch=3: key train.epoch is unknown; did you mean train.epochs?"}, {"train.epoch=3"});
  expect_config_error(kMinimal, {"--set train.batch_size.x", "train.batch_size is the number 4", "as a whole"}, {"train.batch_size.x=3"});
  expect_config_error(kMinimal, {"--set reference.0.views", "reference is a list", "as a whole"},
                      {"reference=[{text: a}]", "reference.0.views=1"});
}

TEST(Set, ValuesAreYamlWithTheSameLimits) {
  expect_config_error(kMinimal, {"--set seed=[1", "not valid YAML"}, {"seed=[1"});
  expect_config_error(kMinimal, {"--set data={crop: 1, crop: 2}", "key crop is given twice"}, {"data={crop: 1, crop: 2}"});
  expect_config_error(kMinimal, {"deeper than 32"}, {"seed=" + std::string(500, '[')});
  EXPECT_EQ(parse_config(kMinimal, "t", {"data.path='a b'"}).data.path, "a b");
}

class ModelFile : public testing::Test {
 protected:
  // Beside a file with a model: one that takes it, with `model` as the lines below `model:`.
  Config load(const std::string& model, const std::vector<std::string>& sets = {}) {
    folder_.write("sub/base.yaml", kTwoConvolutions + "seed: 77\n");
    const std::string file = folder_.write(
        "sub/user.yaml", "data: {path: p}\nmodel:\n" + model + "train: {batch_size: 1, epochs: 1}\nschedule: {learning_rate: 0.1}\n");
    return load_config(file, sets);
  }
  TemporaryFolder folder_;
};

TEST_F(ModelFile, IsTakenRelativeToTheYamlThatNamesIt) {
  const Config config = load("  file: base.yaml\n");
  EXPECT_EQ(config.model.layers.size(), 5U);
  EXPECT_EQ(config.seed, 1U) << "only the model comes from there";
  EXPECT_EQ(config.model.file, "base.yaml");
  EXPECT_EQ(config.model.layers[0].where, folder_ / "sub/base.yaml:4");
}

TEST_F(ModelFile, ScalarsBesideItWinAndSetsComeLater) {
  const Config config = load("  file: base.yaml\n  columns: 1\n  num_classes: 5\n  remove: [act1]\n", {"model.layers.conv1.stride=3"});
  EXPECT_EQ(config.model.columns, 1);
  EXPECT_EQ(config.model.num_classes, 5);
  EXPECT_EQ(config.model.layers.size(), 4U);
  EXPECT_EQ(config.model.layers[0].stride, 3);
}

TEST_F(ModelFile, ItsDumpStandsAlone) {
  const std::string dump = dump_config(load("  file: base.yaml\n  remove: [act1]\n"));
  EXPECT_EQ(dump_config(parse_config(dump, "elsewhere.yaml")), dump);
}

TEST_F(ModelFile, SetReplacesTheWholeModel) {
  folder_.write("base.yaml", kTwoConvolutions);
  EXPECT_EQ(parse_config(kMinimal, "t", {"model.columns=4", "model.file=" + (folder_ / "base.yaml")}).model.columns, 2);
  EXPECT_EQ(parse_config(kMinimal, "t", {"model={columns: 1, file: " + (folder_ / "base.yaml") + "}"}).model.layers.size(), 5U);
  EXPECT_EQ(parse_config(kMinimal, "t", {"model.file=null"}).model.layers.size(), 2U);
}

TEST_F(ModelFile, Mistakes) {
  const auto expect = [&](const std::string& model, const std::vector<std::string>& words, ExitCode code = ExitCode::configuration) {
    SCOPED_TRACE(model);
    expect_error(code, words, [&] { load(model); });
  };
  folder_.write("sub/loop.yaml", "model:\n  file: user.yaml\n");
  folder_.write("sub/none.yaml", "seed: 1\n");
  expect("  file: nowhere.yaml\n", {"user.yaml:3", "key model.file", "sub/nowhere.yaml", "No such file"}, ExitCode::no_input);
  expect("  file: .\n", {"key model.file", "is a folder"}, ExitCode::no_input);
  expect("  file: loop.yaml\n", {"loop.yaml:2", "key model.file", "takes its model from a file itself"});
  expect("  file: user.yaml\n", {"user.yaml:3", "takes its model from a file itself"});
  expect("  file: none.yaml\n", {"none.yaml", "has no block model"});
  expect("  file: [a]\n", {"user.yaml:3", "key model.file must be text, not a list"});
  expect("  file: base.yaml\n  layers: [{name: loss, type: softmax_cross_entropy}]\n", {"user.yaml:4", "model.layers beside model.file"});
  expect("  file: base.yaml\n  defaults: {weights: {std: 1}}\n", {"user.yaml:4", "model.defaults beside model.file"});
  expect("  file: base.yaml\n  colums: 1\n", {"user.yaml:4", "key model.colums is unknown", "model.columns"});
}

}  // namespace
}  // namespace alexnet
