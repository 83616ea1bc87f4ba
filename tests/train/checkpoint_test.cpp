#include "alexnet/train/checkpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "alexnet/io/files.hpp"
#include "alexnet/io/safetensors.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

using testing::HasSubstr;

constexpr const char* kConfig = R"(
data: {path: nowhere, crop: 8}
model:
  columns: 2
  num_classes: 3
  layers:
    - {name: conv1, type: conv2d, sees: all, num_output: 4, kernel_size: 3, stride: 2, pad: 1}
    - {name: act1, type: relu}
    - {name: fc2, type: fully_connected, sees: all, num_output: num_classes}
    - {name: loss, type: softmax_cross_entropy}
train: {batch_size: 2, max_steps: 1}
schedule: {kind: plateau, learning_rate: 0.01}
)";

struct Fixture {
  explicit Fixture(const std::vector<std::string>& sets = {}) {
    checkpoint.config = parse_config(kConfig, "test.yaml", sets);
    GraphOptions options;
    options.batch_size = 2;
    options.image_height = options.image_width = 8;
    graph = std::make_unique<Graph>(make_network(checkpoint.config.model, 8, 3), make_backend("onednn", {1}), options);
    graph->initialize(1);
    float next = 0;
    for (Parameter& p : graph->parameters()) {
      std::vector<float> velocity(static_cast<std::size_t>(p.velocity.count()));
      for (float& v : velocity) v = next += 0.5F;
      graph->write(p.velocity, velocity);
    }
    checkpoint.state = {.step = 7,
                        .samples = 14,
                        .epoch_samples = 10,
                        .schedule = {.reductions = 1, .best = 0.25, .best_epoch = 1.2, .ended = false},
                        .best = 0.125,
                        .interval = {.loss = 1.0 / 3.0, .top1_errors = 2, .top5_errors = 1, .images = 4, .finite = 1}};
    checkpoint.classes = {{"a", "apple"}, {"b", "bear"}, {"c", "cat, \"quoted\""}};
    checkpoint.picture_size = 8;
    checkpoint.resampler = "none";
    checkpoint.statistics.height = checkpoint.statistics.width = 8;
    checkpoint.statistics.mean_image.assign(8 * 8 * 3, 99.5F);
    checkpoint.statistics.rgb_eigenvalues = {3, 2, 1};
    checkpoint.statistics.rgb_eigenvectors = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  }
  Checkpoint checkpoint;
  std::unique_ptr<Graph> graph;
};

TEST(CheckpointTest, EverythingComesBack) {
  const TemporaryFolder folder;
  Fixture f;
  save_checkpoint(folder / "c.safetensors", *f.graph, f.checkpoint);
  const Checkpoint back = read_checkpoint(folder / "c.safetensors");
  EXPECT_EQ(dump_config(back.config), dump_config(f.checkpoint.config));
  EXPECT_EQ(back.state.step, 7U);
  EXPECT_EQ(back.state.samples, 14U);
  EXPECT_DOUBLE_EQ(back.state.epoch(), 1.4);
  EXPECT_EQ(back.state.schedule.reductions, 1);
  EXPECT_EQ(back.state.schedule.best, 0.25);
  EXPECT_EQ(back.state.best, 0.125);
  EXPECT_EQ(back.state.interval.loss, 1.0 / 3.0);
  EXPECT_EQ(back.state.interval.images, 4);
  EXPECT_EQ(back.classes, f.checkpoint.classes);
  EXPECT_EQ(back.statistics.mean_image, f.checkpoint.statistics.mean_image);
  EXPECT_EQ(back.statistics.rgb_eigenvalues, f.checkpoint.statistics.rgb_eigenvalues);

  Fixture other({"seed=2"});
  other.graph->initialize(2);
  load_parameters(folder / "c.safetensors", *other.graph, {.velocities = true, .skip = {}});
  for (std::size_t i = 0; i < f.graph->parameters().size(); ++i) {
    const Parameter &a = f.graph->parameters()[i], &b = other.graph->parameters()[i];
    EXPECT_EQ(f.graph->read(a.value), other.graph->read(b.value)) << a.spec.name;
    EXPECT_EQ(f.graph->read(a.velocity), other.graph->read(b.velocity)) << a.spec.name;
  }
}

TEST(CheckpointTest, TheSameStateIsTheSameBytes) {
  const TemporaryFolder folder;
  Fixture a, b;
  save_checkpoint(folder / "a", *a.graph, a.checkpoint);
  save_checkpoint(folder / "b", *b.graph, b.checkpoint);
  EXPECT_EQ(read_binary_file(folder / "a"), read_binary_file(folder / "b"));
}

TEST(CheckpointTest, NamesAndShapesArePyTorchs) {
  const TemporaryFolder folder;
  Fixture f;
  save_checkpoint(folder / "c", *f.graph, f.checkpoint);
  const SafetensorsFile file(folder / "c");
  EXPECT_THAT(file.names(), testing::IsSupersetOf({"conv1.weight", "conv1.bias", "fc2.weight", "velocity.fc2.bias", "mean_image"}));
  EXPECT_EQ(file.shape("conv1.weight"), (Shape{4, 3, 3, 3}));
  EXPECT_EQ(file.shape("fc2.weight"), (Shape{3, 64}));
  EXPECT_EQ(file.metadata().at("format"), "pt");
}

TEST(CheckpointTest, SkippedLayersKeepTheirWeights) {
  const TemporaryFolder folder;
  Fixture f, other;
  save_checkpoint(folder / "c", *f.graph, f.checkpoint);
  other.graph->initialize(9);
  const auto fc2 = other.graph->read(other.graph->parameters()[2].value);
  load_parameters(folder / "c", *other.graph, {.velocities = false, .skip = {"fc2"}});
  EXPECT_EQ(other.graph->read(other.graph->parameters()[2].value), fc2);
  EXPECT_EQ(other.graph->read(other.graph->parameters()[0].value), f.graph->read(f.graph->parameters()[0].value));
  expect_error(ExitCode::configuration, {"train.init.skip", "no layer fc9"},
               [&] { load_parameters(folder / "c", *other.graph, {.velocities = false, .skip = {"fc9"}}); });
}

TEST(CheckpointTest, AnotherNetworkIsNamedByItsTensor) {
  const TemporaryFolder folder;
  Fixture f, wider({"model.layers.conv1.num_output=8"});
  save_checkpoint(folder / "c", *f.graph, f.checkpoint);
  expect_error(ExitCode::bad_data, {"tensor conv1.weight is (4, 3, 3, 3)", "this network's is (8, 3, 3, 3)", "another network"},
               [&] { load_parameters(folder / "c", *wider.graph, {}); });
  const TemporaryFolder renamed;
  write_safetensors(renamed / "c", {}, {});
  expect_error(ExitCode::bad_data, {"has no tensor conv1.weight"}, [&] { load_parameters(renamed / "c", *f.graph, {}); });
}

TEST(CheckpointTest, FilesOfOthersAreRefused) {
  const TemporaryFolder folder;
  write_safetensors(folder / "foreign", {}, {{"format", "pt"}});
  expect_error(ExitCode::bad_data, {"not a checkpoint of alexnet"}, [&] { read_checkpoint(folder / "foreign"); });
  write_safetensors(folder / "damaged", {}, {{"alexnet", "{\"step\": "}});
  expect_error(ExitCode::bad_data, {"metadata \"alexnet\" is damaged"}, [&] { read_checkpoint(folder / "damaged"); });
  write_safetensors(folder / "newer", {}, {{"alexnet", "{\"format_version\": 99}"}});
  expect_error(ExitCode::bad_data, {"checkpoint format 99"}, [&] { read_checkpoint(folder / "newer"); });
  expect_error(ExitCode::no_input, {"absent"}, [&] { read_checkpoint(folder / "absent"); });
}

TEST(CheckpointTest, AChoiceOfAlgorithmsThatIsNoneIsRefused) {
  const TemporaryFolder folder;
  Fixture f;
  save_checkpoint(folder / "c", *f.graph, f.checkpoint);
  EXPECT_TRUE(read_checkpoint(folder / "c").algorithms.empty());
  const std::string rest = SafetensorsFile(folder / "c").metadata().at("alexnet");
  for (const char* algorithms : {"[]", "7", "{\"conv1.forward\": 7}"}) {
    const std::string edited = fmt::format("{{\"algorithms\": {}, {}", algorithms, rest.substr(1));
    write_safetensors(folder / "edited", {}, {{"alexnet", edited}});
    expect_error(ExitCode::bad_data, {"edited: metadata \"alexnet\" is damaged"}, [&] { read_checkpoint(folder / "edited"); });
  }
}

TEST(CheckpointTest, OneThatIsCutShortIsRefused) {
  const TemporaryFolder folder;
  Fixture f;
  save_checkpoint(folder / "c", *f.graph, f.checkpoint);
  std::filesystem::resize_file(folder / "c", std::filesystem::file_size(folder / "c") - 100);
  expect_error(ExitCode::bad_data, {"cut short"}, [&] { read_checkpoint(folder / "c"); });
}

TEST(CheckpointTest, AFlippedBitIsFound) {
  const TemporaryFolder folder;
  Fixture f;
  save_checkpoint(folder / "c", *f.graph, f.checkpoint);
  auto bytes = read_binary_file(folder / "c");
  bytes[bytes.size() - 2000] ^= 1;
  folder.write("c", std::string(bytes.begin(), bytes.end()));
  expect_error(ExitCode::bad_data, {"damaged"}, [&] { load_parameters(folder / "c", *f.graph, {}); });
}

TEST(CheckpointTest, AMeanImageOfAnotherSizeIsRefused) {
  const TemporaryFolder folder;
  Fixture f;
  f.checkpoint.picture_size = 9;
  save_checkpoint(folder / "c", *f.graph, f.checkpoint);
  expect_error(ExitCode::bad_data, {"mean_image (8, 8, 3) does not fit pictures of 9 x 9"}, [&] { read_checkpoint(folder / "c"); });
}

TEST(CheckpointTest, ARunDirectorysBestIsTakenThenItsLast) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "run");
  expect_error(ExitCode::no_input, {"neither best.safetensors nor last.safetensors"}, [&] { find_checkpoint(folder / "run"); });
  expect_error(ExitCode::no_input, {"no such file or run directory"}, [&] { find_checkpoint(folder / "elsewhere"); });
  folder.write("run/last.safetensors", "");
  EXPECT_EQ(find_checkpoint(folder / "run"), folder / "run/last.safetensors");
  folder.write("run/best.safetensors", "");
  EXPECT_EQ(find_checkpoint(folder / "run"), folder / "run/best.safetensors");
}

TEST(CheckpointTest, OtherClassesAreNamed) {
  const std::vector<ClassInfo> ab = {{"a", ""}, {"b", ""}}, ac = {{"a", ""}, {"c", ""}}, abc = {{"a", ""}, {"b", ""}, {"c", ""}};
  check_same_classes(ab, ab, "C", "D");
  expect_error(ExitCode::bad_data, {"C has 2 classes", "D has 3"}, [&] { check_same_classes(ab, abc, "C", "D"); });
  expect_error(ExitCode::bad_data, {"class 1 is b in C and c in the data set D"}, [&] { check_same_classes(ab, ac, "C", "D"); });
}

}  // namespace
}  // namespace alexnet
