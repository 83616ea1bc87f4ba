// alexnet bench ops: how long each op takes by itself, and what share of that its arithmetic or its memory traffic would need.
#include <array>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cmd/bench.hpp"
#include "cmd/bench_ops.hpp"

namespace alexnet {
namespace {

using nlohmann::ordered_json;

struct Options {
  std::string backend = "auto", beside, op;
  std::int64_t batch_size = 128;
  int num_threads = 0;
  bool json = false;
};

constexpr const char* kLine = "{:<22} {:<15} {:<17} {:>10} {:>10} {:>9} {:>9} {:>9}{}\n";

// Of another backend, by op, shape and pass.
using OtherTimes = std::map<std::array<std::string, 3>, double>;

OtherTimes median_ms(Backend& backend, const Options& options) {
  OtherTimes times;
  bench_ops(backend, options.batch_size, options.op, [&](const OpTime& time) {
    times[{time.op, time.shape, time.pass}] = 1e3 * time.median_s;
  });
  return times;
}

void print_line(const OpTime& time, const MachineSpeed& speed, std::optional<double> other_ms) {
  fmt::print(
      kLine, time.op, time.shape, time.pass, fmt::format("{:.3f}", 1e3 * time.median_s), fmt::format("{:.3f}", 1e3 * time.shortest_s),
      time.work.flop > 0 ? fmt::format("{:.2f}", time.work.flop / time.median_s / 1e12) : "",
      fmt::format("{:.1f}", time.work.bytes / time.median_s / 1e9), fmt::format("{:.0f} %", 100 * time.work.floor_s(speed) / time.median_s),
      other_ms ? fmt::format(" {:>10.3f} {:>7.2f}", *other_ms, *other_ms / (1e3 * time.median_s)) : "");
  std::fflush(stdout);
}

ordered_json to_json(const OpTime& time, const MachineSpeed& speed, std::optional<double> other_ms) {
  ordered_json json = {{"op", time.op},
                       {"shape", time.shape},
                       {"pass", time.pass},
                       {"ms", rounded(1e3 * time.median_s, 1e4)},
                       {"shortest_ms", rounded(1e3 * time.shortest_s, 1e4)},
                       {"rounds", time.rounds},
                       {"gflop", rounded(time.work.flop / 1e9, 1e6)},
                       {"mbyte", rounded(time.work.bytes / 1e6, 1e3)},
                       {"floor_ms", rounded(1e3 * time.work.floor_s(speed), 1e4)}};
  if (other_ms) json["beside_ms"] = rounded(*other_ms, 1e4);
  return json;
}

ExitCode run(const Options& options) {
  const auto backend = make_backend(options.backend, {options.num_threads});
  const auto other = options.beside.empty() ? nullptr : make_backend(options.beside, {options.num_threads});
  const OtherTimes other_times = other ? median_ms(*other, options) : OtherTimes();
  const MachineSpeed speed = measure_machine_speed(*backend);
  auto ops = ordered_json::array();
  bench_ops(*backend, options.batch_size, options.op, [&](const OpTime& time) {
    if (ops.empty() && !options.json) {
      fmt::print("{}, batch {}, f32\n", backend->description(), options.batch_size);
      if (other) fmt::print("beside it, and how many times as long: {}\n", other->description());
      fmt::print(kLine, "op", "shape", "pass", "ms", "shortest", "TFLOP/s", "GB/s", "of floor",
                 other ? fmt::format(" {:>10} {:>7}", fmt::format("{} ms", other->name()), "times") : "");
    }
    const auto found = other_times.find({time.op, time.shape, time.pass});
    const auto other_ms = found == other_times.end() ? std::nullopt : std::optional(found->second);
    ops.push_back(to_json(time, speed, other_ms));
    if (!options.json) print_line(time, speed, other_ms);
  });
  if (options.json) {
    ordered_json json = {{"backend", backend->name()},
                         {"device", backend->description()},
                         {"batch", options.batch_size},
                         {"dtype", "f32"},
                         {"machine_gflop_per_s", rounded(speed.flop_per_s / 1e9, 10)},
                         {"machine_gbyte_per_s", rounded(speed.bytes_per_s / 1e9, 10)},
                         {"ops", ops}};
    if (other) json["beside"] = {{"backend", other->name()}, {"device", other->description()}};
    fmt::print("{}\n", json.dump());
  } else {
    fmt::print(
        "floor: the longer of arithmetic at {:.2f} TFLOP/s (a large product or convolution, measured now) and every tensor read or\n"
        "written once at {:.0f} GB/s (an update of 25 million weights, measured now)\n",
        speed.flop_per_s / 1e12, speed.bytes_per_s / 1e9);
  }
  return ExitCode::done;
}

}  // namespace

void add_bench_ops_command(CLI::App& bench, ExitCode& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = bench.add_subcommand("ops", "Each op by itself, at the shapes of the full network");
  command->add_option("--backend", options->backend, "auto|onednn|cuda|cudnn")->type_name("B")->capture_default_str();
  command->add_option("--beside", options->beside, "Another backend, whose times stand in the same table")->type_name("B");
  command->add_option("--op", options->op, "Only this one of those that a step of alexnet runs [all]")->type_name("NAME");
  command->add_option("--batch", options->batch_size, "Images")->type_name("N")->check(CLI::Range(1, 1 << 20))->capture_default_str();
  command->add_option("--threads", options->num_threads, "Of the CPU; 0: all that this process may use")->check(CLI::Range(0, 4096));
  command->add_flag("--json", options->json, "One JSON object");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace alexnet
