// Checkpoints: safetensors files with PyTorch's names, shapes and order, that hold everything a run needs to go on bit for bit.
//
//   conv1.weight (O, I/groups, H, W), fc6.weight (O, C*H*W), conv1.bias, velocity.conv1.weight ..., mean_image (H,W,3), rgb_eigenvectors,
//   rgb_eigenvalues
//   __metadata__: format "pt"; alexnet: JSON of the rest of Checkpoint below
// No clock reading is stored: the same run writes the same bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "alexnet/config/config.hpp"
#include "alexnet/core/step_parameters.hpp"
#include "alexnet/data/dataset.hpp"
#include "alexnet/model/graph.hpp"
#include "alexnet/optim/schedule.hpp"

namespace alexnet {

// Where a run stands after a step.
struct TrainingState {
  std::uint64_t step = 0;
  std::uint64_t samples = 0;        // pictures seen: the position in the stream, and of the random numbers
  std::uint64_t epoch_samples = 0;  // training pictures of an epoch
  ScheduleState schedule;
  std::optional<double> best;  // of checkpoint.best_by
  LossTotals interval;         // since the last line of metrics
  double epoch() const { return epoch_samples == 0 ? 0 : static_cast<double>(samples) / static_cast<double>(epoch_samples); }
};

struct Checkpoint {
  Config config;
  TrainingState state;
  std::vector<ClassInfo> classes;
  DatasetStatistics statistics;   // of the training set: mean image, colour axes
  std::int64_t picture_size = 0;  // of the stored pictures
  std::string resampler;
  Algorithms algorithms = {};  // that the graph chose; set by reading, a written file has the graph's own
};

// graph: of training, with velocities. Throws Error(io_failed); the old file of that name then stands. Where the columns lie over several
// devices all of them call it, and column 0 writes: the same file as of one device. `gathered` is called when it has what the others hold,
// before it writes.
void save_checkpoint(const std::string& path, Graph& graph, const Checkpoint& checkpoint, const std::function<void()>& gathered = {});

// Everything but the weights. Throws Error(no_input | bad_data).
Checkpoint read_checkpoint(const std::string& path);

struct ParameterSelection {
  bool velocities = false;        // also the velocities, which must be there
  std::vector<std::string> skip;  // layers whose parameters are left as they are
};
// Copies the file's tensors into the graph, of each the rows that the device holds. Not collective. Throws Error(bad_data) naming the
// tensor and both shapes when the file is of another network, Error(configuration) when `skip` names no layer of it.
void load_parameters(const std::string& path, Graph& graph, const ParameterSelection& selection);

// A checkpoint file, or a run directory: its best.safetensors, else its last.safetensors. Throws Error(no_input).
std::string find_checkpoint(const std::string& path);

// Throws Error(bad_data) with the first difference: results of a checkpoint mean nothing on other classes.
void check_same_classes(const std::vector<ClassInfo>& checkpoint, const std::vector<ClassInfo>& data, const std::string& checkpoint_path,
                        const std::string& data_path);

// Warns when the data set's pictures were resized in another way than those the checkpoint was trained on.
void warn_of_other_resampler(const Checkpoint& checkpoint, const DatasetManifest& data, const std::string& checkpoint_path,
                             const std::string& data_path);

}  // namespace alexnet
