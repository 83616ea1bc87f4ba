// Ranks with a GPU each: threads with a device of the execution model each, on a stand-in for libnccl.so.2.
#include <dlfcn.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "alexnet/comm/ranks.hpp"
#include "alexnet/selftest/selftest.hpp"
#include "comm/collective_checks.hpp"
#include "cuda_emulated/nccl_standin.hpp"
#include "cuda_emulated/through_device.hpp"
#include "emulator/emulator.hpp"
#include "ops/device_memory_cuda.hpp"
#include "ops/ops_cuda.hpp"
#include "support/column_ranks.hpp"
#include "support/expect_error.hpp"
#include "support/logged.hpp"
#include "support/temporary_folder.hpp"
#include "train/gradient_exchange.hpp"
#include "train/rank_group.hpp"

namespace alexnet::test {
namespace {

using testing::Each;
using testing::Ge;
using testing::IsEmpty;
using testing::Key;
using testing::Pair;
using testing::UnorderedElementsAre;
using Kind = StandinTrouble::Kind;

constexpr const char* kVariable = "ALEXNET_NCCL_FOLDER";

class NcclTest : public testing::Test {
 protected:
  NcclTest() {
    setenv(kVariable, NCCL_STANDIN_FOLDER, 1);
    emulator::device_state().num_devices = 4;
  }
  ~NcclTest() override {
    begin();
    emulator::device_state() = {};
    unsetenv(kVariable);
  }

  // Nothing is left of what was before, and nothing was against NCCL's rules.
  static void begin(const std::optional<StandinTrouble>& trouble = {}, int polls = 0) {
    NcclStandin& standin = nccl_standin();
    EXPECT_EQ(standin.num_made, standin.num_destroyed + standin.num_aborted);
    EXPECT_THAT(standin.misuses, IsEmpty());
    standin = {.polls = polls, .trouble = trouble};
  }

  static void on_devices(int num_ranks, const std::function<void(Communicator&)>& body, double time_limit_s = 60) {
    const ExitCode code = run_ranks({.num_ranks = num_ranks, .time_limit_s = time_limit_s}, [&](Communicator& world) {
      DeviceCuda device(world.rank());
      DeviceMemoryCuda memory(device, true);
      ThroughDevice comm(make_device_communicator(world.split(0), &memory), device);
      body(comm);
      return ExitCode::done;
    });
    EXPECT_EQ(code, ExitCode::done);
  }
  static void add_ones(Communicator& comm) {
    float one = 1;
    comm.all_reduce_sum(&one, 1);
    EXPECT_EQ(one, static_cast<float>(comm.size()));
  }
};

class CommunicatorNccl : public NcclTest, public testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(Ranks, CommunicatorNccl, testing::Values(2, 4));

TEST_P(CommunicatorNccl, EveryCallGivesWhatItShould) {
  on_devices(GetParam(), [](Communicator& comm) {
    EXPECT_EQ(comm.description(), fmt::format("NCCL 2.28.9, {} GPUs; {} threads of one process", comm.size(), comm.size()));
    EXPECT_EQ(comm.time_limit_s(), 60);
    check_collectives(comm);
  });
  EXPECT_EQ(nccl_standin().num_destroyed, GetParam());
}

TEST_P(CommunicatorNccl, SplitsByColor) { on_devices(GetParam(), check_split); }
TEST_P(CommunicatorNccl, CountsTraffic) { on_devices(GetParam(), check_traffic); }

// As the columns' values and the replicas' gradients, which a thread sums.
TEST_P(CommunicatorNccl, TwoThreadsOfARankUseTwoQueuesAtOnce) {
  begin({}, 2);
  run_ranks({.num_ranks = GetParam()}, [](Communicator& world) {
    DeviceCuda device(world.rank());
    DeviceMemoryCuda first_memory(device, false), second_memory(device, true);
    ThroughDevice first(make_device_communicator(world.split(0), &first_memory), device);
    cudaSetDevice(0);  // as a thread that served another device
    const auto second = make_device_communicator(world.split(0), &second_memory);
    constexpr std::size_t kCount = 100;
    const Buffer sums = device.allocate(kCount * sizeof(float), "sums");
    std::vector<float> values(kCount, 1);
    device.copy_to_device(sums.data(), values.data(), sums.bytes());
    constexpr int kTimes = 10;
    std::thread other([&] {
      for (int i = 0; i < kTimes; ++i) second->all_reduce_sum(reinterpret_cast<float*>(sums.data()), kCount);
    });
    for (int i = 0; i < kTimes; ++i) add_ones(first);
    other.join();
    device.copy_to_host(values.data(), sums.data(), sums.bytes());
    EXPECT_THAT(values, Each(static_cast<float>(std::pow(world.size(), kTimes))));
    return ExitCode::done;
  });
}

TEST_P(CommunicatorNccl, WaitsWhileNcclIsInProgress) {
  constexpr int kPolls = 3;
  begin({}, kPolls);
  on_devices(GetParam(), check_collectives);
  EXPECT_THAT(nccl_standin().num_in_progress, UnorderedElementsAre(Key("CommInitRankConfig"), Key("AllGather"), Key("ReduceScatter"),
                                                                   Key("AllReduce"), Key("Broadcast"), Key("CommFinalize")));
  EXPECT_THAT(nccl_standin().num_in_progress, Each(Pair(testing::_, Ge(kPolls * GetParam()))));
  EXPECT_EQ(nccl_standin().num_destroyed, GetParam());
}

TEST_F(NcclTest, WhatNcclRefusesOrFailsInEndsAllRanks) {
  for (const Kind kind : {Kind::refused, Kind::fails_later}) {
    for (const auto& [call, what] : {std::pair{"CommInitRankConfig", "connecting the ranks"}, {"AllReduce", "all_reduce_sum"}}) {
      for (const int rank : {0, 2}) {
        begin(StandinTrouble{call, rank, kind, ncclRemoteError}, 2);
        std::atomic<int> num_told{0};
        expect_error(ExitCode::rank_lost,
                     {fmt::format("{}NCCL: {}: another rank failed ({})", rank == 0 ? "" : "rank 2: ", what,
                                  kind == Kind::refused ? "the stand-in refuses" : "the stand-in fails")},
                     [&] {
                       on_devices(3, [&](Communicator& comm) {
                         try {
                           add_ones(comm);
                         } catch (const Error&) {
                           ++num_told;
                           throw;
                         }
                       });
                     });
        const bool has_connected = std::string(call) == "AllReduce";
        EXPECT_EQ(num_told, has_connected ? 3 : 0);
        EXPECT_EQ(nccl_standin().num_aborted, kind == Kind::refused && !has_connected ? 2 : 3) << call;
        EXPECT_EQ(nccl_standin().num_destroyed, 0);
      }
    }
  }
}

TEST_F(NcclTest, AnIdThatCannotBeMadeEndsAllRanks) {
  begin(StandinTrouble{.call = "GetUniqueId"});
  expect_error(ExitCode::rank_lost, {"NCCL: making an id: a call of the system failed (the stand-in refuses)"},
               [] { on_devices(2, add_ones); });
  EXPECT_EQ(nccl_standin().num_made, 0);
}

TEST_F(NcclTest, ACallThatDoesNotEndIsGivenUp) {
  for (const auto& [call, what] : {std::pair{"CommInitRankConfig", "connecting the ranks"}, {"AllReduce", "all_reduce_sum"}}) {
    begin(StandinTrouble{call, 1, Kind::hangs});
    expect_error(ExitCode::rank_lost, {what, " on the GPUs did not end within 0.2 s although all ranks had come: one was lost, or hangs"},
                 [] { on_devices(2, add_ones, 0.2); });
    EXPECT_EQ(nccl_standin().num_aborted, 2);
  }
}

TEST_F(NcclTest, ARankThatFailsElsewhereIsHeardOf) {
  expect_error(ExitCode::io_failed, {"rank 1: disk full"}, [] {
    on_devices(2, [](Communicator& comm) {
      add_ones(comm);
      if (comm.rank() == 1) fail(ExitCode::io_failed, "disk full");
      add_ones(comm);
    });
  });
  EXPECT_EQ(nccl_standin().num_aborted, 2);
  EXPECT_FALSE(nccl_standin().num_in_progress.contains("CommFinalize")) << "it would have waited for the others";
}

TEST_F(NcclTest, RanksLeaveWhenDisconnectingFailsOrHangs) {
  for (const Kind kind : {Kind::refused, Kind::fails_later, Kind::hangs}) {
    begin(StandinTrouble{"CommFinalize", 1, kind});
    on_devices(2, add_ones, 0.2);
    EXPECT_EQ(nccl_standin().num_aborted, 2);
  }
}

TEST_F(NcclTest, SaysInOneLineWhyThereIsNoLibrary) {
  const TemporaryFolder folder;
  setenv(kVariable, folder.path().c_str(), 1);
  expect_error(ExitCode::unavailable,
               {"NCCL: ", "libnccl.so.2: ", "install libnccl2, or name its folder in ALEXNET_NCCL_FOLDER or LD_LIBRARY_PATH"},
               [] { on_devices(2, add_ones); });
  Dl_info other{};
  ASSERT_NE(dladdr(reinterpret_cast<void*>(&setenv), &other), 0);
  std::filesystem::create_symlink(other.dli_fname, folder.path() / "libnccl.so.2");
  expect_error(ExitCode::unavailable, {"NCCL: libnccl.so.2 has no function ncclGetVersion: 2.14 or later is needed"},
               [] { on_devices(2, add_ones); });
}

TEST_F(NcclTest, TheSelftestChecksItWhereItIs) {
  const std::shared_ptr<Backend> backend = make_backend_cuda({});
  const auto count_checks = [&] {
    int count = 0;
    run_selftest(backend, "exchange", [&](const SelftestResult& result) {
      EXPECT_EQ(result.trouble, "") << result.shape << " " << result.pass;
      ++count;
    });
    return count;
  };
  EXPECT_EQ(count_checks(), 8);
  EXPECT_EQ(nccl_standin().num_destroyed, 1);
  const TemporaryFolder folder;
  setenv(kVariable, folder.path().c_str(), 1);
  EXPECT_THAT(logged([&] { EXPECT_EQ(count_checks(), 4); }), testing::HasSubstr("warning: exchange: NCCL is left out: NCCL: "));
}

// What the first step of a small network finds, laid over devices.
struct Step {
  double loss = 0;
  std::map<std::string, std::vector<float>> gradients;
};

Step first_step(const RankLayout& layout) {
  const Config config = parse_config(kColumnsNet, "test.yaml", {});
  Step result;
  std::mutex mutex;
  run_ranks({.num_ranks = layout.num_ranks()}, [&](Communicator& world) {
    RankGroup ranks(world, layout);
    ColumnsOptions options;
    options.backend = make_backend_cuda({0, world.rank()});
    options.batch_size = 4 / layout.replicas;
    ranks.connect(options.backend);
    const auto graph = make_columns_graph(config, {ranks.column(), layout.columns, ranks.columns()}, options);
    std::optional<GradientExchange> exchange;
    BackwardOptions backward;
    if (ranks.replicas() != nullptr) {
      exchange.emplace(*ranks.replicas(), *options.backend);
      backward.on_gradients = [&](float* values, std::size_t count) { exchange->add(values, count); };
    }
    set_columns_batch(*graph, config, options.picture_size, 0, ranks.replica(), layout.replicas);
    graph->forward(true);
    graph->backward(backward);
    if (exchange) exchange->finish();
    double loss = graph->totals().loss / 4;
    ranks.sum_over_replicas({&loss, 1});
    std::map<std::string, std::vector<float>> gradients;
    for (const Parameter& p : graph->parameters()) gradients[p.spec.name] = graph->read_whole(p, p.diff);
    const std::lock_guard lock(mutex);
    if (ranks.is_first()) result = {loss, std::move(gradients)};
    return ExitCode::done;
  });
  return result;
}

TEST_F(NcclTest, ColumnsAndReplicasFindTheGradientsOfOneDevice) {
  const Step one = first_step({1, 1});
  EXPECT_EQ(nccl_standin().num_made, 0);
  for (const RankLayout& layout : {RankLayout{2, 1}, RankLayout{1, 2}, RankLayout{2, 2}}) {
    const std::string name = fmt::format("{} columns, {} replicas", layout.columns, layout.replicas);
    begin({}, 1);
    const Step step = first_step(layout);
    EXPECT_EQ(nccl_standin().num_destroyed, layout.num_ranks() == 4 ? 8 : 2) << name;
    EXPECT_NEAR(step.loss, one.loss, 1e-6 * one.loss) << name;
    ASSERT_FALSE(one.gradients.empty());
    for (const auto& [parameter, expected] : one.gradients) {
      EXPECT_LT(norm_of_difference(step.gradients.at(parameter), expected), 1e-5) << name << ", " << parameter;
    }
  }
}

}  // namespace
}  // namespace alexnet::test
