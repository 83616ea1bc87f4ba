#include "alexnet/train/checkpoint.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "alexnet/core/error.hpp"
#include "alexnet/core/log.hpp"
#include "alexnet/io/safetensors.hpp"
#include "train/weight_order.hpp"

namespace alexnet {
namespace {

using nlohmann::json;

constexpr int kFormatVersion = 1;
constexpr const char* kVelocityPrefix = "velocity.";

json to_json(const Checkpoint& c) {
  json classes = json::array();
  for (const ClassInfo& info : c.classes) classes.push_back({{"id", info.id}, {"name", info.name}});
  const TrainingState& s = c.state;
  return {{"format_version", kFormatVersion},
          {"config", dump_config(c.config)},
          {"step", s.step},
          {"samples", s.samples},
          {"epoch_samples", s.epoch_samples},
          {"epoch", s.epoch()},
          {"random_numbers", {{"generator", "philox4x32-10"}, {"seed", c.config.seed}, {"position", s.samples}}},
          {"schedule",
           {{"reductions", s.schedule.reductions},
            {"best", s.schedule.best},
            {"best_epoch", s.schedule.best_epoch},
            {"ended", s.schedule.ended}}},
          {"best", s.best ? json(*s.best) : json()},
          {"interval",
           {{"loss", s.interval.loss},
            {"top1_errors", s.interval.top1_errors},
            {"top5_errors", s.interval.top5_errors},
            {"images", s.interval.images}}},
          {"classes", classes},
          {"preprocessing", {{"picture_size", c.picture_size}, {"resampler", c.resampler}}}};
}

Checkpoint from_json(const json& j) {
  Checkpoint c;
  c.config = parse_config(j.at("config").get<std::string>(), "config in the checkpoint");
  TrainingState& s = c.state;
  j.at("step").get_to(s.step);
  j.at("samples").get_to(s.samples);
  j.at("epoch_samples").get_to(s.epoch_samples);
  const json& schedule = j.at("schedule");
  schedule.at("reductions").get_to(s.schedule.reductions);
  schedule.at("best").get_to(s.schedule.best);
  schedule.at("best_epoch").get_to(s.schedule.best_epoch);
  schedule.at("ended").get_to(s.schedule.ended);
  if (!j.at("best").is_null()) s.best = j.at("best").get<double>();
  const json& interval = j.at("interval");
  interval.at("loss").get_to(s.interval.loss);
  interval.at("top1_errors").get_to(s.interval.top1_errors);
  interval.at("top5_errors").get_to(s.interval.top5_errors);
  interval.at("images").get_to(s.interval.images);
  for (const json& info : j.at("classes")) c.classes.push_back({info.at("id").get<std::string>(), info.at("name").get<std::string>()});
  j.at("preprocessing").at("picture_size").get_to(c.picture_size);
  j.at("preprocessing").at("resampler").get_to(c.resampler);
  if (j.contains("algorithms")) j.at("algorithms").get_to(c.algorithms);
  return c;
}

void read_statistics_tensors(const SafetensorsFile& file, const std::string& path, Checkpoint& c) {
  const Shape shape = file.shape("mean_image");
  if (!(shape == Shape{c.picture_size, c.picture_size, 3}) || !(file.shape("rgb_eigenvectors") == Shape{3, 3}) ||
      !(file.shape("rgb_eigenvalues") == Shape{3})) {
    fail(ExitCode::bad_data, "{}: mean_image {} does not fit pictures of {} x {}", path, shape.str(), c.picture_size, c.picture_size);
  }
  c.statistics.height = c.statistics.width = c.picture_size;
  c.statistics.mean_image = file.read_f32("mean_image");
  const auto vectors = file.read_f32("rgb_eigenvectors");
  const auto values = file.read_f32("rgb_eigenvalues");
  for (std::size_t i = 0; i < 3; ++i) {
    std::copy_n(vectors.begin() + static_cast<std::ptrdiff_t>(3 * i), 3, c.statistics.rgb_eigenvectors[i].begin());
    c.statistics.rgb_eigenvalues[i] = values[i];
  }
}

// Of a whole tensor, the rows that the device holds.
std::vector<float> own_rows(const ParameterSpec& spec, std::vector<float> whole) {
  if (spec.rows.count == spec.rows.total) return whole;
  const std::int64_t row_values = spec.shape.count() / spec.rows.total;
  const auto begin = whole.begin() + spec.rows.first * row_values;
  return {begin, begin + spec.rows.count * row_values};
}

}  // namespace

void save_checkpoint(const std::string& path, Graph& graph, const Checkpoint& checkpoint, const std::function<void()>& gathered) {
  const bool writes = graph.network().share.index == 0;
  std::vector<std::vector<float>> storage;
  std::vector<SafetensorsEntry> entries;
  storage.reserve(2 * graph.parameters().size());
  const auto add = [&](const std::string& name, const Parameter& parameter, const Tensor& tensor) {
    std::vector<float> whole = graph.read_whole(parameter, tensor);
    if (!writes) return;
    storage.push_back(to_file_order(parameter.spec.shape, std::move(whole)));
    entries.push_back({name, Tensor(storage.back().data(), parameter.spec.file_shape, DType::f32)});
  };
  for (const Parameter& parameter : graph.parameters()) add(parameter.spec.name, parameter, parameter.value);
  for (const Parameter& parameter : graph.parameters()) add(kVelocityPrefix + parameter.spec.name, parameter, parameter.velocity);
  if (gathered) gathered();
  if (!writes) return;
  DatasetStatistics statistics = checkpoint.statistics;  // a copy: a Tensor is a view of memory that may be written
  entries.push_back({"mean_image", Tensor(statistics.mean_image.data(), {statistics.height, statistics.width, 3}, DType::f32)});
  entries.push_back({"rgb_eigenvectors", Tensor(statistics.rgb_eigenvectors.data(), {3, 3}, DType::f32)});
  entries.push_back({"rgb_eigenvalues", Tensor(statistics.rgb_eigenvalues.data(), {3}, DType::f32)});
  json rest = to_json(checkpoint);
  if (const Algorithms algorithms = graph.algorithms(); !algorithms.empty()) rest["algorithms"] = algorithms;
  write_safetensors(path, entries, {{"format", "pt"}, {"alexnet", rest.dump()}});
}

Checkpoint read_checkpoint(const std::string& path) {
  const SafetensorsFile file(path, false);
  const auto found = file.metadata().find("alexnet");
  if (found == file.metadata().end()) {
    fail(ExitCode::bad_data, "{}: a safetensors file, but not a checkpoint of alexnet: its metadata has no entry \"alexnet\"", path);
  }
  try {
    const json j = json::parse(found->second);
    const int version = j.at("format_version").get<int>();
    if (version != kFormatVersion)
      fail(ExitCode::bad_data, "{}: checkpoint format {}, this program reads format {}", path, version, kFormatVersion);
    Checkpoint checkpoint = from_json(j);
    read_statistics_tensors(file, path, checkpoint);
    return checkpoint;
  } catch (const json::exception& e) {
    fail(ExitCode::bad_data, "{}: metadata \"alexnet\" is damaged: {}", path, e.what());
  } catch (const Error& e) {
    if (e.code() != ExitCode::configuration) throw;
    fail(ExitCode::bad_data, "{}: {}", path, e.what());
  }
}

void load_parameters(const std::string& path, Graph& graph, const ParameterSelection& selection) {
  const SafetensorsFile file(path);
  for (const std::string& layer : selection.skip) {
    const auto& layers = graph.network().layers;
    if (std::none_of(layers.begin(), layers.end(), [&](const auto& l) { return l->name() == layer; })) {
      fail(ExitCode::configuration, "key train.init.skip: the network has no layer {}", layer);
    }
  }
  const auto load = [&](const std::string& name, const Parameter& parameter, const Tensor& tensor) {
    if (!file.has(name)) {
      fail(ExitCode::bad_data, "{}: has no tensor {}: the checkpoint is of another network; compare with `alexnet config --diff`", path,
           name);
    }
    const Shape shape = file.shape(name);
    if (!(shape == parameter.spec.file_shape)) {
      fail(ExitCode::bad_data, "{}: tensor {} is {}, this network's is {}: the checkpoint is of another network", path, name, shape.str(),
           parameter.spec.file_shape.str());
    }
    graph.write(tensor, to_memory_order(parameter.spec.own_shape(), own_rows(parameter.spec, file.read_f32(name))));
  };
  for (const Parameter& parameter : graph.parameters()) {
    const std::string& layer = graph.network().layers[parameter.layer]->name();
    if (std::find(selection.skip.begin(), selection.skip.end(), layer) != selection.skip.end()) continue;
    load(parameter.spec.name, parameter, parameter.value);
    if (selection.velocities) load(kVelocityPrefix + parameter.spec.name, parameter, parameter.velocity);
  }
}

std::string find_checkpoint(const std::string& path) {
  namespace fs = std::filesystem;
  if (!fs::exists(path)) fail(ExitCode::no_input, "checkpoint {}: there is no such file or run directory", path);
  if (!fs::is_directory(path)) return path;
  for (const char* name : {"best.safetensors", "last.safetensors"}) {
    if (fs::exists(fs::path(path) / name)) return (fs::path(path) / name).string();
  }
  fail(ExitCode::no_input, "run directory {}: holds neither best.safetensors nor last.safetensors yet", path);
}

void check_same_classes(const std::vector<ClassInfo>& checkpoint, const std::vector<ClassInfo>& data, const std::string& checkpoint_path,
                        const std::string& data_path) {
  if (checkpoint.size() != data.size()) {
    fail(ExitCode::bad_data, "{} has {} classes, the data set {} has {}: they do not belong together", checkpoint_path, checkpoint.size(),
         data_path, data.size());
  }
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (checkpoint[i].id != data[i].id) {
      fail(ExitCode::bad_data, "class {} is {} in {} and {} in the data set {}: they do not belong together", i, checkpoint[i].id,
           checkpoint_path, data[i].id, data_path);
    }
  }
}

void warn_of_other_resampler(const Checkpoint& checkpoint, const DatasetManifest& data, const std::string& checkpoint_path,
                             const std::string& data_path) {
  if (checkpoint.resampler == data.resampler) return;
  log::warning("{}: pictures were resized by {}, those of {} by {}: errors may shift by some tenths of a percent", checkpoint_path,
               checkpoint.resampler, data_path, data.resampler);
}

}  // namespace alexnet
