// alexnet: parses the command line, runs one subcommand, turns an Error into one line and an exit code.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <vector>

#include "alexnet/comm/ranks.hpp"
#include "alexnet/core/error.hpp"
#include "alexnet/core/log.hpp"
#include "cmd/commands.hpp"
#include "cmd/version.hpp"

namespace {

using alexnet::ExitCode;

// oneDNN's OpenMP threads spin while they wait and would starve the loader on few cores; not spinning at all costs small networks 5 %
// in waking up. libgomp reads its environment before main is entered, so the one way to change it is to start again.
void restart_with_briefly_spinning_openmp(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  setenv("GOMP_SPINCOUNT", "10000", 1);  // some 30 microseconds
  execv("/proc/self/exe", argv);         // comes back only when it fails: then on we go, spinning
}

// CLI11 says "a subcommand is required" of a misspelt one: this names the first word that is no command, with the nearest.
void refuse_unknown_command(const CLI::App& app, int argc, char** argv) {
  const CLI::App* level = &app;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word == "--log-file") ++i;
    if (word.starts_with("-")) continue;
    const std::vector<const CLI::App*> commands = level->get_subcommands([](const CLI::App*) { return true; });
    if (commands.empty()) return;
    const auto named = [&](const CLI::App* command) { return command->get_name() == word; };
    const auto found = std::find_if(commands.begin(), commands.end(), named);
    if (found != commands.end()) {
      level = *found;
      continue;
    }
    std::vector<std::string> known;
    for (const CLI::App* command : commands) known.push_back(command->get_name());
    const std::string nearest = alexnet::nearest_name(word, known);
    std::replace(word.begin(), word.end(), '\n', ' ');
    alexnet::fail(ExitCode::command_line, "command line: there is no command {}{}; see alexnet --help", word,
                  nearest.empty() ? "" : "; did you mean " + nearest);
  }
}

int run(int argc, char** argv) {
  CLI::App app{"Train and evaluate the AlexNet of 2012 (Krizhevsky, Sutskever, Hinton)", "alexnet"};
  ExitCode exit_code = ExitCode::done;
  bool verbose = false, quiet = false;
  std::string log_file;
  app.fallthrough();
  app.require_subcommand(1);
  auto* v = app.add_flag("-v,--verbose", verbose, "Say more on stderr");
  app.add_flag("-q,--quiet", quiet, "Warnings and errors only")->excludes(v);
  app.add_option("--log-file", log_file, "Also write the log to this file")->type_name("FILE");
  bool version = false;
  auto* version_flag = app.add_flag("--version", version, "Version, commit and backends");
  bool json = false;
  app.add_flag("--json", json, "With --version: one JSON object")->needs(version_flag);
  alexnet::add_prepare_command(app, exit_code);
  alexnet::add_train_command(app, exit_code);
  alexnet::add_eval_command(app, exit_code);
  alexnet::add_predict_command(app, exit_code);
  alexnet::add_summary_command(app, exit_code);
  alexnet::add_config_command(app, exit_code);
  alexnet::add_inspect_command(app, exit_code);
  alexnet::add_bench_command(app, exit_code);
  alexnet::add_selftest_command(app, exit_code);
  app.parse_complete_callback([&] {
    // Of the processes that mpirun or srun started, all train, and the first one does everything else.
    if (alexnet::launched_rank() > 0 && !app.got_subcommand("train")) throw CLI::Success();
    if (verbose) alexnet::log::set_level(alexnet::log::Level::debug);
    if (quiet) alexnet::log::set_level(alexnet::log::Level::warning);
    if (!log_file.empty()) alexnet::log::add_file(log_file);
  });
  if (argc >= 2 && std::string_view(argv[1]) == "--version") {
    std::cout << alexnet::version_text(argc >= 3 && std::string_view(argv[2]) == "--json");
    return 0;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) {  // --help
      return app.exit(e, std::cout, std::cerr);
    }
    refuse_unknown_command(app, argc, argv);
    std::string message = e.what();
    std::replace(message.begin(), message.end(), '\n', ' ');
    alexnet::fail(ExitCode::command_line, "command line: {}; see alexnet --help", message);
  }
  std::cout.flush();
  if (!std::cout) alexnet::fail(ExitCode::io_failed, "stdout: writing failed");
  return static_cast<int>(exit_code);
}

}  // namespace

int main(int argc, char** argv) {
  restart_with_briefly_spinning_openmp(argv);
  // A closed pipe ends quietly: the default action of SIGPIPE.
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is then an error of the write, like a full disk
  try {
    return run(argc, argv);
  } catch (const alexnet::Error& e) {
    alexnet::log::error("{}", e.what());
    return static_cast<int>(e.code());
  } catch (const std::bad_alloc&) {
    alexnet::log::error("out of host memory; use a smaller train.batch_size");
    return static_cast<int>(ExitCode::out_of_memory);
  } catch (const std::exception& e) {
    alexnet::log::error("internal error, please report it: {}", e.what());
    return static_cast<int>(ExitCode::internal);
  }
}
