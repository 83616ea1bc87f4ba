// The executable under mpirun, on this machine.
#pragma once

#include <string>
#include <vector>

#include "alexnet/core/error.hpp"
#include "support/smoke.hpp"

namespace alexnet {

// Why ranks cannot be processes here; "": they can.
std::string why_no_mpirun();

// So many ranks of the executable with these arguments, in the folder of smoke(), each on one thread. mpirun adds words of its own to
// stderr, and hands on the exit code.
CommandResult run_processes(int num_ranks, const std::vector<std::string>& args, RunOptions options = {});

// Ranks with arguments of their own, one rank each; "--wdir" FOLDER before them: in that folder.
CommandResult run_processes(const std::vector<std::vector<std::string>>& args_of_ranks, RunOptions options = {});

// The process of that rank (-1: mpirun itself) whose command line holds `word`; 0: there is none.
int process_of_rank(int rank, const std::string& word);

// Rank 0's run: alone one line "error: ..." that holds all of `words`.
void expect_ranks_refused(const CommandResult& result, ExitCode code, const std::vector<std::string>& words);

}  // namespace alexnet
