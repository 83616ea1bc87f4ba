#include "alexnet/comm/ranks.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <optional>
#include <thread>
#include <vector>

#include "alexnet/core/log.hpp"
#include "comm/communicators.hpp"

namespace alexnet {
namespace {

using Body = std::function<ExitCode(Communicator& world)>;

// How the body of one rank ended.
struct Outcome {
  ExitCode code = ExitCode::done;
  std::string reason = {};  // of the failure if there is one
  std::exception_ptr error = {};
  bool is_cause = false;  // the error is this rank's own, not another's reason
};

Outcome run_body(const Body& body, Communicator& world) {
  const auto give_up = [&](ExitCode code, const std::string& why) {
    const std::string reason = world.rank() == 0 ? why : fmt::format("rank {}: {}", world.rank(), why);
    world.abort(code, reason);
    // Rank 0's error goes on as it is.
    return Outcome{code, reason, world.rank() == 0 ? std::current_exception() : std::make_exception_ptr(Error(code, reason)), true};
  };
  try {
    return {.code = body(world)};
  } catch (const AbortedByAnother& e) {
    return {e.code(), e.what(), std::current_exception(), false};
  } catch (const Error& e) {
    return give_up(e.code(), e.what());
  } catch (const std::bad_alloc&) {
    return give_up(ExitCode::out_of_memory, "out of host memory; use a smaller train.batch_size");
  } catch (const std::exception& e) {
    return give_up(ExitCode::internal, fmt::format("internal error, please report it: {}", e.what()));
  }
}

ExitCode lowest_not_done(const std::vector<ExitCode>& codes) {
  const auto found = std::find_if(codes.begin(), codes.end(), [](ExitCode code) { return code != ExitCode::done; });
  return found == codes.end() ? ExitCode::done : *found;
}

ExitCode run_threads(const RankOptions& options, const Body& body) {
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

  const auto find = [&](auto is_wanted) { return std::find_if(outcomes.begin(), outcomes.end(), is_wanted); };
  const auto cause = find([](const Outcome& outcome) { return outcome.is_cause; });
  if (cause != outcomes.end()) std::rethrow_exception(cause->error);
  const auto failed = find([](const Outcome& outcome) { return outcome.error != nullptr; });
  if (failed != outcomes.end()) std::rethrow_exception(failed->error);
  std::vector<ExitCode> codes;
  for (const Outcome& outcome : outcomes) codes.push_back(outcome.code);
  return lowest_not_done(codes);
}

ExitCode run_process(const Launch& launch, const RankOptions& options, const Body& body) {
  if (launch.rank != 0 && log::level() > log::Level::debug) log::set_level(log::Level::error);
  std::unique_ptr<ProcessRank> process;
  try {
    process = make_process_rank(launch, options.time_limit_s);
  } catch (const Error&) {
    if (launch.rank != 0) log::set_level(log::Level::quiet);  // rank 0 says it
    throw;
  }
  Communicator& world = process->world();
  std::vector<ExitCode> codes(static_cast<std::size_t>(world.size()));
  const Outcome outcome = run_body(
      [&](Communicator& w) {
        const ExitCode code = body(w);
        w.all_gather(&code, codes.data(), sizeof code);
        return code;
      },
      world);
  if (outcome.error) process->leave(process->failure().value_or(Failure{outcome.code, outcome.reason}));
  process->finish();
  return lowest_not_done(codes);
}

}  // namespace

int num_launched_ranks() {
  const std::optional<Launch> launch = find_launch();
  return launch ? launch->size : 1;
}

int launched_rank() {
  const std::optional<Launch> launch = find_launch();
  return launch ? launch->rank : 0;
}

ExitCode run_ranks(const RankOptions& options, const Body& body) {
  if (const std::optional<Launch> launch = find_launch()) return run_process(*launch, options, body);
  if (options.num_ranks == 1) return body(*make_single_communicator());
  return run_threads(options, body);
}

}  // namespace alexnet
