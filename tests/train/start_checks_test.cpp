#include "train/start_checks.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "alexnet/comm/ranks.hpp"
#include "alexnet/io/safetensors.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

// Three ranks, of which the last one has something else.
template <class T, class Check>
void expect_refused_on_rank_2(ExitCode code, std::vector<std::string> words, const T& usual, const T& other, Check check) {
  const auto run = [&](const T& last) {
    run_ranks({.num_ranks = 3}, [&](Communicator& world) {
      check(world, world.rank() == 2 ? last : usual);
      world.barrier();
      return ExitCode::done;
    });
  };
  run(usual);
  words.emplace_back("rank 2: ");
  expect_error(code, words, [&] { run(other); });
}

TEST(StartChecks, ProgramsThatDifferAreNamed) {
  const std::string usual = R"({"version":"1","commit":"abc"})";
  for (const char* other : {R"({"version":"1","commit":"abd"})", "{}", "no json"})
    expect_refused_on_rank_2(
        ExitCode::configuration,
        {"the program is another one", std::string(other)[0] == '{' && other[1] != '}' ? "commit: \"abc\" -> \"abd\"" : "rank 0"}, usual,
        std::string(other), check_same_program);
}

TEST(StartChecks, KeysThatDifferAreNamed) {
  const auto config = [](const std::vector<std::string>& sets) {
    return load_config(std::string(ALEXNET_SOURCE_DIR) + "/configs/smoke.yaml", sets);
  };
  expect_refused_on_rank_2(ExitCode::configuration, {"the configuration is another one", "seed: 1 -> 2"}, config({}), config({"seed=2"}),
                           check_same_config);
  expect_refused_on_rank_2(
      ExitCode::configuration, {"model.layers.drop4.rate: 0.5 -> 0.1", "and 1 more"}, config({}),
      config({"seed=2", "train.epochs=3", "optimizer.momentum=0", "data.crop=27", "model.layers.drop4.rate=0.1", "data.flip=false"}),
      check_same_config);
}

TEST(StartChecks, BackendsThatDifferAreNamed) {
  expect_refused_on_rank_2(ExitCode::unavailable,
                           {"with the backend onednn, rank 0 with cuda", "fewer GPUs than ranks", "device.ids=[0, 0]"}, std::string("cuda"),
                           std::string("onednn"), check_same_backend);
}

TEST(StartChecks, DataSetsThatDifferAreNamed) {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b"}) {
    std::filesystem::create_directories(folder / name);
    std::ofstream(folder / name + "/dataset.json") << "{\"size\": \"" << name << "\"}";
  }
  expect_refused_on_rank_2(ExitCode::bad_data, {"the data set " + (folder / "b"), "is another one", "hash"}, folder / "a", folder / "b",
                           check_same_data_set);
}

TEST(StartChecks, CheckpointsThatDifferAreNamed) {
  const TemporaryFolder folder;
  for (const float value : {1.0F, 2.0F}) {
    std::vector<float> values{value};
    write_safetensors(folder / (value == 1 ? "a" : "b"), {{"w", Tensor(values.data(), {1}, DType::f32)}}, {{"alexnet", "the same"}});
  }
  expect_refused_on_rank_2(ExitCode::bad_data, {(folder / "b") + " is another checkpoint", "hash"}, folder / "a", folder / "b",
                           check_same_checkpoint);
}

}  // namespace
}  // namespace alexnet
