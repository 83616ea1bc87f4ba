// Runs a body once for every rank that this process is: under mpirun or srun a process is one rank, otherwise the ranks are threads of
// this process, and a single rank is the calling thread alone.
//
// When the body of one rank throws, the others' calls of their communicators throw too: no rank waits for one that is gone, one line is
// told to the user, and all leave with the same exit code.
#pragma once

#include <functional>

#include "alexnet/comm/communicator.hpp"
#include "alexnet/core/error.hpp"

namespace alexnet {

struct RankOptions {
  int num_ranks = 1;
  double time_limit_s = 60;  // for one call of a communicator
};

// `world` is in host memory and lives as long as the body runs. What the body logs on ranks other than 0 is told at the level of debug,
// errors excepted. Returns what the bodies returned; of different codes that of the lowest rank that did not return `done`. Throws what
// the body of the rank that failed first threw, with "rank 1: " before its message unless it is rank 0.
ExitCode run_ranks(const RankOptions& options, const std::function<ExitCode(Communicator& world)>& body);

}  // namespace alexnet
