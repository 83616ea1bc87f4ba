// alexnet prepare SOURCE OUT: pictures -> a data set; alexnet prepare --verify OUT: compares a data set with its hashes.
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "alexnet/core/log.hpp"
#include "alexnet/data/prepare.hpp"
#include "cmd/commands.hpp"

namespace alexnet {
namespace {

struct PrepareCommand {
  PrepareOptions options;
  bool verify = false, json = false;
};

void print_table(const PrepareOptions& options, const PrepareResult& result) {
  const DatasetManifest& manifest = result.manifest;
  std::cout << fmt::format("{:<10} {}\n", "classes", manifest.classes.size());
  for (const char* split : {"train", "val", "test"}) {
    const auto found = manifest.splits.find(split);
    if (found == manifest.splits.end()) continue;
    const std::size_t shards = found->second.shards.size();
    std::cout << fmt::format("{:<10} {} pictures in {} shard{}\n", split, found->second.num_samples, shards, shards == 1 ? "" : "s");
  }
  std::cout << fmt::format("{:<10} {} x {} pixels, {}\n", "stored", manifest.size, manifest.size,
                           manifest.encoding == "jpeg" ? fmt::format("JPEG, quality {}", manifest.quality) : "raw");
  std::cout << fmt::format("{:<10} {}{}\n", "bad files", manifest.num_bad_files,
                           manifest.num_bad_files > 0 ? ", listed in bad_files.jsonl" : "");
  std::cout << fmt::format("{:<10} {:.1f} MiB\n", "size", static_cast<double>(result.bytes) / (1 << 20));
  std::cout << fmt::format("{:<10} {:.1f} s\n", "time", result.seconds);
  std::cout << fmt::format("{:<10} {}\n", "data set", options.out);
}

void print_json(const PrepareOptions& options, const PrepareResult& result) {
  const DatasetManifest& manifest = result.manifest;
  nlohmann::ordered_json json = {{"out", options.out},    {"layout", manifest.layout},     {"classes", manifest.classes.size()},
                                 {"size", manifest.size}, {"encoding", manifest.encoding}, {"bad_files", manifest.num_bad_files},
                                 {"bytes", result.bytes}, {"seconds", result.seconds}};
  for (const auto& [name, split] : manifest.splits) json["splits"][name] = split.num_samples;
  std::cout << json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
}

ExitCode verify(const std::string& folder, bool json) {
  const std::vector<std::string> damage = verify_dataset(folder);
  if (json) {
    const nlohmann::ordered_json object = {{"data_set", folder}, {"whole", damage.empty()}, {"damage", damage}};
    std::cout << object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
  } else {
    for (const std::string& line : damage) std::cout << "damaged: " << line << "\n";
    if (damage.empty()) std::cout << folder << ": everything is as it was written\n";
  }
  return damage.empty() ? ExitCode::done : ExitCode::answer_is_no;
}

ExitCode run(PrepareCommand& command) {
  PrepareOptions& options = command.options;
  if (command.verify) {
    // An existing data set is only read: `prepare --verify OUT`, or the command that wrote it with --verify added.
    const std::string& folder = options.out.empty() ? options.source : options.out;
    if (options.out.empty() || std::filesystem::exists(folder + "/dataset.json")) return verify(folder, command.json);
  }
  if (options.out.empty()) fail(ExitCode::command_line, "prepare {}: OUT is missing: the folder to write the data set to", options.source);
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is an error like a full disk
  const PrepareResult result = prepare_dataset(options);
  if (command.json) {
    print_json(options, result);
  } else {
    print_table(options, result);
  }
  return command.verify ? verify(options.out, command.json) : ExitCode::done;
}

}  // namespace

void add_prepare_command(CLI::App& app, ExitCode& exit_code) {
  auto command = std::make_shared<PrepareCommand>();
  PrepareOptions& options = command->options;
  CLI::App* sub = app.add_subcommand("prepare", "Turn pictures into a data set: shards, class list, mean image, colour axes");
  sub->add_option(
         "SOURCE", options.source,
         "A folder of class folders (also inside train/ and val/), the folder of ImageNet's tars (packed or unpacked), Kaggle's or Tiny "
         "ImageNet's tree, CIFAR-10's binary files, WebDataset shards, a list of lines PATH LABEL, or drawn:classes=10,train=2000,val=500")
      ->required();
  sub->add_option("OUT", options.out, "The folder to write; must be empty or new");
  sub->add_option("--layout", options.layout, fmt::format("How SOURCE is laid out: {}", fmt::join(prepare_layouts(), "|")))
      ->capture_default_str();
  sub->add_option("--size", options.size,
                  "Side of the stored pictures: short side to SIZE, then the centre [256; 32 or 64 where all pictures have it]");
  sub->add_option("--encoding", options.encoding, "jpeg|raw [raw up to 64 pixels, jpeg beyond]");
  sub->add_option("--quality", options.quality, "Of jpeg, 1 to 100")->capture_default_str();
  sub->add_option("--shard-mib", options.shard_mib, "Size of a shard")->capture_default_str();
  sub->add_option("--val-fraction", options.val_fraction, "Share of each class kept for validation where SOURCE has no validation pictures")
      ->capture_default_str();
  sub->add_option("--classes", options.classes_file, "Only these classes in this order: a file of lines ID or ID<TAB>NAME")
      ->type_name("FILE");
  sub->add_option("--limit-per-class", options.limit_per_class, "At most so many pictures of a class and split [all]");
  sub->add_option("--max-bad", options.max_bad, "Unreadable pictures that are left out before it is an error: N or P%")
      ->capture_default_str();
  sub->add_flag("--exif-orientation", options.exif_orientation,
                "Turn pictures as their EXIF says, for photographs; ImageNet's reference results were made without");
  sub->add_option("--seed", options.seed, "Of shuffle, validation split and drawn pictures")->capture_default_str();
  sub->add_option("--workers", options.workers, "Threads; 0: one a core")->capture_default_str();
  sub->add_option("--save-seconds", options.save_seconds, "Time between savings of progress: what a kill costs")->capture_default_str();
  sub->add_flag("--verify", command->verify, "Read all files again and compare them with their hashes; alone on a data set: --verify OUT");
  sub->add_flag("--json", command->json, "The result as one JSON object");
  sub->callback([command, &exit_code] { exit_code = run(*command); });
}

}  // namespace alexnet
