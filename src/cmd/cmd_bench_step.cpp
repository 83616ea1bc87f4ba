// alexnet bench step: images per second of training or inference on random pictures, and where the time goes.
#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "alexnet/config/config.hpp"
#include "alexnet/model/device.hpp"
#include "alexnet/train/evaluator.hpp"
#include "cmd/bench.hpp"
#include "cmd/bench_step.hpp"

namespace alexnet {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string config, backend, dtype, mode = "train";
  std::vector<std::string> sets;
  std::int64_t batch_size = 0, num_threads = 0;
  StepBench bench;
  bool per_op = false, json = false;
};

struct Row {
  std::string layer;
  const char* pass;
  double median_s, floor_s;
  Work work;
};

const char* pass_name(Pass pass) { return pass == Pass::forward ? "forward" : pass == Pass::backward ? "backward" : "update"; }

// What happens to the pictures before the first layer, and in the loss, is small: read once, written once.
Work work_of(const Network& network, const std::string& name, Pass pass, std::int64_t N, std::int64_t picture_size, DType type) {
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    if (network.layers[i]->name() == name) return layer_work(*network.layers[i], pass, N, i > 0, type);
  }
  const auto images = static_cast<double>(N);
  const Extent3& in = network.input;
  if (name == "input")
    return {0, images * static_cast<double>(picture_size * picture_size * 3 +
                                            in.H * in.W * in.C * static_cast<std::int64_t>(dtype_bytes(type)))};
  return {0, images * static_cast<double>(network.num_classes * 2 * 4)};
}

std::int64_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{1024} * usage.ru_maxrss;
}

struct Report {
  std::string config, mode, dtype, backend, device;
  std::int64_t batch_size, peak_bytes;
  int steps;
  double step_s, shortest_s, longest_s, loss;
  MachineSpeed speed;
  std::vector<Row> rows;
  double rows_s = 0, floor_s = 0;

  double images_per_s(double seconds) const { return static_cast<double>(batch_size) / seconds; }
};

ordered_json to_json(const Report& r) {
  ordered_json ops = ordered_json::array();
  for (const Row& row : r.rows) {
    ops.push_back({{"layer", row.layer},
                   {"pass", row.pass},
                   {"ms", rounded(1e3 * row.median_s, 1e3)},
                   {"floor_ms", rounded(1e3 * row.floor_s, 1e3)},
                   {"share", rounded(row.median_s / r.step_s, 1e4)},
                   {"gflop", rounded(row.work.flop / 1e9, 1e6)},
                   {"mbyte", rounded(row.work.bytes / 1e6, 1e3)}});
  }
  return {{"config", r.config},
          {"mode", r.mode},
          {"batch", r.batch_size},
          {"dtype", r.dtype},
          {"backend", r.backend},
          {"device", r.device},
          {"steps", r.steps},
          {"images_per_s", rounded(r.images_per_s(r.step_s), 10)},
          {"min", rounded(r.images_per_s(r.longest_s), 10)},
          {"max", rounded(r.images_per_s(r.shortest_s), 10)},
          {"step_ms", rounded(1e3 * r.step_s, 1e3)},
          {"floor_ms", rounded(1e3 * r.floor_s, 1e3)},
          {"ops_ms", rounded(1e3 * r.rows_s, 1e3)},
          {"machine_gflop_per_s", rounded(r.speed.flop_per_s / 1e9, 10)},
          {"machine_gbyte_per_s", rounded(r.speed.bytes_per_s / 1e9, 10)},
          {"peak_resident_mib", r.peak_bytes >> 20},
          {"loss", r.loss},
          {"ops", ops}};
}

void print_summary(const Report& r) {
  fmt::print("{}: {}, batch {}, {}, {}\n", r.config, r.mode == "train" ? "training" : "inference", r.batch_size, r.dtype, r.device);
  fmt::print("{:.1f} images/s (median of {} steps, {:.1f} to {:.1f}), {:.1f} ms a step; floor {:.1f} ms; peak memory {} MiB\n",
             r.images_per_s(r.step_s), r.steps, r.images_per_s(r.longest_s), r.images_per_s(r.shortest_s), 1e3 * r.step_s, 1e3 * r.floor_s,
             r.peak_bytes >> 20);
}

void print_rows(const Report& r) {
  fmt::print("\n{:<10} {:<9} {:>9} {:>6} {:>10} {:>9} {:>10} {:>9}\n", "layer", "pass", "ms", "share", "floor ms", "of floor", "GFLOP/s",
             "GB/s");
  for (const Row& row : r.rows) {
    fmt::print("{:<10} {:<9} {:>9.2f} {:>4.1f} % {:>10.2f} {:>7.0f} % {:>10.0f} {:>9.1f}\n", row.layer, row.pass, 1e3 * row.median_s,
               100 * row.median_s / r.step_s, 1e3 * row.floor_s, 100 * row.floor_s / row.median_s, row.work.flop / row.median_s / 1e9,
               row.work.bytes / row.median_s / 1e9);
  }
  fmt::print("{:<20} {:>9.2f} {:>4.1f} % {:>10.2f} {:>7.0f} %\n", "sum", 1e3 * r.rows_s, 100 * r.rows_s / r.step_s, 1e3 * r.floor_s,
             100 * r.floor_s / r.rows_s);
  fmt::print(
      "\nfloor: the longer of arithmetic at {:.0f} GFLOP/s (a large product or convolution, measured now) and every tensor read or\n"
      "written once at {:.1f} GB/s (an update of 25 million weights, measured now); what a cache keeps can be faster, and so can\n"
      "convolutions with fewer products than the direct sums that are counted here\n",
      r.speed.flop_per_s / 1e9, r.speed.bytes_per_s / 1e9);
}

Config config_of(const Options& options) {
  Config config = load_config(options.config, options.sets);
  if (options.batch_size != 0) config.train.batch_size = options.batch_size;
  if (!options.backend.empty()) config.device.backend = options.backend;
  if (!options.dtype.empty()) config.device.precision = options.dtype;
  if (options.num_threads != 0) config.device.threads = options.num_threads;
  return config;
}

ExitCode run(const Options& options) {
  const Config config = config_of(options);
  const bool train = options.mode == "train";
  const std::shared_ptr<Backend> backend = open_device(config.device);

  // The data set is not asked for: pictures as large as ImageNet's are beside a crop of 224.
  const std::int64_t crop = config.data.crop, picture_size = crop * 8 / 7;
  GraphOptions graph_options;
  graph_options.mode = train ? GraphMode::training : GraphMode::inference;
  graph_options.batch_size = config.train.batch_size;
  graph_options.image_height = graph_options.image_width = picture_size;
  graph_options.input_scale = static_cast<float>(config.data.scale);
  graph_options.optimizer = config.optimizer;
  graph_options.activation_type = activation_type(config.device.precision);
  Graph graph(make_network(config.model, crop, config.model.num_classes.value_or(1000)), backend, graph_options);
  graph.initialize(config.seed);
  float grey[] = {120, 120, 120};
  graph.set_mean(Tensor(grey, {1, 1, 3}, DType::f32));
  StepBench bench = options.bench;
  bench.train = train;
  const StepParameters step = make_step_parameters(config, graph.network(), 0, train ? config.schedule.learning_rate : 0);
  const StepTimes times = time_steps(graph, *backend, step, picture_size, bench);
  const std::int64_t peak_bytes = peak_resident_bytes();  // before measuring the machine takes memory of its own
  const MachineSpeed speed = measure_machine_speed(*backend, graph_options.activation_type);

  const auto [shortest, longest] = std::minmax_element(times.step_s.begin(), times.step_s.end());
  Report report{options.config,
                options.mode,
                config.device.precision,
                std::string(backend->name()),
                backend->description(),
                graph.batch_size(),
                peak_bytes,
                bench.steps,
                median(times.step_s),
                *shortest,
                *longest,
                times.loss,
                speed,
                {}};
  for (const LayerTime& time : times.layers) {
    const Work work = work_of(graph.network(), time.layer, time.pass, graph.batch_size(), picture_size, graph_options.activation_type);
    report.rows.push_back({time.layer, pass_name(time.pass), median(time.seconds), work.floor_s(speed), work});
    report.rows_s += report.rows.back().median_s;
    report.floor_s += report.rows.back().floor_s;
  }
  if (options.json) {
    fmt::print("{}\n", to_json(report).dump());
  } else {
    print_summary(report);
    if (options.per_op) print_rows(report);
  }
  return ExitCode::done;
}

}  // namespace

void add_bench_step_command(CLI::App& bench, ExitCode& exit_code) {
  auto options = std::make_shared<Options>();
  options->config = "alexnet";
  CLI::App* command = bench.add_subcommand("step", "Whole steps of a network on random pictures, layer by layer");
  command->add_option("--config", options->config, "Experiment: a YAML file, or the name of one in configs/")
      ->type_name("F")
      ->capture_default_str();
  command->add_option("--set", options->sets, "Change a key of the config: key.path=value; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_option("--backend", options->backend, "auto|onednn|cuda|cudnn [the config's]")->type_name("B");
  command->add_option("--batch", options->batch_size, "Images a step [the config's]")->type_name("N")->check(CLI::Range(1, 1 << 20));
  command->add_option("--dtype", options->dtype, "f32|tf32|bf16 [the config's]")->check(CLI::IsMember({"f32", "tf32", "bf16"}));
  command->add_option("--mode", options->mode, "train|infer")->check(CLI::IsMember({"train", "infer"}))->capture_default_str();
  command->add_option("--threads", options->num_threads, "Threads [the config's]")->check(CLI::Range(1, 4096));
  command->add_option("--steps", options->bench.steps, "Timed steps")->check(CLI::Range(1, 100000))->capture_default_str();
  command->add_option("--warmup", options->bench.warmup_steps, "Steps before them")->check(CLI::Range(0, 100000))->capture_default_str();
  command->add_flag("--per-op", options->per_op, "A line for each layer and pass, with its floor (--json always has them)");
  command->add_flag("--json", options->json, "One JSON object");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace alexnet
