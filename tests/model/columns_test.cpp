// A network with its columns over two devices, beside the same on one: the same numbers, and no more bytes exchanged than announced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <mutex>

#include "support/bf16.hpp"
#include "support/column_ranks.hpp"
#include "support/expect_error.hpp"
#include "support/reduced.hpp"

namespace alexnet::test {
namespace {

using Values = std::map<std::string, std::vector<float>>;

struct Result {
  Values initial, gradients, values;  // of whole tensors; gradients of the first step
  std::vector<double> losses;
  std::map<std::string, std::vector<bool>> masks;  // zeros behind each dropout in the first step, in the network's order
};

// Zeros of a dropout's output, at their places among all channels, of which the devices have equal shares.
void keep_mask(Result& result, const Network& network, const std::string& layer, const Tensor& dst, const std::vector<float>& values) {
  for (const auto& l : network.layers) {
    if (l->name() != layer || l->config().type != "dropout") continue;
    const std::int64_t own = dst.shape()[3], all = own * network.share.count;
    std::vector<bool>& mask = result.masks[layer];
    mask.resize(values.size() / static_cast<std::size_t>(own) * static_cast<std::size_t>(all));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i) / own, c = static_cast<std::int64_t>(i) % own;
      mask[static_cast<std::size_t>(row * all + network.share.index * own + c)] = values[i] == 0;
    }
  }
}

Result train(const Config& config, int num_devices, int num_steps, const ColumnsOptions& options = {}) {
  Result result;
  std::mutex mutex;
  on_column_devices(num_devices, [&](const ColumnShare& share) {
    const auto graph = make_columns_graph(config, share, options);
    const auto read = [&](Tensor Parameter::*tensor) {
      Values values;
      for (const Parameter& p : graph->parameters()) values[p.spec.name] = graph->read_whole(p, p.*tensor);
      return values;
    };
    Values initial = read(&Parameter::value), gradients;
    std::vector<double> losses;
    for (int i = 0; i < num_steps; ++i) {
      const auto observe = [&](const std::string& layer, const Tensor& dst) {
        const std::vector<float> values = graph->read(dst);
        const std::lock_guard lock(mutex);
        keep_mask(result, graph->network(), layer, dst, values);
      };
      losses.push_back(training_step(*graph, config, options.picture_size, i, i == 0 ? Graph::Observer(observe) : nullptr));
      if (i == 0) gradients = read(&Parameter::diff);
      graph->update();
    }
    Values values = read(&Parameter::value);
    const std::lock_guard lock(mutex);
    if (share.index != 0) {
      EXPECT_TRUE(initial.at("fc7.weight").empty());
      return;
    }
    result.initial = std::move(initial);
    result.gradients = std::move(gradients);
    result.values = std::move(values);
    result.losses = std::move(losses);
  });
  return result;
}

// In the sense of the contract: f32 in another order.
void expect_same_training(const Result& one, const Result& two) {
  EXPECT_EQ(one.initial, two.initial);
  EXPECT_NEAR(two.losses.front(), one.losses.front(), 1e-6 * one.losses.front());
  double worst = 0;
  for (const auto& [name, gradient] : one.gradients) {
    ASSERT_EQ(two.gradients.at(name).size(), gradient.size()) << name;
    const double difference = norm_of_difference(two.gradients.at(name), gradient);
    EXPECT_LT(difference, 1e-5) << name;
    worst = std::max(worst, difference);
  }
  EXPECT_NEAR(two.losses.back(), one.losses.back(), 1e-4 * one.losses.back());
  testing::Test::RecordProperty("gradients", fmt::format("{:.2g}", worst));
  testing::Test::RecordProperty("last_loss", fmt::format("{:.2g}", std::abs(two.losses.back() - one.losses.back()) / one.losses.back()));
}

Config net(const std::vector<std::string>& sets = {}) { return parse_config(kColumnsNet, "test.yaml", sets); }

TEST(ColumnsTest, TwoDevicesTrainLikeOne) {
  const Result one = train(net(), 1, 20), two = train(net(), 2, 20);
  expect_same_training(one, two);
  ASSERT_EQ(one.masks.size(), 2U);
  ASSERT_EQ(one.masks.at("drop5").size(), 4U * 26U);
  for (const auto& [layer, mask] : one.masks) {
    EXPECT_EQ(two.masks.at(layer), mask) << layer;
    EXPECT_THAT(mask, testing::Contains(true)) << layer;
  }
}

TEST(ColumnsTest, SharesThatDoNotDivideTrainLikeOne) {
  // Seven classes, odd maps, both before a layer that sees all: 4 and 3, 7 and 6, 1 and 0 more.
  const Config config = net({"model.num_classes=7", "model.layers.fc5.num_output=13", "model.layers.fc6.sees=all",
                             "model.layers.fc6.num_output=3", "model.layers.conv4.num_output=9", "model.layers.conv4.sees=all"});
  expect_same_training(train(config, 1, 20), train(config, 2, 20));
}

TEST(ColumnsTest, TwoRunsAreBitwiseEqual) {
  const Result a = train(net(), 2, 3), b = train(net(), 2, 3);
  EXPECT_EQ(a.losses, b.losses);
  EXPECT_EQ(a.values, b.values);
}

TEST(ColumnsTest, TheFullNetworkOnTwoDevicesTrainsLikeOnOne) {
  if (reduced()) GTEST_SKIP() << "takes too long under sanitizers";
  // A small rate: at the recipe's, two pictures of noise a step drive the loss to 13, and rounding grows tenfold in every second step.
  const Config config =
      load_config(ALEXNET_SOURCE_DIR "/configs/alexnet.yaml", {"model.num_classes=1000", "schedule.learning_rate=0.0001"});
  const ColumnsOptions options{.batch_size = 2, .picture_size = 224};
  const int num_steps = 20;
  const Result one = train(config, 1, num_steps, options);
  expect_same_training(one, train(config, 2, num_steps, options));
}

TEST(ColumnsTest, InferenceGivesTheSameProbabilitiesOnBothDevices) {
  const Config config = net({"model.num_classes=7"});
  ColumnsOptions options;
  options.mode = GraphMode::inference;
  std::vector<std::vector<float>> on_device(2), of_one(1);
  const auto run = [&](int num_devices, std::vector<std::vector<float>>& results) {
    on_column_devices(num_devices, [&](const ColumnShare& share) {
      const auto graph = make_columns_graph(config, share, options);
      set_columns_batch(*graph, config, options.picture_size, 0);
      graph->forward(false);
      results[static_cast<std::size_t>(share.index)] = graph->probabilities();
    });
  };
  run(1, of_one);
  run(2, on_device);
  EXPECT_EQ(on_device[0], on_device[1]);
  EXPECT_LT(norm_of_difference(on_device[0], of_one[0]), 1e-6);
}

TEST(ColumnsTest, Bf16TrainsLikeOnOneDevice) {
  ALEXNET_NEEDS_BF16();
  ColumnsOptions options;
  options.type = DType::bf16;
  const Result one = train(net(), 1, 10, options), two = train(net(), 2, 10, options);
  EXPECT_EQ(one.initial, two.initial);
  EXPECT_NEAR(two.losses.front(), one.losses.front(), 5e-3 * one.losses.front());
  // Partial gradients are rounded to 8 bits before they are added.
  for (const auto& [name, gradient] : one.gradients) EXPECT_LT(norm_of_difference(two.gradients.at(name), gradient), 0.05) << name;
  EXPECT_NEAR(two.losses.back(), one.losses.back(), 0.02 * one.losses.back());
}

// What the communicator counted while each node ran, for an image.
std::map<std::string, ExchangeBytes> measured_bytes(const Config& config, DType type, int device) {
  std::map<std::string, ExchangeBytes> bytes;
  on_column_devices(2, [&](const ColumnShare& share) {
    ColumnsOptions options;
    options.type = type;
    const auto graph = make_columns_graph(config, share, options);
    Traffic last = share.communicator->traffic();
    graph->set_pass_observer([&](const std::string& layer, Pass pass) {
      const Traffic now = share.communicator->traffic();
      const auto sent = static_cast<std::int64_t>(now.sent_bytes - last.sent_bytes);
      EXPECT_EQ(now.received_bytes - last.received_bytes, now.sent_bytes - last.sent_bytes) << layer;
      last = now;
      if (share.index != device) return;
      EXPECT_EQ(sent % options.batch_size, 0);
      bytes[layer].name = layer;
      (pass == Pass::backward ? bytes[layer].backward : bytes[layer].forward) += sent / options.batch_size;
    });
    training_step(*graph, config, options.picture_size, 0);
    graph->update();
  });
  return bytes;
}

TEST(ColumnsTest, AStepExchangesTheBytesThatAreAnnounced) {
  for (const DType type : {DType::f32, DType::bf16}) {
    if (type == DType::bf16 && !computes_bf16()) continue;
    for (const std::string classes : {"6", "7"}) {
      for (const int device : {0, 1}) {
        const Config config = net({"model.num_classes=" + classes});
        const Network network = make_network(config.model, config.data.crop, *config.model.num_classes, {device, 2});
        auto measured = measured_bytes(config, type, device);
        std::vector<std::string> names;
        for (const ExchangeBytes& announced : exchange_bytes(network, type)) {
          names.push_back(announced.name);
          EXPECT_GT(announced.forward, 0);
          EXPECT_EQ(measured.at(announced.name).forward, announced.forward) << announced.name;
          EXPECT_EQ(measured.at(announced.name).backward, announced.backward) << announced.name;
          measured.erase(announced.name);
        }
        EXPECT_THAT(names, testing::ElementsAre("lrn2.gather", "conv3.gather", "fc5.gather", "fc7.gather", "loss.gather"));
        EXPECT_TRUE(measured.contains("conv2"));
        for (const auto& [layer, bytes] : measured) EXPECT_EQ(bytes.forward + bytes.backward, 0) << layer;
      }
    }
  }
}

TEST(ColumnsTest, ThePapersNetworkExchangesNothingWithinItsColumns) {
  const Config config = load_config(ALEXNET_SOURCE_DIR "/configs/alexnet_paper.yaml", {"model.num_classes=1000"});
  const Network network = make_network(config.model, config.data.crop, 1000, {0, 2});
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> bytes;
  for (const ExchangeBytes& e : exchange_bytes(network, DType::f32)) bytes[e.name] = {e.forward, e.backward};
  const std::int64_t conv3 = 13 * 13 * 128 * 4, fc6 = 6 * 6 * 128 * 4, fc = 2048 * 4, logits = 500 * 4;
  const decltype(bytes) expected = {{"conv3.gather", {conv3, conv3}},
                                    {"fc6.gather", {fc6, fc6}},
                                    {"fc7.gather", {fc, fc}},
                                    {"fc8.gather", {fc, fc}},
                                    {"loss.gather", {logits, 0}}};
  EXPECT_EQ(bytes, expected);
  EXPECT_EQ(exchange_bytes(network, DType::bf16).front().forward, conv3 / 2);
  EXPECT_EQ(exchange_bytes(network, DType::bf16).front().backward, conv3) << "sums of gradients are f32";
  EXPECT_EQ(exchange_bytes(network, DType::bf16).back().forward, logits) << "logits are f32";
  const Network other = make_network(config.model, config.data.crop, 1000, {1, 2});
  EXPECT_EQ(network.num_own_parameters() + other.num_own_parameters(), network.num_parameters());
}

TEST(ColumnsTest, OneDeviceHasNoExchange) {
  const Network network = make_network(net().model, 20, 6);
  EXPECT_TRUE(network.exchanges.empty());
  EXPECT_EQ(network.num_own_parameters(), network.num_parameters());
}

TEST(ColumnsTest, ColumnsThatCannotBeDividedAreRefused) {
  const auto divide = [](const std::vector<std::string>& sets, int num_devices) {
    return [=] { make_network(net(sets).model, 20, 6, {0, num_devices}); };
  };
  expect_error(ExitCode::configuration, {"device.column_devices is 2", "model.columns is 1", "device.column_devices=1", "model.columns=2"},
               divide({"model.columns=1"}, 2));
  expect_error(ExitCode::configuration, {"device.column_devices is 3", "does not divide model.columns, 2", "device.column_devices=1"},
               divide({}, 3));
  expect_error(ExitCode::configuration, {"test.yaml:", "layer conv3: 1 output channel cannot be shared by 2 devices"},
               divide({"model.layers.conv3.num_output=1", "model.layers.conv4.sees=all"}, 2));
}

TEST(ColumnsTest, AnIncompleteGroupOfDevicesIsAnInternalError) {
  on_column_devices(2, [](const ColumnShare& share) {
    if (share.index != 0) return;
    expect_error(ExitCode::internal, {"device 1 of 2 has a communicator that calls it 0 of 2"}, [&] {
      make_network(net().model, 20, 6, {1, 2, share.communicator});
    });
  });
  expect_error(ExitCode::internal, {"2 devices", "without a communicator"}, [] {
    const Config config = net();
    const auto graph = make_columns_graph(config, {0, 2, nullptr});
    training_step(*graph, config, 24, 0);
  });
}

}  // namespace
}  // namespace alexnet::test
