// A libnccl.so.2 that is loaded in place of the real one where ranks are threads with a device of the execution model each. It holds its
// caller to NCCL's rules: who is busy is asked for nothing but how far it is, all ranks come to every call, a communicator is finalized
// before it is destroyed, and memory, stream and communicator are of one device. What is in progress or goes wrong, a test says.
#pragma once

#include <nccl.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace alexnet::test {

struct StandinTrouble {
  enum class Kind { refused, fails_later, hangs };
  std::string call;  // "AllReduce"
  int rank = 0;      // that it happens to
  Kind kind = Kind::refused;
  ncclResult_t result = ncclSystemError;  // that a rank gets unless it hangs
};

struct NcclStandin {
  int polls = 0;  // how often each thing that was started is said to be in progress once it could be over
  std::optional<StandinTrouble> trouble;

  // What happened.
  int num_made = 0, num_destroyed = 0, num_aborted = 0;
  std::map<std::string, int> num_in_progress;  // answers, by what was started last
  std::vector<std::string> misuses;
};
NcclStandin& nccl_standin();

}  // namespace alexnet::test
