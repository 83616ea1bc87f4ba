// Ranks that are threads of one process. A call begins when all have come, with the address of what they bring; then each copies or
// sums what it needs out of the others' memory, and nobody leaves before all have done that.
//
// Only the first of these waits can fail: once all are there, each goes through its part to the end, even when the ranks are aborted
// meanwhile, because others are reading its memory.
#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <numeric>
#include <optional>
#include <utility>

#include "alexnet/core/log.hpp"
#include "comm/communicators.hpp"

namespace alexnet {
namespace {

struct Group;

// What a world and all that were split from it share. One lock for all of them: there are few ranks, and it is never held for long.
struct Family {
  explicit Family(int size, double limit_s) : time_limit_s(limit_s), has_ended(static_cast<std::size_t>(size)) {}

  const double time_limit_s;
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Failure> failure;
  std::vector<bool> has_ended;                           // by rank of the world: its communicator is no more
  std::vector<std::pair<int, const Group*>> waits = {};  // by rank of the world, what it waits for just now

  void fail_locked(ExitCode code, const std::string& reason) {
    if (!failure) failure = Failure{code, reason};
    changed.notify_all();
  }
  void throw_if_failed_locked() const {
    if (failure) throw AbortedByAnother(failure->code, failure->reason);
  }
};

// What a rank brings to a call; `what` and `size` must be those of the others.
struct Call {
  const char* what = "";  // "all_gather"
  std::size_t size = 0;
  const void* memory = nullptr;
  int color = 0;
  bool fits(const Call& other) const { return std::strcmp(what, other.what) == 0 && size == other.size; }
};

struct Group {
  Group(std::shared_ptr<Family> f, std::vector<int> w) : family(std::move(f)), world_ranks(std::move(w)) {}

  std::shared_ptr<Family> family;
  std::vector<int> world_ranks;  // by rank here, like the rest
  std::vector<Call> calls = std::vector<Call>(world_ranks.size());
  std::vector<std::shared_ptr<Group>> children = std::vector<std::shared_ptr<Group>>(world_ranks.size());  // of a split
  std::vector<bool> has_come = std::vector<bool>(world_ranks.size());
  std::size_t num_come = 0;
  std::uint64_t num_meetings = 0;

  std::vector<int> missing() const {  // in the world's count, like all ranks that a message names
    std::vector<int> ranks;
    for (std::size_t r = 0; r < world_ranks.size(); ++r) {
      if (!has_come[r]) ranks.push_back(world_ranks[r]);
    }
    return ranks;
  }
};

class ThreadCommunicator : public Communicator {
 public:
  ThreadCommunicator(std::shared_ptr<Group> group, int rank, DeviceMemory* memory, bool is_world)
      : group_(std::move(group)), rank_(rank), memory_(memory), is_world_(is_world) {}
  ThreadCommunicator(const ThreadCommunicator&) = delete;
  ThreadCommunicator& operator=(const ThreadCommunicator&) = delete;
  ~ThreadCommunicator() override {
    if (!is_world_) return;
    Family& family = *group_->family;
    const std::lock_guard lock(family.mutex);
    family.has_ended[index(rank_)] = true;
    family.changed.notify_all();
  }

  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(group_->world_ranks.size()); }
  std::string description() const override {
    return fmt::format("{} threads of one process{}", size(), memory_ == nullptr ? "" : " on one device");
  }
  double time_limit_s() const override { return group_->family->time_limit_s; }

  void all_gather(const void* src, void* dst, std::size_t bytes) override {
    meet({"all_gather", bytes, src}, [&] {
      for (int r = 0; r < size(); ++r) copy(static_cast<std::byte*>(dst) + index(r) * bytes, memory_of(r), bytes);
    });
    traffic_.all_gather(bytes, size());
  }

  void reduce_scatter_sum(const float* src, float* dst, std::size_t count) override {
    meet({"reduce_scatter_sum", count, src}, [&] { sum(dst, index(rank_) * count, count); });
    traffic_.reduce_scatter(count, size());
  }

  void all_reduce_sum(float* values, std::size_t count) override {
    const Part mine = part_of(count, rank_, size());
    meet(
        {"all_reduce_sum", count, values}, [&] { sum(values + mine.first, mine.first, mine.count); },
        [&] {
          for (int r = 0; r < size(); ++r) {
            const Part part = part_of(count, r, size());
            if (r != rank_) copy(values + part.first, static_cast<const float*>(memory_of(r)) + part.first, part.count * sizeof(float));
          }
        });
    traffic_.all_reduce(count, rank_, size());
  }

  void broadcast(void* values, std::size_t bytes, int root) override {
    meet({"broadcast", bytes, values}, [&] {
      if (rank_ != root) copy(values, memory_of(root), bytes);
    });
    traffic_.broadcast(bytes, rank_ == root, size());
  }

  void barrier() override { enter({"barrier", 0}); }

  std::unique_ptr<Communicator> split(int color) override {
    std::shared_ptr<Group> child;
    int rank = 0;
    meet(
        {"split", 0, nullptr, color}, [&] { make_child(color); },
        [&] {
          child = std::move(group_->children[index(rank_)]);
          for (int r = 0; r < rank_; ++r) rank += group_->calls[index(r)].color == color ? 1 : 0;
        });
    return std::make_unique<ThreadCommunicator>(std::move(child), rank, memory_, false);
  }

  void abort(ExitCode code, const std::string& reason) noexcept override {
    Family& family = *group_->family;
    try {
      const std::lock_guard lock(family.mutex);
      family.fail_locked(code, reason);
    } catch (const std::exception& e) {
      log::error("the other ranks cannot be told that this one gives up: {}", e.what());
    }
  }

  void throw_if_aborted() override {
    const std::lock_guard lock(group_->family->mutex);
    group_->family->throw_if_failed_locked();
  }

  Traffic traffic() const override { return traffic_.total(); }

  std::unique_ptr<Communicator> on_device(DeviceMemory& memory) const {
    return std::make_unique<ThreadCommunicator>(group_, rank_, &memory, false);
  }

 private:
  // Every wait is for a meeting: all ranks have come. Those of enter() can fail, those of leave() cannot.
  void enter(const Call& call) {
    Family& family = *group_->family;
    std::unique_lock lock(family.mutex);
    family.throw_if_failed_locked();
    group_->calls[index(rank_)] = call;
    const std::uint64_t meeting = group_->num_meetings;
    if (come(lock)) return;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(family.time_limit_s);
    const auto is_over = [&] { return group_->num_meetings != meeting || family.failure || ended_rank() >= 0; };
    family.waits.emplace_back(world_rank(rank_), group_.get());
    const bool in_time = family.changed.wait_until(lock, deadline, is_over);
    if (group_->num_meetings != meeting) return;
    family.throw_if_failed_locked();
    if (!in_time) fail_with(family, ExitCode::rank_lost, "{}", describe_missing(culprits(), call.what, family.time_limit_s));
    fail_with(family, ExitCode::rank_lost, "rank {} has ended while rank {} waits for it in {}", ended_rank(), world_rank(rank_),
              call.what);
  }

  void leave() {
    std::unique_lock lock(group_->family->mutex);
    const std::uint64_t meeting = group_->num_meetings;
    if (!come(lock)) group_->family->changed.wait(lock, [&] { return group_->num_meetings != meeting; });
  }

  // True for the last one, who opens the door; it also sees whether all want the same.
  bool come(const std::unique_lock<std::mutex>& /*held*/) {
    Group& group = *group_;
    group.has_come[index(rank_)] = true;
    if (++group.num_come < group.world_ranks.size()) return false;
    for (int r = 0; r < size(); ++r) {
      const Call &mine = group.calls[index(rank_)], &other = group.calls[index(r)];
      if (mine.fits(other)) continue;
      fail_with(*group.family, ExitCode::internal, "rank {} calls {} ({}) while rank {} calls {} ({})", world_rank(rank_), mine.what,
                mine.size, world_rank(r), other.what, other.size);
    }
    std::fill(group.has_come.begin(), group.has_come.end(), false);
    group.num_come = 0;
    std::erase_if(group.family->waits, [&](const auto& wait) { return wait.second == &group; });
    ++group.num_meetings;
    group.family->changed.notify_all();
    return true;
  }

  // The whole of a call: all come, and after each phase wait until every rank has gone through it.
  template <class... Phases>
  void meet(const Call& call, Phases... phases) {
    if (memory_ != nullptr) memory_->synchronize();  // what the others read is there
    enter(call);
    std::exception_ptr failed;
    const auto go_through = [&](auto& phase) {
      try {
        if (!failed) phase();
        if (memory_ != nullptr) memory_->synchronize();
      } catch (...) {  // the others read this rank's memory: it leaves with them
        failed = std::current_exception();
      }
      leave();
    };
    (go_through(phases), ...);
    if (failed) std::rethrow_exception(failed);
  }

  template <class... Args>
  [[noreturn]] static void fail_with(Family& family, ExitCode code, fmt::format_string<Args...> format, Args&&... args) {
    family.fail_locked(code, fmt::format(format, std::forward<Args>(args)...));
    throw AbortedByAnother(family.failure->code, family.failure->reason);
  }

  int world_rank(int rank) const { return group_->world_ranks[index(rank)]; }

  // One of these ranks that has ended, in the world's count; -1 for none.
  int ended_rank() const {
    for (const int rank : group_->world_ranks) {
      if (group_->family->has_ended[index(rank)]) return rank;
    }
    return -1;
  }

  std::vector<int> culprits() const {
    return find_culprits(group_->missing(), [&](int rank) {
      std::vector<int> ranks;
      for (const auto& [waiting, group] : group_->family->waits) {
        if (waiting != rank) continue;
        for (const int missing : group->missing()) ranks.push_back(missing);
      }
      return ranks;
    });
  }

  // The first of a color makes the group for all of them.
  void make_child(int color) {
    std::vector<int> members;
    for (int r = 0; r < size(); ++r) {
      if (group_->calls[index(r)].color == color) members.push_back(r);
    }
    if (members.front() != rank_) return;
    std::vector<int> world_ranks;
    for (const int member : members) world_ranks.push_back(world_rank(member));
    const auto child = std::make_shared<Group>(group_->family, std::move(world_ranks));
    for (const int member : members) group_->children[index(member)] = child;
  }

  static std::size_t index(int rank) { return static_cast<std::size_t>(rank); }
  const void* memory_of(int rank) const { return group_->calls[index(rank)].memory; }
  void copy(void* dst, const void* src, std::size_t bytes) const {
    if (bytes == 0) return;
    if (memory_ == nullptr) {
      std::memcpy(dst, src, bytes);
    } else {
      memory_->copy(dst, src, bytes);
    }
  }
  // dst: the sum of `count` elements of all ranks from element `first` on.
  void sum(float* dst, std::size_t first, std::size_t count) const {
    std::vector<const float*> srcs;
    for (int r = 0; r < size(); ++r) srcs.push_back(static_cast<const float*>(memory_of(r)) + first);
    if (count == 0) return;
    if (memory_ == nullptr) {
      sum_in_order(dst, srcs, count);
    } else {
      memory_->sum(dst, srcs, count);
    }
  }

  std::shared_ptr<Group> group_;
  int rank_;
  DeviceMemory* memory_;  // nullptr: the host's
  bool is_world_;
  TrafficCounter traffic_;
};

}  // namespace

std::vector<std::unique_ptr<Communicator>> make_thread_communicators(int size, double time_limit_s) {
  std::vector<int> ranks(static_cast<std::size_t>(size));
  std::iota(ranks.begin(), ranks.end(), 0);
  const auto world = std::make_shared<Group>(std::make_shared<Family>(size, time_limit_s), ranks);
  std::vector<std::unique_ptr<Communicator>> communicators;
  for (const int rank : ranks) communicators.push_back(std::make_unique<ThreadCommunicator>(world, rank, nullptr, true));
  return communicators;
}

std::unique_ptr<Communicator> make_thread_communicator_on_device(const Communicator& host, DeviceMemory& memory) {
  const auto* threads = dynamic_cast<const ThreadCommunicator*>(&host);
  return threads == nullptr ? nullptr : threads->on_device(memory);
}

}  // namespace alexnet
