#include "alexnet/comm/ranks.hpp"

#include <exception>
#include <new>
#include <optional>
#include <thread>
#include <vector>

#include "alexnet/core/log.hpp"
#include "comm/communicators.hpp"

namespace alexnet {
namespace {

// How the body of one rank ended.
struct Outcome {
  ExitCode code = ExitCode::done;
  std::exception_ptr error;
  bool is_cause = false;  // the error is this rank's own, not another's reason
};

Outcome run_body(const std::function<ExitCode(Communicator&)>& body, Communicator& world) {
  const auto give_up = [&](ExitCode code, const std::string& why) {
    const std::string reason = world.rank() == 0 ? why : fmt::format("rank {}: {}", world.rank(), why);
    world.abort(code, reason);
    // Rank 0's error goes on as it is.
    return Outcome{code, world.rank() == 0 ? std::current_exception() : std::make_exception_ptr(Error(code, reason)), true};
  };
  try {
    return {body(world), nullptr, false};
  } catch (const AbortedByAnother& e) {
    return {e.code(), std::current_exception(), false};
  } catch (const Error& e) {
    return give_up(e.code(), e.what());
  } catch (const std::bad_alloc&) {
    return give_up(ExitCode::out_of_memory, "out of host memory; use a smaller train.batch_size");
  } catch (const std::exception& e) {
    return give_up(ExitCode::internal, fmt::format("internal error, please report it: {}", e.what()));
  }
}

ExitCode run_threads(const RankOptions& options, const std::function<ExitCode(Communicator&)>& body) {
  std::vector<std::unique_ptr<Communicator>> worlds = make_thread_communicators(options.num_ranks, options.time_limit_s);
  std::vector<Outcome> outcomes(worlds.size());
  const auto run_rank = [&](std::size_t rank) {
    outcomes[rank] = run_body(body, *worlds[rank]);
    worlds[rank].reset();  // who still waits for it learns that it has ended
  };
  std::vector<std::thread> threads;
  const auto join = [&] {
    for (std::thread& thread : threads) thread.join();
  };
  try {
    for (std::size_t rank = 1; rank < worlds.size(); ++rank) {
      threads.emplace_back([&run_rank, rank] {
        log::quiet_this_thread();
        run_rank(rank);
      });
    }
  } catch (const std::exception& e) {
    const std::string reason = fmt::format("a thread for rank {} cannot be started: {}", threads.size() + 1, e.what());
    worlds[0]->abort(ExitCode::out_of_memory, reason);
    join();
    fail(ExitCode::out_of_memory, "{}", reason);
  }
  run_rank(0);
  join();

  const Outcome* first = nullptr;  // the cause of the others' errors if there is one, else any that is not done
  for (const Outcome& outcome : outcomes) {
    if (outcome.is_cause && (first == nullptr || !first->is_cause)) first = &outcome;
    if (first == nullptr && (outcome.error || outcome.code != ExitCode::done)) first = &outcome;
  }
  if (first == nullptr) return ExitCode::done;
  if (first->error) std::rethrow_exception(first->error);
  return first->code;
}

}  // namespace

ExitCode run_ranks(const RankOptions& options, const std::function<ExitCode(Communicator& world)>& body) {
  if (options.num_ranks == 1) return body(*make_single_communicator());
  return run_threads(options, body);
}

}  // namespace alexnet
