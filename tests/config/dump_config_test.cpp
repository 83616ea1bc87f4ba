// dump -> parse is the identity; differences by key.
#include "config_fixture.hpp"

namespace alexnet {
namespace {

Config with(const std::vector<std::string>& sets) { return parse_config(kMinimal, "t", sets); }

TEST(DumpConfig, ParsesAsItself) {
  for (const std::string& name : shipped_configs()) {
    const Config config = load_config(shipped_path(name), {});
    const std::string dump = dump_config(config);
    EXPECT_EQ(dump_config(parse_config(dump, "dump.yaml")), dump) << name;
    EXPECT_TRUE(diff_configs(config, parse_config(dump, "dump.yaml")).empty()) << name;
  }
}

TEST(DumpConfig, FloatsHaveADotASignAndEveryBit) {
  const std::vector<std::pair<std::string, std::string>> cases{{"1", "1.0"},
                                                               {"0.1", "0.1"},
                                                               {"0.0005", "0.0005"},
                                                               {"0.00005", "5.0e-05"},
                                                               {"1.25e-7", "1.25e-07"},
                                                               {"0.30000000000000004", "0.30000000000000004"},
                                                               {"123.456", "123.456"},
                                                               {"4.9406564584124654e-324", "5.0e-324"}};
  for (const auto& [in, out] : cases) {
    const Config config = with({"schedule.learning_rate=" + in});
    EXPECT_THAT(dump_config(config), testing::HasSubstr("learning_rate: " + out + "\n"));
    EXPECT_EQ(parse_config(dump_config(config), "t").schedule.learning_rate, config.schedule.learning_rate);
  }
}

TEST(DumpConfig, TextsComeBack) {
  for (const std::string text : {"plain/path_1.x",
                                 "2012",
                                 "1.5",
                                 "true",
                                 "no",
                                 "null",
                                 "~",
                                 "a b",
                                 "a: b",
                                 "#x",
                                 "x #y",
                                 "it's",
                                 "say \"hi\"",
                                 "back\\slash",
                                 "-",
                                 "- a",
                                 "[a]",
                                 "{a}",
                                 "*a",
                                 "&a",
                                 "!a",
                                 "%a",
                                 "@a",
                                 "`a",
                                 "",
                                 "...",
                                 "---",
                                 "d\xc3\xa4t\xc3\xa4",
                                 ".inf",
                                 "1:30",
                                 "2012-09-30",
                                 "=",
                                 "<<",
                                 " lead",
                                 "trail ",
                                 "y",
                                 "1e5",
                                 "0x10",
                                 "."}) {
    if (text.empty()) continue;
    Config config = with({});
    config.data.path = text;
    const std::string dump = dump_config(config);
    EXPECT_EQ(parse_config(dump, "t").data.path, text) << dump;
  }
}

TEST(DumpConfig, RemovedLayersStayRemoved) {
  const Config config = load_config(shipped_path("alexnet"), {"model.remove=[conv4, act4]"});
  EXPECT_EQ(config.model.remove.size(), 2U);
  const Config again = parse_config(dump_config(config), "t");
  EXPECT_TRUE(again.model.remove.empty());
  EXPECT_EQ(again.model.layers.size(), config.model.layers.size());
}

TEST(DumpConfig, HoldsEveryKeyOfTheExplainedExperiment) {
  const std::string dump = dump_config(load_config(shipped_path("alexnet"), {}));
  for (const char* key : {"seed:",
                          "random_crop:",
                          "images_per_draw:",
                          "color_noise:",
                          "statistics:",
                          "limit: null",
                          "file: null",
                          "num_classes: 1000",
                          "remove: []",
                          "defaults:",
                          "max_minutes: null",
                          "init: {checkpoint: null, skip: []}",
                          "validate_splits: [val]",
                          "momentum:",
                          "plateau: {metric: top1_error",
                          "at_steps: []",
                          "column_devices: 1",
                          "replicas: auto",
                          "rank_timeout_s:",
                          "micro_batches: 1",
                          "reference_batch: null",
                          "warmup_epochs:",
                          "ids: []",
                          "threads: auto",
                          "best_by:",
                          "reference:"}) {
    EXPECT_THAT(dump, testing::HasSubstr(key));
  }
  EXPECT_THAT(dump, testing::HasSubstr("{name: conv1, type: conv2d, sees: all, num_output: 96, kernel_size: 11, stride: 4, pad: {top: 0, "
                                       "left: 0, bottom: 3, right: 3}"));
}

TEST(DiffConfigs, NamesEveryKeyThatDiffers) {
  EXPECT_TRUE(diff_configs(with({}), with({})).empty());
  EXPECT_THAT(diff_configs(with({}), with({"train.batch_size=64"})), testing::ElementsAre("train.batch_size: 4 -> 64"));
  EXPECT_THAT(diff_configs(with({}), with({"data.limit=3", "data.path=b"})),
              testing::ElementsAre("data.path: somewhere -> b", "data.limit: null -> 3"));
  EXPECT_THAT(diff_configs(with({"data.color_noise.std={0: 0.1, 67: 0}"}), with({"data.color_noise.std={0: 0.1, 60: 0}"})),
              testing::ElementsAre("data.color_noise.std: {0: 0.1, 67: 0.0} -> {0: 0.1, 60: 0.0}"));
}

TEST(DiffConfigs, MatchesLayersByName) {
  const auto alexnet = [](const std::vector<std::string>& sets) { return load_config(shipped_path("alexnet"), sets); };
  EXPECT_THAT(diff_configs(alexnet({}), alexnet({"model.layers.conv3.weights.std=0.01", "model.remove=[lrn1]"})),
              testing::ElementsAre("model.layers.lrn1: only in the first", "model.layers.conv3.weights.std: 0.03 -> 0.01"));
  EXPECT_THAT(diff_configs(alexnet({"model.remove=[pool5]"}), alexnet({})), testing::ElementsAre("model.layers.pool5: only in the second"));
  EXPECT_THAT(diff_configs(alexnet({}), alexnet({"model.layers.act1.type=tanh"})),
              testing::ElementsAre("model.layers.act1.type: relu -> tanh"));
  EXPECT_THAT(diff_configs(alexnet({}), alexnet({"model.layers.act1.type=leaky_relu", "model.layers.act1.negative_slope=0.2"})),
              testing::ElementsAre("model.layers.act1.type: relu -> leaky_relu", "model.layers.act1.negative_slope: absent -> 0.2"));
  EXPECT_THAT(diff_configs(alexnet({}), alexnet({"model.layers.pool1.type=average_pool"})),
              testing::ElementsAre("model.layers.pool1.type: max_pool -> average_pool", "model.layers.pool1.count_pad: absent -> true"));
  EXPECT_THAT(diff_configs(alexnet({}), load_config(shipped_path("alexnet_original_2012"), {})),
              testing::IsSupersetOf({"model.layers: order act1 lrn1 pool1 -> lrn1 pool1 act1", "model.layers.norm2: only in the second"}));
}

}  // namespace
}  // namespace alexnet
