// Checkpoints and statistics of a network whose columns lie over two devices: the same as those of one.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "alexnet/io/files.hpp"
#include "alexnet/train/checkpoint.hpp"
#include "support/column_ranks.hpp"
#include "support/temporary_folder.hpp"
#include "train/layer_statistics.hpp"
#include "train/rank_group.hpp"

namespace alexnet::test {
namespace {

// Shares that do not divide: 7 classes.
Config net() { return parse_config(kColumnsNet, "test.yaml", {"model.num_classes=7", "model.layers.fc6.sees=all"}); }

Checkpoint checkpoint_of(const Config& config) {
  Checkpoint c;
  c.config = config;
  c.picture_size = 24;
  c.resampler = "none";
  c.statistics.height = c.statistics.width = 24;
  c.statistics.mean_image.assign(24 * 24 * 3, 128);
  return c;
}

void train_steps(Graph& graph, const Config& config, int begin, int end) {
  for (int i = begin; i < end; ++i) {
    training_step(graph, config, 24, i);
    graph.update();
  }
}

// Loads `from` if it is not empty, trains a step more, and saves before and after.
void load_and_save(int num_devices, const std::string& from, const std::string& before, const std::string& after) {
  const Config config = net();
  on_column_devices(num_devices, [&](const ColumnShare& share) {
    const auto graph = make_columns_graph(config, share);
    if (from.empty()) {
      train_steps(*graph, config, 0, 2);
    } else {
      load_parameters(from, *graph, {.velocities = true, .skip = {}});
    }
    save_checkpoint(before, *graph, checkpoint_of(config));
    train_steps(*graph, config, 2, 3);
    save_checkpoint(after, *graph, checkpoint_of(config));
  });
}

TEST(ColumnsTest, ACheckpointOfTwoDevicesLoadsIntoOneAndBack) {
  const TemporaryFolder folder;
  load_and_save(2, "", folder / "two", folder / "two_later");
  load_and_save(1, folder / "two", folder / "one", folder / "one_later");
  load_and_save(2, folder / "one", folder / "back", folder / "back_later");
  EXPECT_EQ(read_binary_file(folder / "one"), read_binary_file(folder / "two"));
  EXPECT_EQ(read_binary_file(folder / "back"), read_binary_file(folder / "two"));
  EXPECT_EQ(read_binary_file(folder / "back_later"), read_binary_file(folder / "two_later"));
  EXPECT_NE(read_binary_file(folder / "two_later"), read_binary_file(folder / "two"));
}

TEST(ColumnsTest, TheFirstCheckpointIsThatOfOneDevice) {
  const TemporaryFolder folder;
  const Config config = net();
  for (const int num_devices : {1, 2}) {
    on_column_devices(num_devices, [&](const ColumnShare& share) {
      save_checkpoint(folder / std::to_string(num_devices), *make_columns_graph(config, share), checkpoint_of(config));
    });
  }
  EXPECT_EQ(read_binary_file(folder / "1"), read_binary_file(folder / "2"));
}

TEST(ColumnsTest, StatisticsAreThoseOfOneDevice) {
  const Config config = net();
  std::vector<nlohmann::json> lines(3);
  const auto run = [&](int num_devices, std::size_t first) {
    run_ranks({.num_ranks = num_devices}, [&](Communicator& world) {
      RankGroup ranks(world, {num_devices, 1});
      ranks.connect(make_backend("onednn", {1}));
      const auto graph = make_columns_graph(config, {ranks.column(), num_devices, ranks.columns()});
      LayerStatistics statistics(*graph);
      training_step(*graph, config, 24, 0, statistics.observer(graph->batch_size()));
      graph->update();
      lines[first + static_cast<std::size_t>(ranks.rank())] = statistics.collect(ranks);
      return ExitCode::done;
    });
  };
  run(1, 0);
  run(2, 1);
  EXPECT_EQ(lines[1], lines[2]);
  ASSERT_EQ(lines[0].size(), 7U);
  for (std::size_t i = 0; i < lines[0].size(); ++i) {
    for (const auto& [key, value] : lines[0][i].items()) {
      const auto& other = lines[1][i].at(key);
      if (value.is_string()) {
        EXPECT_EQ(other, value);
      } else {
        EXPECT_NEAR(other.get<double>(), value.get<double>(), 1e-5 * std::abs(value.get<double>()) + 1e-7) << lines[0][i]["name"] << key;
      }
    }
  }
}

TEST(ColumnsTest, AValueThatIsNotFiniteIsSeenByBoth) {
  const Config config = net();
  std::vector<std::string> found(2), clean(2);
  on_column_devices(2, [&](const ColumnShare& share) {
    const auto graph = make_columns_graph(config, share);
    training_step(*graph, config, 24, 0);
    const auto index = static_cast<std::size_t>(share.index);
    clean[index] = find_not_finite(*graph);
    if (share.index == 1) {
      const Parameter& conv3 = graph->parameters()[4];
      std::vector<float> values = graph->read(conv3.value);
      values.back() = INFINITY;
      graph->write(conv3.value, values);
    }
    found[index] = find_not_finite(*graph);
  });
  EXPECT_EQ(clean, std::vector<std::string>(2, ""));
  EXPECT_EQ(found, std::vector<std::string>(2, "conv3.weight holds values that are not finite"));
}

}  // namespace
}  // namespace alexnet::test
