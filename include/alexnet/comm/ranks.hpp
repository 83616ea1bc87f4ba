// Runs a body once for every rank that this process is: under mpirun or srun a process is one rank, otherwise the ranks are threads of
// this process, and a single rank is the calling thread alone.
//
// When the body of one rank throws, the others' calls of their communicators throw too: no rank waits for one that is gone, one line is
// told to the user, and all leave with the same exit code.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "alexnet/comm/communicator.hpp"
#include "alexnet/core/error.hpp"

namespace alexnet {

// The processes that mpirun or srun started, each of them a rank; 1: it was not one of them, or started one alone.
int num_launched_ranks();
// Which of them this process is; 0 if it was not one of them.
int launched_rank();

// How ranks can talk to each other in this build, for --version: "threads", "mpi", "nccl".
std::vector<std::string> built_communicators();

struct RankOptions {
  int num_ranks = 1;         // threads, when num_launched_ranks() is 1; it counts otherwise
  double time_limit_s = 60;  // for one call of a communicator
};

// `world` is in host memory and lives as long as the body runs. What the body logs on ranks other than 0 is told at the level of debug,
// errors excepted. Returns what the bodies returned; of different codes that of the lowest rank that did not return `done`. Throws what
// the body of the rank that failed threw, with "rank 1: " before its message unless it is rank 0. Does not come back from a failure of
// one process among several: one of them says it, and all end with its exit code.
ExitCode run_ranks(const RankOptions& options, const std::function<ExitCode(Communicator& world)>& body);

}  // namespace alexnet
