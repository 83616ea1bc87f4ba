// Finds out from the environment who started this process, and as which rank.
#include <array>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "comm/communicators.hpp"

namespace alexnet {
namespace {

struct Launcher {
  const char *by, *size, *rank, *mark;  // mark: a variable of its own
};

// Open MPI's mpirun (under srun, too, with its own PMI); MPICH's and Intel's; Slurm's, whatever it connects the processes with; PyTorch's.
constexpr std::array kLaunchers{
    Launcher{"mpirun", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    Launcher{"mpirun", "PMI_SIZE", "PMI_RANK", "PMI_SIZE"},
    Launcher{"srun", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"},
    Launcher{"torchrun", "WORLD_SIZE", "RANK", "TORCHELASTIC_RUN_ID"},
};

int number_in_environment(const char* name) {
  const char* value = std::getenv(name);
  const std::string_view text = value == nullptr ? "" : value;
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : -1;
}

}  // namespace

std::optional<Launch> find_launch() {
  for (const Launcher& launcher : kLaunchers) {
    const int size = number_in_environment(launcher.size), rank = number_in_environment(launcher.rank);
    if (std::getenv(launcher.mark) != nullptr && size > 1 && rank >= 0 && rank < size) return Launch{launcher.by, rank, size};
  }
  return std::nullopt;
}

}  // namespace alexnet
