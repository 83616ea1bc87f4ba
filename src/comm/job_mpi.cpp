#include "comm/job_mpi.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <thread>

#include "alexnet/core/log.hpp"

namespace alexnet {
namespace {

enum Tag { kGivesUp = 1, kWaits = 2, kLeaves = 3, kHasSpoken = 4 };

constexpr std::size_t kMostReasonBytes = 1024;
constexpr double kMostFarewell_s = 5;  // for the others to end what they do

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
  const auto* first = reinterpret_cast<const std::byte*>(values.data());
  return {first, first + values.size() * sizeof(T)};
}

}  // namespace

void check_mpi(int error, const char* what) {
  if (error == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING + 1> text{};
  int length = 0;
  MPI_Error_string(error, text.data(), &length);
  fail(ExitCode::rank_lost, "MPI: {}: {}", what, text.data());
}

MpiJob::MpiJob(int num_launched, double time_limit_s) : time_limit_s_(time_limit_s) {
  int provided = MPI_THREAD_SINGLE;
  check_mpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided), "MPI_Init_thread");
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check_mpi(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(MPI_COMM_WORLD, &size_), "MPI_Comm_size");
  if (size_ != num_launched) {
    fail(ExitCode::unavailable,
         "{} processes were started, but MPI connects {} of them: start them with the mpirun of the MPI that alexnet was built with, or "
         "with srun --mpi=pmix",
         num_launched, size_);
  }
  if (provided < MPI_THREAD_MULTIPLE) {
    fail(ExitCode::unavailable,
         "this MPI does not serve several threads at once (MPI_THREAD_MULTIPLE); use one that does, such as Open MPI");
  }
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &control_), "MPI_Comm_dup");
  is_leaving_.resize(static_cast<std::size_t>(size_));
}

void MpiJob::send(int tag, const std::vector<std::byte>& message, int to) {
  sent_.emplace_back(MPI_REQUEST_NULL, message);
  auto& [request, bytes] = sent_.back();
  check_mpi(MPI_Isend(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, to, tag, control_, &request), "MPI_Isend");
}

void MpiJob::send_to_all(int tag, const std::vector<std::byte>& message) {
  sent_.remove_if([](auto& sent) {
    int done = 0;
    return MPI_Test(&sent.first, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS && done != 0;
  });
  for (int to = 0; to < size_; ++to) {
    if (to != rank_) send(tag, message, to);
  }
}

void MpiJob::receive_all() {
  for (;;) {
    int found = 0, bytes = 0;
    MPI_Status status;
    MPI_Message handle;
    check_mpi(MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, control_, &found, &handle, &status), "MPI_Improbe");
    if (found == 0) return;
    check_mpi(MPI_Get_count(&status, MPI_BYTE, &bytes), "MPI_Get_count");
    std::vector<std::byte> message(static_cast<std::size_t>(bytes));
    check_mpi(MPI_Mrecv(message.data(), bytes, MPI_BYTE, &handle, MPI_STATUS_IGNORE), "MPI_Mrecv");
    receive(status.MPI_TAG, status.MPI_SOURCE, message);
  }
}

void MpiJob::receive(int tag, int from, const std::vector<std::byte>& message) {
  std::vector<int> numbers(message.size() / sizeof(int));
  if (!numbers.empty()) std::memcpy(numbers.data(), message.data(), numbers.size() * sizeof(int));
  if (tag == kLeaves) is_leaving_[static_cast<std::size_t>(from)] = true;
  if (tag == kHasSpoken) has_another_spoken_ = true;
  if (tag == kWaits && !numbers.empty()) waits_[{from, numbers[0]}].assign(numbers.begin() + 1, numbers.end());
  if (tag == kGivesUp && !numbers.empty() && !failure_) {
    const auto* text = reinterpret_cast<const char*>(message.data());
    failure_ = Failure{static_cast<ExitCode>(numbers[0]), {text + sizeof(int), message.size() - sizeof(int)}};
  }
}

void MpiJob::give_up(ExitCode code, const std::string& reason) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    receive_all();
    if (failure_) return;
    failure_ = Failure{code, reason};
    std::vector<std::byte> message = bytes_of(std::vector{static_cast<int>(code)});
    for (const char c : reason.substr(0, kMostReasonBytes)) message.push_back(static_cast<std::byte>(c));
    send_to_all(kGivesUp, message);
  } catch (const std::exception& e) {
    log::error("the other ranks cannot be told that this one gives up: {}", e.what());
  }
}

std::optional<Failure> MpiJob::failure() {
  const std::lock_guard lock(mutex_);
  if (!failure_) receive_all();
  return failure_;
}

void MpiJob::throw_if_failed() {
  if (const std::optional<Failure> seen = failure()) throw AbortedByAnother(seen->code, seen->reason);
}

void MpiJob::tell_waiting(int id, const std::vector<int>& missing) {
  std::vector<int> numbers{id};
  numbers.insert(numbers.end(), missing.begin(), missing.end());
  const std::lock_guard lock(mutex_);
  waits_[{rank_, id}] = missing;
  send_to_all(kWaits, bytes_of(numbers));
}

std::vector<int> MpiJob::culprits(const std::vector<int>& missing) {
  const std::lock_guard lock(mutex_);
  receive_all();
  return find_culprits(missing, [&](int rank) {
    std::vector<int> ranks;
    for (const auto& [waiting, others] : waits_) {
      if (waiting.first == rank) ranks.insert(ranks.end(), others.begin(), others.end());
    }
    return ranks;
  });
}

void MpiJob::keep(std::shared_ptr<void> memory) {
  const std::lock_guard lock(mutex_);
  kept_.push_back(std::move(memory));
}

void MpiJob::finish() {
  for (auto& [request, message] : sent_) check_mpi(MPI_Wait(&request, MPI_STATUS_IGNORE), "MPI_Wait");
  check_mpi(MPI_Comm_free(&control_), "MPI_Comm_free");
  check_mpi(MPI_Finalize(), "MPI_Finalize");
}

bool MpiJob::receive_until(const std::function<bool()>& is_enough, double most_s) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(most_s);
  while (!is_enough() && std::chrono::steady_clock::now() < deadline) {
    receive_all();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return is_enough();
}

void MpiJob::leave(const Failure& failure) {
  const auto say = [&] { log::error("{}", failure.reason); };
  try {
    const std::lock_guard lock(mutex_);
    is_leaving_[static_cast<std::size_t>(rank_)] = true;
    send_to_all(kLeaves, bytes_of(std::vector{0}));
    const auto first = is_leaving_.begin(), last = is_leaving_.end();
    receive_until([&] { return std::find(first, last, false) == last; }, std::min(kMostFarewell_s, time_limit_s_));
    if (std::find(first, last, true) - first == rank_) {
      say();
      send_to_all(kHasSpoken, bytes_of(std::vector{0}));
    } else if (!receive_until([&] { return has_another_spoken_; }, 1)) {  // mpirun ends the job as soon as one process has left
      say();
    }
  } catch (const std::exception& e) {
    log::debug("leaving: {}", e.what());
    say();
  }
  std::cout.flush();
  std::fflush(nullptr);
  _exit(static_cast<int>(failure.code));
}

}  // namespace alexnet
