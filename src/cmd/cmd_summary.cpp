// alexnet summary: layers, shapes, parameters, multiply-accumulates, the columns and where they meet, what each device of several holds
// and sends, and the memory plan.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "alexnet/config/config.hpp"
#include "alexnet/data/dataset.hpp"
#include "alexnet/model/device.hpp"
#include "alexnet/model/graph.hpp"
#include "alexnet/train/trainer.hpp"
#include "cmd/commands.hpp"

namespace alexnet {
namespace {

struct Options {
  std::string config, explain;
  std::vector<std::string> sets;
  bool plan = false, json = false;
};

std::int64_t number_of_classes(const Config& config) {
  if (config.model.num_classes) return *config.model.num_classes;
  try {
    return static_cast<std::int64_t>(read_manifest(config.data.path).classes.size());
  } catch (const Error& e) {
    fail(e.code(), "model.num_classes is auto, and the data set does not say: {}; give --set model.num_classes=N", e.what());
  }
}

// 12345678 -> "12,345,678"
std::string grouped(std::int64_t value) {
  std::string text = std::to_string(value);
  for (std::ptrdiff_t i = static_cast<std::ptrdiff_t>(text.size()) - 3; i > 0; i -= 3) text.insert(static_cast<std::size_t>(i), ",");
  return text;
}

std::string extent(const Extent3& e) { return e.H == 1 && e.W == 1 ? std::to_string(e.C) : fmt::format("{}x{}x{}", e.H, e.W, e.C); }

std::int64_t num_parameters(const Layer& layer) {
  std::int64_t count = 0;
  for (const ParameterSpec& parameter : layer.parameters()) count += parameter.shape.count();
  return count;
}

bool has_weights(const Layer& layer) { return !layer.parameters().empty(); }

void print_layers(const Network& network) {
  fmt::print("{:<8} {:<16} {:>12} {:>12} {:>5} {:>12} {:>14}\n", "layer", "type", "input", "output", "sees", "parameters", "MACs");
  for (const auto& layer : network.layers) {
    const std::string& type = layer->config().type;
    const bool chooses = has_weights(*layer) || type == "lrn";
    fmt::print("{:<8} {:<16} {:>12} {:>12} {:>5} {:>12} {:>14}\n", layer->name(), type, extent(layer->src()), extent(layer->dst()),
               chooses && network.columns > 1 ? layer->config().sees : "", has_weights(*layer) ? grouped(num_parameters(*layer)) : "",
               has_weights(*layer) ? grouped(layer->macs()) : "");
  }
  fmt::print("{:<8} {:<16} {:>12}\n", network.loss, "softmax_cross_entropy", network.num_classes);
  fmt::print("\n{} parameters, {} multiply-accumulates per image forward, {} forward and backward\n", grouped(network.num_parameters()),
             grouped(network.macs()), grouped(network.macs() + network.backward_macs()));
}

// The columns side by side; a layer that reads every column stands across a line of exchange.
void print_columns(const Network& network) {
  if (network.columns < 2) return;
  constexpr int kWidth = 24;
  const auto columns = static_cast<std::size_t>(network.columns);
  const auto in_each = [&](const std::string& text) {
    std::string line;
    for (std::size_t i = 0; i < columns; ++i) line += fmt::format("{:^{}}", text, kWidth);
    return line;
  };
  const std::size_t width = kWidth * columns;
  fmt::print("\n{:^{}}\n", fmt::format("image {}", extent(network.input)), width);
  std::string text;  // a layer with weights and the small ones behind it, in one line
  Extent3 end;
  const auto flush = [&] {
    if (text.empty()) return;
    Extent3 share = end;
    const bool splits = share.C % network.columns == 0;
    if (splits) share.C /= network.columns;
    fmt::print("{}\n{}\n", in_each(text), splits ? in_each(extent(share)) : fmt::format("{:^{}}", extent(end), width));
    text.clear();
  };
  for (const auto& layer : network.layers) {
    if (has_weights(*layer) || layer->mixes_columns()) flush();
    if (layer->mixes_columns())
      fmt::print("{}\n", fmt::format("{:-^{}}", fmt::format(" columns exchange {} ", extent(layer->src())), width));
    text += (text.empty() ? "" : " ") + layer->name();
    end = layer->dst();
  }
  flush();
}

// The network as each of its devices holds it; none if it is not laid over several.
std::vector<Network> device_networks(const Config& config, std::int64_t num_classes) {
  std::vector<Network> networks;
  const auto num_devices = static_cast<int>(config.device.column_devices);
  if (num_devices == 1) return networks;
  for (int i = 0; i < num_devices; ++i)
    networks.push_back(make_network(config.model, config.data.crop, num_classes, {i, num_devices, nullptr}));
  return networks;
}

// "a", or "a to c".
std::string columns_of(const Network& network) {
  const std::int64_t each = network.columns / network.share.count, first = network.share.index * each;
  const auto letter = [](std::int64_t column) { return static_cast<char>('a' + column); };
  return each == 1 ? fmt::format("column {}", letter(first)) : fmt::format("columns {} to {}", letter(first), letter(first + each - 1));
}

std::size_t parameter_bytes(const Network& network) {  // with velocities and gradients
  return 3 * static_cast<std::size_t>(network.num_own_parameters()) * sizeof(float);
}

double mib(std::size_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

void print_devices(const std::vector<Network>& devices, DType type) {
  fmt::print("\n{:<8} {:<16} {:>12} {:>14} {:>30}\n", "device", "holds", "parameters", "MACs", "weights, velocities, gradients");
  for (const Network& device : devices) {
    fmt::print("{:<8} {:<16} {:>12} {:>14} {:>26.1f} MiB\n", device.share.index, columns_of(device), grouped(device.num_own_parameters()),
               grouped(device.macs()), mib(parameter_bytes(device)));
  }
  fmt::print("\nbytes that each device sends to {} for an image\n{:<16} {:>12} {:>12}\n", devices.size() == 2 ? "the other" : "the others",
             "exchange", "forward", "backward");
  ExchangeBytes all{"in all"};
  const auto print_bytes = [](const ExchangeBytes& e) {
    fmt::print("{:<16} {:>12} {:>12}\n", e.name, grouped(e.forward), grouped(e.backward));
  };
  for (const ExchangeBytes& e : exchange_bytes(devices.front(), type)) {
    print_bytes(e);
    all.forward += e.forward;
    all.backward += e.backward;
  }
  print_bytes(all);
}

nlohmann::json devices_to_json(const std::vector<Network>& devices, DType type) {
  nlohmann::json result = nlohmann::json::array();
  for (const Network& device : devices) {
    nlohmann::json exchanges = nlohmann::json::array();
    for (const ExchangeBytes& e : exchange_bytes(device, type))
      exchanges.push_back({{"name", e.name}, {"forward_bytes", e.forward}, {"backward_bytes", e.backward}});
    result.push_back({{"columns", columns_of(device)},
                      {"parameters", device.num_own_parameters()},
                      {"macs_forward", device.macs()},
                      {"macs_backward", device.backward_macs()},
                      {"parameter_bytes", parameter_bytes(device)},
                      {"exchanges_per_image", exchanges}});
  }
  return result;
}

void print_plan(const Config& config, Network network) {
  if (network.share.count > 1) fmt::print("\ndevice {}: {}\n", network.share.index, columns_of(network));
  GraphOptions options;
  options.batch_size = largest_part(config.train, static_cast<int>(config.device.replicas.value_or(1)));
  options.sums_parts = config.train.micro_batches > 1;
  options.image_height = options.image_width = std::max<std::int64_t>(config.data.crop, 1);
  options.activation_type = activation_type(config.device.precision);
  const std::shared_ptr<Backend> backend = open_device(config.device);
  const Graph graph(std::move(network), backend, options);
  const GraphPlan& plan = graph.plan();
  fmt::print("\nnodes in the order of their forward passes (fused layers in one node)\n");
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) fmt::print("{:>4}  {}\n", i, plan.nodes[i]);
  fmt::print("\nmemory of a training step at batch {} (times: forward of node i at i, backward at {} - i)\n", options.batch_size,
             2 * plan.nodes.size() - 1);
  fmt::print("{:<24} {:>12} {:>12}  {}\n", "block", "offset MiB", "MiB", "from - to");
  for (const auto& block : plan.blocks) {
    fmt::print("{:<24} {:>12.2f} {:>12.2f}  {} - {}\n", block.name, mib(block.offset), mib(block.bytes), block.first, block.last);
  }
  fmt::print(
      "\nactivations {:.1f} MiB (without sharing {:.1f}), weights, velocities and gradients {:.1f} MiB, a batch of pictures {:.1f} MiB\n"
      "{:.1f} MiB on {}\n",
      mib(plan.activation_bytes), mib(plan.unshared_bytes), mib(plan.parameter_bytes), mib(plan.batch_bytes),
      mib(plan.activation_bytes + plan.parameter_bytes + plan.batch_bytes), backend->description());
}

nlohmann::json to_json(const Network& network) {
  nlohmann::json layers = nlohmann::json::array();
  const auto to_array = [](const Extent3& e) { return nlohmann::json::array({e.H, e.W, e.C}); };
  for (const auto& layer : network.layers) {
    layers.push_back({{"name", layer->name()},
                      {"type", layer->config().type},
                      {"input", to_array(layer->src())},
                      {"output", to_array(layer->dst())},
                      {"parameters", num_parameters(*layer)},
                      {"macs", layer->macs()},
                      {"mixes_columns", layer->mixes_columns()}});
  }
  return {{"layers", layers},
          {"columns", network.columns},
          {"num_classes", network.num_classes},
          {"parameters", network.num_parameters()},
          {"macs_forward", network.macs()},
          {"macs_backward", network.backward_macs()}};
}

void print_explanation(const Network& network, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& layer : network.layers) {
    names.push_back(layer->name());
    if (layer->name() != name) continue;
    fmt::print("{} ({}): {} -> {}\n{}", name, layer->config().type, extent(layer->src()), extent(layer->dst()), layer->explain());
    return;
  }
  const std::string nearest = nearest_name(name, names);
  fail(ExitCode::command_line, "--explain {}: the network has no such layer{}", name, nearest.empty() ? "" : "; did you mean " + nearest);
}

ExitCode run(const Options& options) {
  const Config config = load_config(options.config, options.sets);
  const std::int64_t num_classes = number_of_classes(config);
  Network network = make_network(config.model, config.data.crop, num_classes);
  std::vector<Network> devices = device_networks(config, num_classes);
  const DType type = devices.empty() ? DType::f32 : activation_type(config.device.precision);
  if (!options.explain.empty()) {
    print_explanation(network, options.explain);
  } else if (options.json) {
    nlohmann::json json = to_json(network);
    json["devices"] = devices_to_json(devices, type);
    fmt::print("{}\n", json.dump());
  } else {
    print_layers(network);
    print_columns(network);
    if (!devices.empty()) print_devices(devices, type);
    if (devices.empty()) devices.push_back(std::move(network));
    if (options.plan) {
      for (Network& device : devices) print_plan(config, std::move(device));
    }
  }
  return ExitCode::done;
}

}  // namespace

void add_summary_command(CLI::App& app, ExitCode& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("summary", "Layers, shapes, parameters, MACs, columns and their exchanges");
  command->add_option("--config", options->config, "Experiment: a YAML file, or the name of one in configs/")->type_name("F")->required();
  command->add_option("--set", options->sets, "Change a key of the config: key.path=value; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_flag("--plan", options->plan, "Also fused nodes and the memory of a training step, of each device");
  command->add_option("--explain", options->explain, "The arithmetic of one layer")->type_name("LAYER");
  command->add_flag("--json", options->json, "One JSON object");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace alexnet
