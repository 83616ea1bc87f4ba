#include "model/graph_compiler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alexnet/core/rng.hpp"

namespace alexnet {
namespace {

Network shipped_network(const std::string& name, const std::vector<std::string>& sets = {}) {
  const Config config = load_config(std::string(ALEXNET_SOURCE_DIR) + "/configs/" + name + ".yaml", sets);
  return make_network(config.model, config.data.crop, config.model.num_classes.value_or(10));
}

std::vector<std::string> labels(const std::vector<Node>& nodes) {
  std::vector<std::string> result;
  for (const Node& node : nodes) result.push_back(node.label() + (node.in_place ? " (in place)" : ""));
  return result;
}

TEST(FuseTest, AReluBehindAConvolutionOrFullyConnectedLayerDisappears) {
  const Network network = shipped_network("alexnet");
  std::vector<Node> nodes = fuse_layers(network);
  mark_in_place(nodes);
  // drop6 is not in place: the ReLU fused into fc6 needs its output in the backward pass.
  EXPECT_THAT(labels(nodes),
              testing::ElementsAre("conv1 + act1", "lrn1", "pool1", "conv2 + act2", "lrn2", "pool2", "conv3 + act3", "conv4 + act4",
                                   "conv5 + act5", "pool5", "fc6 + act6", "drop6", "fc7 + act7", "drop7", "fc8"));
}

TEST(FuseTest, OtherOrdersKeepTheirReluAsALayerInPlace) {
  const Network network = shipped_network("alexnet_original_2012");
  std::vector<Node> nodes = fuse_layers(network);
  mark_in_place(nodes);
  const auto all = labels(nodes);
  EXPECT_EQ(all[0], "conv1");
  EXPECT_THAT(all, testing::Contains("act1 (in place)"));
}

TEST(FuseTest, TanhIsNotFusedAndItsDropoutIsNotInPlace) {
  const Network network = shipped_network("alexnet", {"model.layers.act6.type=tanh", "model.layers.act1.type=tanh"});
  std::vector<Node> nodes = fuse_layers(network);
  mark_in_place(nodes);
  EXPECT_THAT(labels(nodes), testing::IsSupersetOf({"conv1", "act1 (in place)", "act6 (in place)", "drop6"}));
}

// The names of the layers that apply their own ReLU's mask: those that read their dst in the backward pass.
std::vector<std::string> masking(const std::vector<Node>& nodes) {
  std::vector<std::string> result;
  for (const Node& node : nodes) {
    if (node.layer->backward_uses_dst()) result.push_back(node.layer->name());
  }
  return result;
}

TEST(HandOnMasksTest, AnLrnTakesTheMaskOfTheReluInFrontOfIt) {
  const Network network = shipped_network("alexnet");
  const std::vector<Node> nodes = fuse_layers(network);
  EXPECT_THAT(masking(nodes), testing::ElementsAre("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7"));
  hand_on_masks(nodes);
  EXPECT_THAT(masking(nodes), testing::ElementsAre("conv3", "conv4", "conv5", "fc6", "fc7"));
}

// No two blocks that live at one time share a byte, and every block lies in the arena.
void expect_sound(const std::vector<MemoryBlock>& blocks, std::size_t arena_bytes) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const MemoryBlock& a = blocks[i];
    EXPECT_EQ(a.offset % kAlignmentBytes, 0U) << a.name;
    EXPECT_LE(a.offset + a.bytes, arena_bytes) << a.name;
    for (std::size_t j = 0; j < i; ++j) {
      const MemoryBlock& b = blocks[j];
      const bool same_time = a.first <= b.last && b.first <= a.last;
      const bool same_place = a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
      EXPECT_FALSE(same_time && same_place) << a.name << " and " << b.name;
    }
  }
}

TEST(MemoryPlanTest, RandomBlocksNeverMeet) {
  for (std::uint32_t round = 0; round < 200; ++round) {
    std::vector<MemoryBlock> blocks;
    for (std::uint32_t i = 0; i < 40; ++i) {
      const RandomBlock r = random_block(round, RandomStream::drawn_picture, i);
      const int first = static_cast<int>(r[0] % 30);
      blocks.push_back({"block " + std::to_string(i), 1 + r[1] % 10000, first, first + static_cast<int>(r[2] % 10), 0});
    }
    const std::size_t arena_bytes = plan_memory(blocks);
    expect_sound(blocks, arena_bytes);
  }
}

TEST(MemoryPlanTest, BlocksOfDifferentTimesShareMemory) {
  std::vector<MemoryBlock> blocks = {{"a", 768, 0, 1, 0}, {"b", 768, 2, 3, 0}, {"c", 768, 4, 5, 0}};
  EXPECT_EQ(plan_memory(blocks), 768U);
}

class PlanTest : public testing::TestWithParam<const char*> {};

TEST_P(PlanTest, ATrainingStepsBlocksNeverMeet) {
  const Network network = shipped_network(GetParam());
  std::vector<Node> nodes = fuse_layers(network);
  mark_in_place(nodes);
  const auto backend = make_backend("onednn", {1});
  for (const Node& node : nodes) node.layer->make_op(*backend, 2, node.types);
  for (const bool training : {true, false}) {
    const BlockTable table = plan_blocks(nodes, network.input, 2, training, 1000);
    expect_sound(table.blocks, table.arena_bytes);
    std::size_t unshared_bytes = 0;
    for (const MemoryBlock& block : table.blocks) unshared_bytes += block.bytes;
    EXPECT_LT(table.arena_bytes, unshared_bytes);
    EXPECT_EQ(table.nodes.front().diff_dst >= 0, training);
  }
}

INSTANTIATE_TEST_SUITE_P(Configs, PlanTest, testing::Values("smoke", "cifar10_quick", "alexnet_original_2012"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace alexnet
