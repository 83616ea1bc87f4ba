// A libcudnn.so.9 that is loaded in place of the real one where the cudnn backend runs under the execution model: it computes, by loops
// over the extents, strides and paddings that it was told, what a graph's operations say. Its engines are what a test wants them to be.
#pragma once

#include <cudnn.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace alexnet::test {

struct StandinEngine {
  std::int64_t id = 0;
  std::vector<std::pair<int, std::int64_t>> knobs;
  std::vector<cudnnBackendNumericalNote_t> notes;
  std::size_t scratch_bytes = 0;
  double ms = 1;               // that a run pretends to take
  bool fuses = true;           // takes graphs with bias and ReLU
  bool is_fallback = false;    // offered by the last heuristic alone
  bool builds = true;          // else the plan is refused
  bool runs = true;            // else each run fails
  bool knows_backward = true;  // else only forward
};

struct CudnnStandin {
  std::size_t version = 91900;
  bool starts = true;
  std::vector<StandinEngine> engines = {{}};
  std::int64_t num_descriptors = 0;  // alive
  std::vector<std::int64_t> runs;    // ids of the engines that ran
};
CudnnStandin& cudnn_standin();

}  // namespace alexnet::test
