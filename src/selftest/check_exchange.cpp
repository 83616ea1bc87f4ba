// What ranks exchange, through the memory of one device: two ranks that share it, and NCCL with a single rank.
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "alexnet/comm/make_communicators.hpp"
#include "alexnet/core/log.hpp"
#include "selftest/checks.hpp"

namespace alexnet::selftest {
namespace {

constexpr double kTimeLimitS = 60;
constexpr std::int64_t kCount = 100'003;  // of a rank's part
constexpr reference::Tolerance kExact{0, 0, "sums of small integers"};

using Communicators = std::vector<std::unique_ptr<Communicator>>;

void on_every_rank(const Communicators& ranks, const std::function<void(std::size_t rank, Communicator&)>& body) {
  std::vector<std::exception_ptr> errors(ranks.size());
  std::vector<std::thread> threads;
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    threads.emplace_back([&, r] {
      try {
        body(r, *ranks[r]);
      } catch (...) {
        errors[r] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

Doubles added(const std::vector<Doubles>& values) {
  Doubles sum(values.front().size(), 0);
  for (const Doubles& one : values) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += one[i];
  }
  return sum;
}

void check_calls(Backend& backend, const Communicators& ranks, const std::string& name, const Report& report) {
  OpCheck check(backend, "exchange", name, report);
  const auto size = static_cast<std::int64_t>(ranks.size());
  std::vector<Doubles> parts, wholes;
  std::vector<Tensor> part, whole, small, large;
  Doubles gathered;
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    parts.push_back(random_integers(kCount, 10 + r));
    wholes.push_back(random_integers(kCount * size, 20 + r));
    gathered.insert(gathered.end(), parts[r].begin(), parts[r].end());
    part.push_back(check.input({kCount}, parts[r]));
    whole.push_back(check.input({kCount * size}, wholes[r]));
    small.push_back(check.output({kCount}));
    large.push_back(check.output({kCount * size}));
  }
  const auto expect = [&](const std::string& pass, const std::vector<Tensor>& tensors,
                          const std::function<Doubles(std::size_t rank)>& values,
                          const std::function<void(std::size_t rank, Communicator&)>& body) {
    std::vector<Expected> expected;
    for (std::size_t r = 0; r < ranks.size(); ++r) expected.push_back({tensors[r], values(r), kExact});
    const auto call = [&] {
      for (std::size_t r = 0; r < ranks.size(); ++r) {
        check.rewrite(part[r], parts[r]);
        if (pass == "all_reduce_sum" || pass == "broadcast") check.rewrite(small[r], parts[r]);
      }
      backend.synchronize();
      on_every_rank(ranks, body);
    };
    check.pass(pass, call, expected);
  };
  const Doubles sum = added(wholes);
  const auto part_of_sum = [&](std::size_t r) {
    const auto first = sum.begin() + static_cast<std::int64_t>(r) * kCount;
    return Doubles(first, first + kCount);
  };
  expect(
      "all_gather", large, [&](std::size_t) { return gathered; },
      [&](std::size_t r, Communicator& comm) { comm.all_gather(part[r].raw(), large[r].raw(), part[r].bytes()); });
  expect("reduce_scatter_sum", small, part_of_sum,
         [&](std::size_t r, Communicator& comm) { comm.reduce_scatter_sum(whole[r].data<float>(), small[r].data<float>(), kCount); });
  expect(
      "all_reduce_sum", small, [&](std::size_t) { return added(parts); },
      [&](std::size_t r, Communicator& comm) { comm.all_reduce_sum(small[r].data<float>(), kCount); });
  expect(
      "broadcast", small, [&](std::size_t) { return parts.back(); },
      [&](std::size_t r, Communicator& comm) { comm.broadcast(small[r].raw(), small[r].bytes(), comm.size() - 1); });
}

}  // namespace

void check_exchange(Backend& backend, DType /*type*/, const Report& report) {
  const Communicators host = make_thread_communicators(2, kTimeLimitS);  // lives longer than those that meet on it
  std::vector<std::unique_ptr<DeviceMemory>> memory;
  Communicators on_device;
  for (const std::unique_ptr<Communicator>& rank : host) {
    memory.push_back(backend.make_device_memory(true));
    if (memory.back()) on_device.push_back(make_thread_communicator_on_device(*rank, *memory.back()));
  }
  check_calls(backend, on_device.empty() ? host : on_device, "2 ranks on one device", report);

  if (!memory.front()) return;
  Communicators nccl;
  try {
    Communicators single = make_thread_communicators(1, kTimeLimitS);
    nccl.push_back(make_nccl_communicator(std::move(single.front()), *memory.front()));
  } catch (const Error& e) {
    if (e.code() != ExitCode::unavailable) throw;
    log::warning("exchange: NCCL is left out: {}", e.what());
    return;
  }
  check_calls(backend, nccl, "NCCL, one rank", report);
}

}  // namespace alexnet::selftest
