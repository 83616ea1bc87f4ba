// alexnet config: the resolved configuration of an experiment, or what differs between two of them.
#include <memory>
#include <string>
#include <vector>

#include "alexnet/config/config.hpp"
#include "alexnet/train/checkpoint.hpp"
#include "cmd/commands.hpp"

namespace alexnet {
namespace {

struct Options {
  std::string config, other;
  std::vector<std::string> sets;
};

// A YAML file, a name, a run directory, or the configuration that a checkpoint was trained with.
Config load(const std::string& path, const std::vector<std::string>& sets) {
  if (!path.ends_with(".safetensors")) return load_config(path, sets);
  return parse_config(dump_config(read_checkpoint(path).config), path, sets);
}

void print_config(const Options& options) {
  const Config config = load(options.config, options.sets);
  if (options.other.empty()) {
    fmt::print("{}", dump_config(config));
    return;
  }
  for (const std::string& line : diff_configs(config, load(options.other, {}))) fmt::print("{}\n", line);
}

}  // namespace

void add_config_command(CLI::App& app, ExitCode&) {
  auto* command = app.add_subcommand("config", "Print the resolved configuration, or what differs between two");
  auto options = std::make_shared<Options>();
  command->add_option("config", options->config, "YAML file, name, run directory or checkpoint")->type_name("F")->required();
  command->add_option("--set", options->sets, "Override a key: key.path=value, value as YAML; the last one wins")
      ->type_name("K=V")
      ->allow_extra_args(false);
  command->add_option("--diff", options->other, "Print only what differs from this one, as `key: F -> G`")->type_name("G");
  command->callback([options] { print_config(*options); });
}

}  // namespace alexnet
