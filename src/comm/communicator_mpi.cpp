// Ranks that are processes of an MPI job.
//
// A call begins with a meeting: each rank greets every other with what it is about to do, and waits for their greetings, at first
// spinning, then asleep most of the time, for it shares its cores with others that compute. Here a missing rank is noticed, here calls
// that do not fit. Once all are there the data moves, which is short: that wait sleeps little, because MPI moves data while it is asked.
//
// A sum is made of parts: everyone gets all ranks' values of its part, adds them in the order of the ranks, and hands the sums out.
#include <mpi.h>

#include <algorithm>
#include <array>
#include <climits>
#include <numeric>
#include <thread>

#include "alexnet/tensor/tensor.hpp"
#include "comm/job_mpi.hpp"

namespace alexnet {
namespace {

using Clock = std::chrono::steady_clock;

enum class Call : std::uint64_t { all_gather, reduce_scatter_sum, all_reduce_sum, broadcast, barrier, split };
constexpr std::array kCallNames{"all_gather", "reduce_scatter_sum", "all_reduce_sum", "broadcast", "barrier", "split"};

struct Greeting {
  Call call;
  std::uint64_t size;
};
std::string describe(const Greeting& greeting) {
  const auto call = static_cast<std::size_t>(greeting.call);
  return fmt::format("{} ({})", call < kCallNames.size() ? kCallNames.at(call) : "nothing known", greeting.size);
}

int as_count(std::size_t count, const char* what) {
  if (count > INT_MAX) {
    fail(ExitCode::configuration, "{} of {} at once is more than MPI takes ({}); use a smaller train.batch_size", what, count, INT_MAX);
  }
  return static_cast<int>(count);
}

// Between two looks at a request. Sleeping is better than yielding: where others compute on the same cores, a thread that yields gets its
// core back a time slice later, one that wakes gets it at once.
class Patience {
 public:
  Clock::duration waited() const { return Clock::now() - start_; }
  void sleep(Clock::duration most) const {
    using std::chrono::microseconds;
    const auto so_far = waited();
    if (so_far < microseconds(50)) return;
    std::this_thread::sleep_for(std::min(std::max<Clock::duration>(so_far / 20, microseconds(5)), most));
  }

 private:
  Clock::time_point start_ = Clock::now();
};

class MpiCommunicator : public Communicator {
 public:
  MpiCommunicator(std::shared_ptr<MpiJob> job, MPI_Comm comm, std::vector<int> world_ranks)
      : job_(std::move(job)), world_ranks_(std::move(world_ranks)), id_(job_->new_communicator_id()) {
    state_->comm = comm;
    check_mpi(MPI_Comm_rank(comm, &rank_), "MPI_Comm_rank");
    const std::size_t n = world_ranks_.size();
    state_->greetings.resize(n);
    state_->requests.assign(2 * n, MPI_REQUEST_NULL);
    for (std::vector<int>* list : {&state_->counts, &state_->offsets, &state_->part_counts, &state_->part_offsets}) list->resize(n);
  }
  MpiCommunicator(const MpiCommunicator&) = delete;
  MpiCommunicator& operator=(const MpiCommunicator&) = delete;
  ~MpiCommunicator() override {
    if (is_in_call_) {  // requests may be pending
      job_->keep(state_);
    } else {
      MPI_Comm_free(&state_->comm);
    }
  }

  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(world_ranks_.size()); }
  std::string description() const override { return fmt::format("MPI, {} processes", size()); }
  double time_limit_s() const override { return job_->time_limit_s(); }

  void all_gather(const void* src, void* dst, std::size_t bytes) override {
    const int n = as_count(bytes, "all_gather");
    meet({Call::all_gather, bytes});
    move("MPI_Iallgather", [&](MPI_Request* r) { return MPI_Iallgather(src, n, MPI_BYTE, dst, n, MPI_BYTE, state_->comm, r); });
    traffic_.all_gather(bytes, size());
    is_in_call_ = false;
  }

  void reduce_scatter_sum(const float* src, float* dst, std::size_t count) override {
    const int n = as_count(count, "reduce_scatter_sum");
    meet({Call::reduce_scatter_sum, count});
    float* parts = parts_of_all(count);
    move("MPI_Ialltoall", [&](MPI_Request* r) { return MPI_Ialltoall(src, n, MPI_FLOAT, parts, n, MPI_FLOAT, state_->comm, r); });
    sum_parts(dst, parts, count);
    traffic_.reduce_scatter(count, size());
    is_in_call_ = false;
  }

  void all_reduce_sum(float* values, std::size_t count) override {
    as_count(count, "all_reduce_sum");
    meet({Call::all_reduce_sum, count});
    State& s = *state_;
    const Part mine = part_of(count, rank_, size());
    for (int r = 0; r < size(); ++r) {
      const Part part = part_of(count, r, size());
      s.counts[index(r)] = static_cast<int>(part.count);
      s.offsets[index(r)] = static_cast<int>(part.first);
      s.part_counts[index(r)] = static_cast<int>(mine.count);
      s.part_offsets[index(r)] = static_cast<int>(mine.count * index(r));
    }
    float* parts = parts_of_all(mine.count);
    move("MPI_Ialltoallv", [&](MPI_Request* r) {
      return MPI_Ialltoallv(values, s.counts.data(), s.offsets.data(), MPI_FLOAT, parts, s.part_counts.data(), s.part_offsets.data(),
                            MPI_FLOAT, s.comm, r);
    });
    sum_parts(values + mine.first, parts, mine.count);
    move("MPI_Iallgatherv", [&](MPI_Request* r) {
      return MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, values, s.counts.data(), s.offsets.data(), MPI_FLOAT, s.comm, r);
    });
    traffic_.all_reduce(count, rank_, size());
    is_in_call_ = false;
  }

  void broadcast(void* values, std::size_t bytes, int root) override {
    const int n = as_count(bytes, "broadcast");
    meet({Call::broadcast, bytes});
    move("MPI_Ibcast", [&](MPI_Request* r) { return MPI_Ibcast(values, n, MPI_BYTE, root, state_->comm, r); });
    traffic_.broadcast(bytes, rank_ == root, size());
    is_in_call_ = false;
  }

  void barrier() override {
    meet({Call::barrier, 0});
    is_in_call_ = false;
  }

  std::unique_ptr<Communicator> split(int color) override {
    meet({Call::split, 0});
    MPI_Comm child = MPI_COMM_NULL;
    check_mpi(MPI_Comm_split(state_->comm, color, rank_, &child), "MPI_Comm_split");
    int child_size = 0;
    check_mpi(MPI_Comm_size(child, &child_size), "MPI_Comm_size");
    std::vector<int> ranks(index(child_size));
    const int mine = world_ranks_[index(rank_)];
    check_mpi(MPI_Allgather(&mine, 1, MPI_INT, ranks.data(), 1, MPI_INT, child), "MPI_Allgather");
    is_in_call_ = false;
    return std::make_unique<MpiCommunicator>(job_, child, std::move(ranks));
  }

  void abort(ExitCode code, const std::string& reason) noexcept override { job_->give_up(code, reason); }
  void throw_if_aborted() override { job_->throw_if_failed(); }
  Traffic traffic() const override { return traffic_.total(); }

 private:
  // What MPI may read and write as long as requests are pending.
  struct State {
    MPI_Comm comm = MPI_COMM_NULL;
    Greeting mine = {};
    std::vector<Greeting> greetings;    // of the others, by rank
    std::vector<MPI_Request> requests;  // receiving from each rank, then sending to each
    std::vector<int> counts, offsets, part_counts, part_offsets;
    Buffer parts;
  };

  static std::size_t index(int rank) { return static_cast<std::size_t>(rank); }

  [[noreturn]] void give_up(ExitCode code, const std::string& reason) {
    job_->give_up(code, reason);
    job_->throw_if_failed();
    throw Error(code, reason);  // the others could not be told
  }

  void meet(const Greeting& greeting) {
    if (is_in_call_) job_->throw_if_failed();
    is_in_call_ = true;
    State& s = *state_;
    s.mine = greeting;
    for (int r = 0; r < size(); ++r) {
      if (r == rank_) continue;
      check_mpi(MPI_Irecv(&s.greetings[index(r)], sizeof(Greeting), MPI_BYTE, r, 0, s.comm, &s.requests[index(r)]), "MPI_Irecv");
      check_mpi(MPI_Isend(&s.mine, sizeof(Greeting), MPI_BYTE, r, 0, s.comm, &s.requests[index(size() + r)]), "MPI_Isend");
    }
    wait_for_all(greeting);
    for (int r = 0; r < size(); ++r) {
      const Greeting& other = s.greetings[index(r)];
      if (r == rank_ || (other.call == greeting.call && other.size == greeting.size)) continue;
      give_up(ExitCode::internal, fmt::format("rank {} calls {} while rank {} calls {}", world_ranks_[index(rank_)], describe(greeting),
                                              world_ranks_[index(r)], describe(other)));
    }
  }

  void wait_for_all(const Greeting& greeting) {
    const std::chrono::duration<double> limit(job_->time_limit_s());
    const Patience patience;
    bool has_told = false;
    for (int tries = 0; !all_done(); ++tries) {
      if (tries % 64 == 63 || patience.waited() > std::chrono::milliseconds(1)) {
        job_->throw_if_failed();
        if (!has_told && patience.waited() > limit / 2) {
          job_->tell_waiting(id_, missing_ranks());
          has_told = true;
        }
        if (patience.waited() > limit) {
          const std::vector<int> culprits = job_->culprits(missing_ranks());
          give_up(ExitCode::rank_lost, describe_missing(culprits, kCallNames.at(static_cast<std::size_t>(greeting.call)), limit.count()));
        }
      }
      patience.sleep(std::chrono::milliseconds(1));
    }
    if (has_told) job_->tell_waiting(id_, {});
  }

  bool all_done() const {
    int done = 0;
    std::vector<MPI_Request>& requests = state_->requests;
    check_mpi(MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE), "MPI_Testall");
    return done != 0;
  }

  std::vector<int> missing_ranks() const {
    std::vector<int> missing;
    for (int r = 0; r < size(); ++r) {
      int done = 0;
      check_mpi(MPI_Request_get_status(state_->requests[index(r)], &done, MPI_STATUS_IGNORE), "MPI_Request_get_status");
      if (done == 0) missing.push_back(world_ranks_[index(r)]);
    }
    return missing;
  }

  // All ranks are in this call. It goes on to its end even if one of them gives up meanwhile in another, for MPI writes into our memory.
  template <class Start>
  void move(const char* what, Start start) {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(start(&request), what);
    const std::chrono::duration<double> limit(job_->time_limit_s());
    const Patience patience;
    for (int tries = 0;; ++tries) {
      int done = 0;
      check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), what);
      if (done != 0) return;
      if (tries % 64 == 63 && patience.waited() > limit) {
        give_up(ExitCode::rank_lost, fmt::format("{} did not end within {:g} s although all ranks had come: one was lost, or the network "
                                                 "is slower than that",
                                                 what, limit.count()));
      }
      patience.sleep(std::chrono::microseconds(5));
    }
  }

  // Room for `count` values of each rank; grows, so that training allocates in its first step alone.
  float* parts_of_all(std::size_t count) {
    const std::size_t bytes = count * index(size()) * sizeof(float);
    if (state_->parts.bytes() < bytes) state_->parts = Buffer::host(bytes, "sums over the ranks");
    return reinterpret_cast<float*>(state_->parts.data());
  }

  void sum_parts(float* dst, const float* parts, std::size_t count) const {
    std::vector<const float*> srcs;
    for (int r = 0; r < size(); ++r) srcs.push_back(parts + index(r) * count);
    sum_in_order(dst, srcs, count);
  }

  std::shared_ptr<MpiJob> job_;
  std::vector<int> world_ranks_;
  int id_;
  int rank_ = 0;
  bool is_in_call_ = false;  // stays so when one failed: no other can follow
  std::shared_ptr<State> state_ = std::make_shared<State>();
  TrafficCounter traffic_;
};

class MpiRank : public ProcessRank {
 public:
  MpiRank(int num_launched, double time_limit_s) : job_(std::make_shared<MpiJob>(num_launched, time_limit_s)) {
    MPI_Comm comm = MPI_COMM_NULL;
    check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &comm), "MPI_Comm_dup");
    std::vector<int> ranks(static_cast<std::size_t>(job_->size()));
    std::iota(ranks.begin(), ranks.end(), 0);
    world_ = std::make_unique<MpiCommunicator>(job_, comm, std::move(ranks));
  }
  Communicator& world() override { return *world_; }
  std::optional<Failure> failure() override { return job_->failure(); }
  void finish() override {
    world_.reset();
    job_->finish();
  }
  [[noreturn]] void leave(const Failure& failure) override { job_->leave(failure); }

 private:
  std::shared_ptr<MpiJob> job_;
  std::unique_ptr<Communicator> world_;
};

}  // namespace

std::unique_ptr<ProcessRank> make_mpi_rank(const Launch& launch, double time_limit_s) {
  return std::make_unique<MpiRank>(launch.size, time_limit_s);
}

}  // namespace alexnet
