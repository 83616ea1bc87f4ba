// alexnet inspect: what a data set, a checkpoint or a run directory holds; and a sheet of training inputs after augmentation.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alexnet/config/config.hpp"
#include "alexnet/data/contact_sheet.hpp"
#include "alexnet/data/dataset.hpp"
#include "alexnet/io/files.hpp"
#include "cmd/commands.hpp"
#include "cmd/inspect_reports.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string path, images, config;
  std::vector<std::string> sets;
  bool json = false;
};

enum class Kind { data_set, checkpoint, run };

bool has(const std::string& folder, const char* name) {
  std::error_code error;
  return fs::exists(fs::path(folder) / name, error);
}

// What a folder that is none of the three holds, in words.
std::string describe_folder(const std::string& path) {
  std::size_t folders = 0, shards = 0, checkpoints = 0, files = 0;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    const std::string extension = it->path().extension().string();
    std::error_code ignored;
    if (it->is_directory(ignored)) {
      ++folders;
    } else {
      ++(extension == ".tar" ? shards : extension == ".safetensors" ? checkpoints : files);
    }
  }
  if (error) fail(ExitCode::no_input, "{}: cannot be read: {}", path, error.message());
  if (folders + shards + checkpoints + files == 0) return "an empty folder";
  if (checkpoints > 0) return fmt::format("a folder of {} checkpoints: name one of them", checkpoints);
  if (shards > 0)
    return fmt::format("a folder of {} tar files without dataset.json: make a data set of them with `alexnet prepare`", shards);
  return fmt::format("a folder of {} folders and {} files, maybe pictures: make a data set of them with `alexnet prepare`", folders, files);
}

Kind kind_of(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) fail(ExitCode::no_input, "{}: there is no such file or folder", path);
  if (!fs::is_directory(path, error)) return Kind::checkpoint;
  if (has(path, "dataset.json")) return Kind::data_set;
  if (has(path, "summary.json") || has(path, "metrics.jsonl") || has(path, "last.safetensors")) return Kind::run;
  fail(ExitCode::bad_data, "{}: neither a data set nor a run directory; it looks like {}", path, describe_folder(path));
}

// Without a config: the defaults, and the crop's share of the paper, 224 of 256 pixels.
DataConfig data_config(const Options& options, std::int64_t size, std::uint64_t& seed) {
  if (!options.config.empty()) {
    const Config config = load_config(options.config, options.sets);
    seed = config.seed;
    return config.data;
  }
  DataConfig config;
  config.crop = std::max<std::int64_t>(1, size * 7 / 8);
  return config;
}

void write_sheet(const Options& options) {
  const DatasetManifest manifest = read_manifest(options.path);
  std::uint64_t seed = 1;
  const DataConfig config = data_config(options, manifest.size, seed);
  const auto shards = std::make_shared<const Shards>(options.path, manifest, "train");
  const Picture sheet = draw_contact_sheet(shards, manifest, read_statistics(options.path), config, seed);
  write_png(options.images, sheet.rgb.data(), sheet.height, sheet.width);
}

void inspect(const Options& options) {
  const Kind kind = kind_of(options.path);
  if (!options.images.empty() && kind != Kind::data_set)
    fail(ExitCode::command_line, "--images draws the pictures of a data set, and {} is none", options.path);
  if (options.images.empty() && !options.config.empty())
    fail(ExitCode::command_line, "--config is for --images: give --images SHEET.png too");
  if (options.config.empty() && !options.sets.empty()) fail(ExitCode::command_line, "--set changes a config: give --config F too");
  InspectReport report = kind == Kind::data_set ? inspect_data_set(options.path)
                         : kind == Kind::run    ? inspect_run(options.path)
                                                : inspect_checkpoint(options.path);
  if (!options.images.empty()) {
    write_sheet(options);
    report.json["images"] = options.images;
    report.text += fmt::format("  {:<12}{}: training inputs after augmentation\n", "sheet", options.images);
  }
  if (options.json) {
    fmt::print("{}\n", report.json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  } else {
    fmt::print("{}", report.text);
  }
}

}  // namespace

std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

std::string readable_bytes(std::uint64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  if (bytes < std::uint64_t{1} << 20) return fmt::format("{:.1f} KiB", value / 1024);
  if (bytes < std::uint64_t{1} << 30) return fmt::format("{:.1f} MiB", value / (1 << 20));
  return fmt::format("{:.1f} GiB", value / (1 << 30));
}

void add_inspect_command(CLI::App& app, ExitCode&) {
  auto* command = app.add_subcommand("inspect", "What a data set, checkpoint or run directory holds");
  auto options = std::make_shared<Options>();
  command->add_option("path", options->path, "Data set, checkpoint or run directory")->type_name("PATH")->required();
  command->add_option("--images", options->images, "Draw training inputs after augmentation, with their classes, into this PNG (data sets)")
      ->type_name("SHEET.png");
  command->add_option("--config", options->config, "Take crop, flip, noise ... from this experiment; default: crop of 7/8, all on")
      ->type_name("F");
  command->add_option("--set", options->sets, "Override a key of the config: key.path=value; the last one wins")
      ->type_name("K=V")
      ->allow_extra_args(false);
  command->add_flag("--json", options->json, "One JSON object");
  command->callback([options] { inspect(*options); });
}

}  // namespace alexnet
