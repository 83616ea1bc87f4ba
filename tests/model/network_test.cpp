#include "alexnet/model/network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/expect_error.hpp"

namespace alexnet {
namespace {

using testing::HasSubstr;

Config shipped(const std::string& name, const std::vector<std::string>& sets = {}) {
  return load_config(std::string(ALEXNET_SOURCE_DIR) + "/configs/" + name + ".yaml", sets);
}

Network network_of(const Config& config) { return make_network(config.model, config.data.crop, config.model.num_classes.value_or(10)); }

const Layer& layer_of(const Network& network, const std::string& name) {
  for (const auto& layer : network.layers) {
    if (layer->name() == name) return *layer;
  }
  throw std::runtime_error("no layer " + name);
}

void expect_refused(const std::vector<std::string>& sets, const std::vector<std::string>& words) {
  const Config config = shipped("alexnet", sets);
  expect_error(ExitCode::configuration, words, [&] { network_of(config); });
}

class RecipeTest : public testing::TestWithParam<const char*> {};

TEST_P(RecipeTest, HasThePapersCounts) {
  const Network network = network_of(shipped(GetParam()));
  EXPECT_EQ(network.num_parameters(), 60'965'224);
  EXPECT_EQ(network.macs(), 724'406'816);
  EXPECT_EQ(network.macs() + network.backward_macs(), 2'067'805'248);
}

INSTANTIATE_TEST_SUITE_P(Recipes, RecipeTest, testing::Values("alexnet", "alexnet_paper", "alexnet_original_2012", "alexnet_caffe"),
                         [](const auto& test) { return std::string(test.param); });

TEST(NetworkTest, LayersHaveTheTablesShapesAndCounts) {
  const Network network = network_of(shipped("alexnet"));
  const struct {
    const char* name;
    Extent3 src, dst;
    std::int64_t macs, parameters;
  } kTable[] = {
      {"conv1", {224, 224, 3}, {55, 55, 96}, 105'415'200, 34'944},   {"conv2", {27, 27, 96}, {27, 27, 256}, 223'948'800, 307'456},
      {"conv3", {13, 13, 256}, {13, 13, 384}, 149'520'384, 885'120}, {"conv4", {13, 13, 384}, {13, 13, 384}, 112'140'288, 663'936},
      {"conv5", {13, 13, 384}, {13, 13, 256}, 74'760'192, 442'624},  {"fc6", {6, 6, 256}, {1, 1, 4096}, 37'748'736, 37'752'832},
      {"fc7", {1, 1, 4096}, {1, 1, 4096}, 16'777'216, 16'781'312},   {"fc8", {1, 1, 4096}, {1, 1, 1000}, 4'096'000, 4'097'000},
  };
  for (const auto& row : kTable) {
    const Layer& layer = layer_of(network, row.name);
    EXPECT_EQ(layer.src(), row.src) << row.name;
    EXPECT_EQ(layer.dst(), row.dst) << row.name;
    EXPECT_EQ(layer.macs(), row.macs) << row.name;
    std::int64_t parameters = 0;
    for (const ParameterSpec& p : layer.parameters()) parameters += p.shape.count();
    EXPECT_EQ(parameters, row.parameters) << row.name;
  }
}

TEST(NetworkTest, ColumnsMeetAtConv3AndTheFullyConnectedLayers) {
  const Network network = network_of(shipped("alexnet"));
  std::vector<std::string> meeting;
  for (const auto& layer : network.layers) {
    if (layer->mixes_columns()) meeting.push_back(layer->name());
  }
  EXPECT_THAT(meeting, testing::ElementsAre("conv3", "fc6", "fc7", "fc8"));
}

TEST(NetworkTest, CheckpointShapesArePyTorchs) {
  const Network network = network_of(shipped("alexnet"));
  EXPECT_EQ(layer_of(network, "conv2").parameters()[0].file_shape, (Shape{256, 48, 5, 5}));
  EXPECT_EQ(layer_of(network, "fc6").parameters()[0].file_shape, (Shape{4096, 9216}));
  EXPECT_EQ(layer_of(network, "fc6").parameters()[1].name, "fc6.bias");
}

TEST(NetworkTest, OneColumnOfTheSameWidthHasMoreWeights) {
  EXPECT_GT(network_of(shipped("alexnet", {"model.columns=1"})).num_parameters(), 60'965'224);
}

TEST(NetworkTest, ExplainShowsTheArithmetic) {
  const Network network = network_of(shipped("alexnet"));
  EXPECT_THAT(layer_of(network, "conv1").explain(), HasSubstr("(224 + 0 + 3 - 11) / 4 + 1 = 55"));
  EXPECT_THAT(layer_of(network, "conv1").explain(), HasSubstr("96 x 11 x 11 x 3 = 34848"));
  EXPECT_THAT(layer_of(network, "lrn1").explain(), HasSubstr("divided by 5"));
  EXPECT_THAT(layer_of(network, "fc6").explain(), HasSubstr("6 x 6 x 256 = 9216"));
  EXPECT_THAT(layer_of(network, "pool1").explain(), HasSubstr("overlap by 1"));
}

TEST(NetworkTest, AMissizedLayerIsNamedWithFileAndLine) {
  expect_refused({"model.layers.conv5.kernel_size=30"},
                 {"alexnet.yaml:", "layer conv5: kernel_size 30 is larger than the padded input height of 13"});
}

TEST(NetworkTest, ColumnsMustDivideChannels) {
  expect_refused({"model.layers.conv2.num_output=255"}, {"layer conv2: 255 outputs cannot be divided into 2 columns"});
  expect_refused({"model.layers.conv1.sees=own"}, {"layer conv1: 3 input channels cannot be divided into 2 columns"});
}

TEST(NetworkTest, TheLossNeedsOneValueAClass) { expect_refused({"model.layers.fc8.num_output=999"}, {"must be 1 x 1 x 1000"}); }

}  // namespace
}  // namespace alexnet
