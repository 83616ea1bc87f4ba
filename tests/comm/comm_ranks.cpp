// One rank of a job that a test starts under mpirun: comm_ranks CASE [TIME LIMIT]. Leaves as run_ranks says; with 1 when a check failed.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "alexnet/comm/ranks.hpp"
#include "alexnet/core/log.hpp"
#include "comm/collective_checks.hpp"

namespace {

using namespace alexnet;

ExitCode check_all(Communicator& world) {
  test::check_collectives(world);
  test::check_sums_are_ordered(world);
  test::check_split(world);
  test::check_two_threads(world);
  test::check_traffic(world);
  log::info("all is checked");
  return ::testing::UnitTest::GetInstance()->ad_hoc_test_result().Failed() ? ExitCode::answer_is_no : ExitCode::done;
}

[[noreturn]] void hang() {
  for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
}

class OneGpu : public DeviceMemory {
 public:
  std::string unique_name() const override { return "GPU-1"; }
  int device_id() const override { return 0; }
  void* stream() const override { return nullptr; }
  void copy(void*, const void*, std::size_t) override {}
  void sum(float*, std::span<const float* const>, std::size_t) override {}
  void synchronize() override {}
};

const std::map<std::string, ExitCode (*)(Communicator&)> kCases{
    {"all", check_all},
    {"prints_sums",  // of values whose sum depends on the order
     [](Communicator& world) {
       std::vector<float> values;
       for (int i = 0; i < 1000; ++i) values.push_back(1.0F / static_cast<float>(1 + i + 97 * world.rank()));
       world.all_reduce_sum(values.data(), values.size());
       if (world.rank() == 1) std::cout << std::hexfloat;
       if (world.rank() == 1) std::copy(values.begin(), values.end(), std::ostream_iterator<float>(std::cout, "\n"));
       return ExitCode::done;
     }},
    {"returns_75_on_the_last", [](Communicator& world) { return world.rank() + 1 == world.size() ? ExitCode::run_again : ExitCode::done; }},
    {"fails_on_1",
     [](Communicator& world) {
       const auto columns = world.split(0);
       if (world.rank() == 1) fail(ExitCode::io_failed, "disk full");
       columns->barrier();
       return ExitCode::done;
     }},
    {"fails_on_all", [](Communicator&) -> ExitCode { fail(ExitCode::configuration, "train.batch_size: 0 is too small"); }},
    {"throws_on_0",
     [](Communicator& world) {
       if (world.rank() == 0) throw std::logic_error("strange");
       world.barrier();
       return ExitCode::done;
     }},
    {"fails_during_sums_of_others",  // ranks 1 and 2 are busy with each other
     [](Communicator& world) -> ExitCode {
       const auto pair = world.split(world.rank() == 0 ? 0 : 1);
       if (world.rank() == 0) {
         std::this_thread::sleep_for(std::chrono::milliseconds(200));
         fail(ExitCode::bad_data, "no picture");
       }
       std::vector<float> values(1000000, 1.0F);
       for (;;) pair->all_reduce_sum(values.data(), values.size());
     }},
    {"fails_on_2_while_others_wait_by_themselves",
     [](Communicator& world) -> ExitCode {
       const auto pair = world.split(world.rank() / 2);
       world.barrier();
       if (world.rank() == 2) fail(ExitCode::io_failed, "disk full");
       for (;;) pair->throw_if_aborted();
     }},
    {"hangs_on_1",
     [](Communicator& world) {
       if (world.rank() == 1) hang();
       world.barrier();
       return ExitCode::done;
     }},
    {"hangs_on_0",
     [](Communicator& world) {
       if (world.rank() == 0) hang();
       world.barrier();
       return ExitCode::done;
     }},
    {"hangs_on_3_of_a_grid",  // as the test of threads of the same name
     [](Communicator& world) {
       const auto columns = world.split(world.rank() / 2), replicas = world.split(world.rank() % 2);
       if (world.rank() > 1) hang();
       if (world.rank() == 1) std::this_thread::sleep_for(std::chrono::milliseconds(100));
       (world.rank() == 0 ? columns : replicas)->barrier();
       return ExitCode::done;
     }},
    {"is_killed_on_1",
     [](Communicator& world) {
       if (world.rank() == 1) std::raise(SIGKILL);
       world.barrier();
       return ExitCode::done;
     }},
    {"calls_differ",
     [](Communicator& world) {
       double value = 0;
       world.broadcast(&value, world.rank() == 0 ? 4 : 8, 0);
       return ExitCode::done;
     }},
    {"share_a_gpu",
     [](Communicator& world) {
       OneGpu gpu;
       make_device_communicator(world.split(0), &gpu);
       return ExitCode::done;
     }},
    {"gathers_too_much",
     [](Communicator& world) {
       world.all_gather(nullptr, nullptr, std::size_t{3} << 30);
       return ExitCode::done;
     }},
};

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  try {
    return static_cast<int>(run_ranks({.num_ranks = 1, .time_limit_s = argc > 2 ? std::atof(argv[2]) : 60}, kCases.at(argv[1])));
  } catch (const Error& e) {
    log::error("{}", e.what());
    return static_cast<int>(e.code());
  }
}
