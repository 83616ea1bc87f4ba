// What the commands of `alexnet bench` share.
#pragma once

#include <CLI/CLI.hpp>
#include <vector>

#include "alexnet/core/error.hpp"

namespace alexnet {

void add_bench_ops_command(CLI::App& bench, ExitCode& exit_code);
void add_bench_step_command(CLI::App& bench, ExitCode& exit_code);
void add_bench_loader_command(CLI::App& bench, ExitCode& exit_code);

double median(std::vector<double> values);
// For JSON: rounded(1.23456, 1e3) is 1.235.
double rounded(double value, double per_unit);

}  // namespace alexnet
