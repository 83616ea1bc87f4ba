// The subcommands. Each add_* declares its options on the parser; its callback runs the command and stores the exit code.
#pragma once

#include <CLI/CLI.hpp>

#include "alexnet/core/error.hpp"

namespace alexnet {

void add_prepare_command(CLI::App& app, ExitCode& exit_code);
void add_train_command(CLI::App& app, ExitCode& exit_code);
void add_eval_command(CLI::App& app, ExitCode& exit_code);
void add_predict_command(CLI::App& app, ExitCode& exit_code);
void add_summary_command(CLI::App& app, ExitCode& exit_code);
void add_config_command(CLI::App& app, ExitCode& exit_code);
void add_inspect_command(CLI::App& app, ExitCode& exit_code);
void add_bench_command(CLI::App& app, ExitCode& exit_code);
void add_selftest_command(CLI::App& app, ExitCode& exit_code);

}  // namespace alexnet
