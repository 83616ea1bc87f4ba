// alexnet train: a config and a data set -> a run directory.
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "alexnet/train/trainer.hpp"
#include "cmd/commands.hpp"
#include "cmd/version.hpp"

namespace alexnet {
namespace {

struct Options {
  std::string config, run_dir, resume, init;
  std::vector<std::string> sets, init_skip;
};

// As typed, for RUN/environment.json.
std::vector<std::string> command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

ResumeMode resume_mode(const std::string& text) {
  if (text.empty()) return ResumeMode::fresh;
  if (text == "must") return ResumeMode::must;
  if (text == "true") return ResumeMode::if_possible;
  fail(ExitCode::command_line, "--resume={}: must be --resume or --resume=must", text);
}

ExitCode run(const Options& options) {
  TrainOptions train_options;
  train_options.resume = resume_mode(options.resume);
  std::string config_path = options.config;
  if (config_path.empty()) {
    const auto kept = std::filesystem::path(options.run_dir) / "config.yaml";
    if (options.run_dir.empty() || train_options.resume == ResumeMode::fresh) {
      fail(ExitCode::command_line, "train: --config is missing (only `train --run-dir RUN --resume` takes it from RUN)");
    }
    if (!std::filesystem::exists(kept))
      fail(ExitCode::no_input, "{}: there is no such file: give --config to start the run", kept.string());
    config_path = kept.string();
  }
  train_options.config = load_config(config_path, options.sets);
  if (!options.init.empty()) train_options.config.train.init.checkpoint = options.init;
  if (!options.init_skip.empty()) train_options.config.train.init.skip = options.init_skip;
  train_options.config_name = std::filesystem::path(config_path).stem().string();
  train_options.run_directory = options.run_dir;
  train_options.version_json = version_text(true);
  train_options.command_line = command_line();
  return train(train_options);
}

}  // namespace

void add_train_command(CLI::App& app, ExitCode& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("train", "Train a network: a config and a data set -> a run directory");
  command->add_option("--config", options->config, "Experiment: a YAML file, or the name of one in configs/")->type_name("F");
  command->add_option("--set", options->sets, "Change a key of the config: key.path=value; may be repeated, the last one wins")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_option("--run-dir", options->run_dir, "Where the run is written [runs/<config>-<date-time>]")->type_name("RUN");
  command->add_flag("--resume", options->resume, "Go on from RUN/last.safetensors; start afresh if there is none (--resume=must: fail)");
  command->add_option("--init", options->init, "Start from the weights of this checkpoint or run (fine-tuning)")->type_name("CHECKPOINT");
  command->add_option("--init-skip", options->init_skip, "Layers that start afresh all the same")->type_name("LAYER")->delimiter(',');
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace alexnet
