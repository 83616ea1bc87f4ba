// alexnet bench: how fast this program is here, part by part, beside floors measured in the same run.
#include <algorithm>
#include <cmath>

#include "cmd/bench.hpp"
#include "cmd/commands.hpp"

namespace alexnet {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double rounded(double value, double per_unit) { return std::round(value * per_unit) / per_unit; }

void add_bench_command(CLI::App& app, ExitCode& exit_code) {
  CLI::App* command = app.add_subcommand("bench", "Images per second, and where the time goes");
  command->require_subcommand(1);
  add_bench_ops_command(*command, exit_code);
  add_bench_step_command(*command, exit_code);
  add_bench_loader_command(*command, exit_code);
}

}  // namespace alexnet
