// The ranks of this process: what each call gives, and what happens when one rank fails, hangs or leaves.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <fstream>
#include <functional>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "alexnet/comm/ranks.hpp"
#include "alexnet/core/log.hpp"
#include "comm/collective_checks.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {
namespace {

class CommunicatorThreads : public ::testing::TestWithParam<int> {
 protected:
  void on_all_ranks(const std::function<void(Communicator&)>& body) {
    const ExitCode code = run_ranks({.num_ranks = GetParam(), .time_limit_s = 60}, [&](Communicator& world) {
      body(world);
      return ExitCode::done;
    });
    EXPECT_EQ(code, ExitCode::done);
  }
};

INSTANTIATE_TEST_SUITE_P(Ranks, CommunicatorThreads, ::testing::Values(1, 2, 3, 5));

TEST_P(CommunicatorThreads, EveryCallGivesWhatItShould) { on_all_ranks(test::check_collectives); }
TEST_P(CommunicatorThreads, SumsAreTheSameBitsAgainInTheOrderOfTheRanks) { on_all_ranks(test::check_sums_are_ordered); }
TEST_P(CommunicatorThreads, SplitsByColor) { on_all_ranks(test::check_split); }
TEST_P(CommunicatorThreads, TwoThreadsOfARankUseTwoCommunicatorsAtOnce) { on_all_ranks(test::check_two_threads); }
TEST_P(CommunicatorThreads, CountsTraffic) { on_all_ranks(test::check_traffic); }

// Host memory that is reached as a device's is: through calls that are done when it is synchronised.
class LazyDevice : public DeviceMemory {
 public:
  explicit LazyDevice(std::string name) : name_(std::move(name)) {}
  ~LazyDevice() override { EXPECT_TRUE(given_.empty()) << "work that nobody waited for"; }
  std::string unique_name() const override { return name_; }
  int device_id() const override { return 0; }
  void* stream() const override { return nullptr; }
  void copy(void* dst, const void* src, std::size_t bytes) override {
    given_.push_back([=] { std::memcpy(dst, src, bytes); });
  }
  void sum(float* dst, std::span<const float* const> srcs, std::size_t count) override {
    given_.push_back([=, all = std::vector<const float*>(srcs.begin(), srcs.end())] {
      for (std::size_t i = 0; i < count; ++i) {
        float total = all[0][i];
        for (std::size_t s = 1; s < all.size(); ++s) total += all[s][i];
        dst[i] = total;
      }
    });
  }
  void synchronize() override {
    for (const auto& work : given_) work();
    given_.clear();
  }

 private:
  std::string name_;
  std::vector<std::function<void()>> given_;
};

TEST_P(CommunicatorThreads, ShareADevice) {
  on_all_ranks([](Communicator& world) {
    LazyDevice device("GPU-1");
    const auto on_device = make_device_communicator(world.split(0), &device);
    if (world.size() == 1) {  // nobody else: nothing to wait for
      std::vector<int> src{1, 2, 3}, dst(3);
      on_device->all_gather(src.data(), dst.data(), 3 * sizeof(int));
      device.synchronize();
      EXPECT_EQ(dst, src);
      return;
    }
    EXPECT_EQ(on_device->description(), fmt::format("{} threads of one process on one device", world.size()));
    test::check_collectives(*on_device);
    test::check_sums_are_ordered(*on_device);
    test::check_traffic(*on_device);
  });
}

TEST_P(CommunicatorThreads, HostMemoryNeedsNothingElse) {
  on_all_ranks([](Communicator& world) { test::check_collectives(*make_device_communicator(world.split(0), nullptr)); });
}

constexpr RankOptions kThree{.num_ranks = 3, .time_limit_s = 60};

TEST(RanksThreads, AnErrorOfOneRankEndsAllWithItsReasonAndCode) {
  std::atomic<int> num_told{0};
  expect_error(ExitCode::io_failed, {"rank 1: disk full"}, [&] {
    run_ranks(kThree, [&](Communicator& world) {
      const auto columns = world.split(0);
      if (world.rank() == 1) fail(ExitCode::io_failed, "disk full");
      try {
        columns->barrier();
      } catch (const Error& e) {
        EXPECT_STREQ(e.what(), "rank 1: disk full");
        EXPECT_EQ(e.code(), ExitCode::io_failed);
        ++num_told;
        throw;
      }
      return ExitCode::done;
    });
  });
  EXPECT_EQ(num_told, 2);
}

// As one that waits for a GPU.
TEST(RanksThreads, ARankThatWaitsByMeansOfItsOwnHearsOfAnError) {
  expect_error(ExitCode::io_failed, {"rank 2: disk full"}, [] {
    run_ranks(kThree, [](Communicator& world) -> ExitCode {
      const auto pair = world.split(world.rank() / 2);
      pair->throw_if_aborted();
      world.barrier();
      if (world.rank() == 2) fail(ExitCode::io_failed, "disk full");
      for (;;) pair->throw_if_aborted();
    });
  });
}

TEST(RanksThreads, AnyExceptionEndsAll) {
  const auto throws = [](auto exception) {
    run_ranks(kThree, [&](Communicator& world) {
      if (world.rank() == 2) throw exception;
      world.barrier();
      return ExitCode::done;
    });
  };
  expect_error(ExitCode::internal, {"rank 2: internal error", "strange"}, [&] { throws(std::logic_error("strange")); });
  expect_error(ExitCode::out_of_memory, {"rank 2: out of host memory"}, [&] { throws(std::bad_alloc()); });
}

TEST(RanksThreads, RankZerosErrorGoesOnAsItIs) {
  const auto body = [](Communicator& world) -> ExitCode {
    if (world.rank() == 0) throw std::out_of_range("as it is");
    world.barrier();
    return ExitCode::done;
  };
  EXPECT_THROW(run_ranks(kThree, body), std::out_of_range);
}

TEST(RanksThreads, ARankThatDoesNotComeIsNamed) {
  std::atomic<bool> told{false};
  expect_error(ExitCode::rank_lost, {"rank 2 did not arrive at all_gather within 0.2 s"}, [&] {
    run_ranks({.num_ranks = 3, .time_limit_s = 0.2}, [&](Communicator& world) {
      if (world.rank() == 2) {
        while (!told) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return ExitCode::done;
      }
      try {
        const int mine = world.rank();
        std::vector<int> all(3);
        world.all_gather(&mine, all.data(), sizeof mine);
      } catch (const Error&) {
        told = true;
        throw;
      }
      return ExitCode::done;
    });
  });
}

// Ranks 0 and 1 are columns of one replica, 2 and 3 of the other. Rank 3 hangs; rank 1 waits for it, and rank 0 for rank 1.
TEST(RanksThreads, ARankThatWaitsForAnotherIsNotToBlame) {
  std::atomic<int> num_told{0};
  expect_error(ExitCode::rank_lost, {"rank 3 did not arrive at barrier within 0.3 s"}, [&] {
    run_ranks({.num_ranks = 4, .time_limit_s = 0.3}, [&](Communicator& world) {
      const auto columns = world.split(world.rank() / 2), replicas = world.split(world.rank() % 2);
      if (world.rank() == 1) std::this_thread::sleep_for(std::chrono::milliseconds(100));  // so that rank 0 is the first to give up
      try {
        if (world.rank() < 2) (world.rank() == 0 ? columns : replicas)->barrier();
      } catch (const Error&) {
        ++num_told;
        throw;
      }
      while (num_told < 2) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return ExitCode::done;
    });
  });
}

TEST(RanksThreads, ARankThatHasEndedIsNotWaitedFor) {
  expect_error(ExitCode::rank_lost, {"rank 1 has ended while rank", "waits for it in barrier"}, [] {
    run_ranks(kThree, [](Communicator& world) {
      const auto same = world.split(0);
      if (world.rank() != 1) same->barrier();
      return ExitCode::done;
    });
  });
}

TEST(RanksThreads, DifferentCallsAreABug) {
  expect_error(ExitCode::internal, {"rank", "calls broadcast (4)", "calls broadcast (8)"}, [] {
    run_ranks({.num_ranks = 2}, [](Communicator& world) {
      double value = 0;
      world.broadcast(&value, world.rank() == 0 ? 4 : 8, 0);
      return ExitCode::done;
    });
  });
}

TEST(RanksThreads, SomeOnOneDeviceAreRefused) {
  expect_error(ExitCode::configuration, {"device.ids", "3 ranks use 2 GPUs"}, [] {
    run_ranks(kThree, [](Communicator& world) {
      LazyDevice device(world.rank() == 0 ? "GPU-1" : "GPU-2");
      make_device_communicator(world.split(0), &device);
      return ExitCode::done;
    });
  });
}

TEST(RanksThreads, ADeviceForEachNeedsNccl) {
  const std::vector<std::string> built = built_communicators();
  if (std::find(built.begin(), built.end(), "nccl") != built.end()) GTEST_SKIP() << "built with NCCL";
  expect_error(ExitCode::unavailable, {"2 ranks with a GPU each need NCCL", "built without"}, [] {
    run_ranks({.num_ranks = 2}, [](Communicator& world) {
      LazyDevice device(world.rank() == 0 ? "GPU-1" : "GPU-2");
      make_device_communicator(world.split(0), &device);
      return ExitCode::done;
    });
  });
}

TEST(RanksThreads, RankZeroAloneIsHeard) {
  const TemporaryFolder folder;
  const std::string file = folder / "log";
  log::add_file(file);
  run_ranks(kThree, [](Communicator& world) {
    log::warning("rank {} warns", world.rank());
    if (world.rank() == 2) log::error("rank 2 fails");
    return ExitCode::done;
  });
  log::remove_file(file);
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  EXPECT_NE(text.str().find("warning: rank 0 warns"), std::string::npos) << text.str();
  EXPECT_NE(text.str().find("error: rank 2 fails"), std::string::npos) << text.str();
  EXPECT_EQ(text.str().find("rank 1"), std::string::npos) << text.str();
}

TEST(RanksThreads, TheLowestRankThatIsNotDoneDecides) {
  const ExitCode code = run_ranks(kThree, [](Communicator& world) {
    return world.rank() == 0 ? ExitCode::done : world.rank() == 1 ? ExitCode::run_again : ExitCode::answer_is_no;
  });
  EXPECT_EQ(code, ExitCode::run_again);
}

}  // namespace
}  // namespace alexnet
