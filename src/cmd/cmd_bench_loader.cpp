// alexnet bench loader: pictures per second from shards to the network's input, for a prepared data set or for drawn pictures.
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "alexnet/core/log.hpp"
#include "alexnet/data/prepare.hpp"
#include "cmd/bench.hpp"
#include "cmd/bench_loader.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

struct Options {
  std::string data;
  LoaderBench bench;
  int num_workers = 0;
  bool json = false;
};

// Drawn pictures in both encodings, gone at the end of the scope.
class DrawnSets {
 public:
  explicit DrawnSets(std::uint64_t num_images) {
    std::error_code error;
    std::string name = (fs::temp_directory_path(error) / "alexnet-bench-XXXXXX").string();
    if (error || mkdtemp(name.data()) == nullptr)
      fail(ExitCode::io_failed, "no temporary folder for drawn pictures: {}; give --data OUT, or set TMPDIR",
           error ? error.message() : std::strerror(errno));
    folder_ = name;
    log::info("draws {} pictures of 256 x 256", num_images);
    const log::Level level = log::level();
    log::set_level(std::max(level, log::Level::warning));
    for (const char* encoding : {"jpeg", "raw"}) {
      PrepareOptions options;
      options.source = fmt::format("drawn:classes=10,train={},val=0", num_images);
      options.size = 256;
      options.encoding = encoding;
      options.out = folder_ + "/" + encoding;
      prepare_dataset(options);
      sets.push_back(options.out);
    }
    log::set_level(level);
  }
  ~DrawnSets() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  DrawnSets(const DrawnSets&) = delete;
  DrawnSets& operator=(const DrawnSets&) = delete;

  std::vector<std::string> sets;

 private:
  std::string folder_;
};

ordered_json to_json(const LoaderTimes& times, const Options& options) {
  ordered_json stages = ordered_json::array();
  for (const LoaderStage& s : times.stages) {
    stages.push_back({{"stage", s.name},
                      {"threads", s.threads},
                      {"images_per_s", rounded(s.rate.images_per_s, 10)},
                      {"images_per_core_s", rounded(s.rate.images_per_core_s, 10)},
                      {"mbyte_per_s", rounded(s.rate.images_per_s * s.bytes_per_image / 1e6, 10)},
                      {"floor", s.floor_name},
                      {"floor_images_per_core_s", rounded(s.floor.images_per_core_s, 10)},
                      {"share_of_floor", rounded(s.rate.images_per_core_s / s.floor.images_per_core_s, 1e4)}});
  }
  return {{"encoding", times.encoding},        {"size", times.size}, {"crop", times.crop}, {"stored_bytes", rounded(times.stored_bytes, 1)},
          {"batch", options.bench.batch_size}, {"stages", stages}};
}

void print(const LoaderTimes& times, const Options& options) {
  fmt::print("{} pictures of {} x {}, {:.0f} bytes each, crops of {}, batch {}: median of {} rounds of {:g} s\n", times.encoding,
             times.size, times.size, times.stored_bytes, times.crop, options.bench.batch_size, options.bench.rounds, options.bench.seconds);
  fmt::print("{:<22} {:>7} {:>10} {:>10} {:>9}   {:<20} {:>10} {:>9}\n", "stage", "threads", "images/s", "per core", "MB/s", "floor",
             "per core", "of floor");
  for (const LoaderStage& s : times.stages) {
    fmt::print("{:<22} {:>7} {:>10.0f} {:>10.0f} {:>9.0f}   {:<20} {:>10.0f} {:>7.0f} %\n", s.name, s.threads, s.rate.images_per_s,
               s.rate.images_per_core_s, s.rate.images_per_s * s.bytes_per_image / 1e6, s.floor_name, s.floor.images_per_core_s,
               100 * s.rate.images_per_core_s / s.floor.images_per_core_s);
  }
}

void run(const Options& options) {
  std::unique_ptr<DrawnSets> drawn;
  if (options.data.empty()) drawn = std::make_unique<DrawnSets>(options.bench.num_images);
  const std::vector<std::string> sets = drawn ? drawn->sets : std::vector<std::string>{options.data};
  LoaderBench bench = options.bench;
  const int most = options.num_workers > 0 ? options.num_workers : static_cast<int>(std::max(2U, std::thread::hardware_concurrency()));
  bench.threads = most == 1 ? std::vector<int>{1} : std::vector<int>{1, most};
  ordered_json results = ordered_json::array();
  for (const std::string& set : sets) {
    bench.data_set = set;
    const LoaderTimes times = time_loader(bench);
    results.push_back(to_json(times, options));
    if (!options.json) print(times, options);
  }
  if (options.json) fmt::print("{}\n", ordered_json{{"sets", results}}.dump());
  if (!options.json) fmt::print("\nper core: images by the processor time of all threads; MB/s: of what comes out\n");
}

}  // namespace

void add_bench_loader_command(CLI::App& bench, ExitCode&) {
  auto options = std::make_shared<Options>();
  CLI::App* command = bench.add_subcommand("loader", "Pictures per second from shards to the network's input, stage by stage");
  command->add_option("--data", options->data, "Prepared data set; its training split [drawn pictures, JPEG and raw]")->type_name("OUT");
  command->add_option("--batch", options->bench.batch_size, "Images a batch")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 16))
      ->capture_default_str();
  command->add_option("--workers", options->num_workers, "Threads, besides the row for one [the cores]")
      ->type_name("N")
      ->check(CLI::Range(1, 4096));
  command->add_option("--images", options->bench.num_images, "The first so many pictures, again and again")
      ->type_name("N")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  command->add_option("--rounds", options->bench.rounds, "Rounds")->type_name("N")->check(CLI::Range(1, 1000))->capture_default_str();
  command->add_option("--seconds", options->bench.seconds, "Of each measurement")
      ->type_name("S")
      ->check(CLI::Range(0.001, 3600.0))
      ->capture_default_str();
  command->add_flag("--json", options->json, "One JSON object");
  command->callback([options] { run(*options); });
}

}  // namespace alexnet
