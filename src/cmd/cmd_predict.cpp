// alexnet predict: the best classes of pictures, preprocessed as the checkpoint says.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "alexnet/core/log.hpp"
#include "alexnet/data/decode.hpp"
#include "alexnet/io/files.hpp"
#include "alexnet/train/evaluator.hpp"
#include "cmd/commands.hpp"

namespace alexnet {
namespace {

struct Options {
  std::string checkpoint, backend = "auto", dtype;
  std::vector<std::string> images;
  std::int64_t top = 5;
  bool json = false;
};

// Files as they are, folders as their files in order of name, "-" as the names on stdin.
std::vector<std::string> list_files(const std::vector<std::string>& arguments) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  for (const std::string& argument : arguments) {
    if (argument == "-") {
      for (std::string line; std::getline(std::cin, line);) {
        if (!line.empty()) files.push_back(line);
      }
    } else if (fs::is_directory(argument)) {
      std::vector<std::string> found;
      for (const auto& entry : fs::recursive_directory_iterator(argument)) {
        if (entry.is_regular_file() && entry.path().filename().string().front() != '.') found.push_back(entry.path().string());
      }
      if (found.empty()) fail(ExitCode::bad_data, "{}: the folder holds no files", argument);
      std::sort(found.begin(), found.end());
      files.insert(files.end(), found.begin(), found.end());
    } else {
      files.push_back(argument);
    }
  }
  return files;
}

class Predictor {
 public:
  explicit Predictor(const Options& options)
      : options_(options),
        backend_(make_backend(options.backend, {0})),
        model_(load_model(options.checkpoint, backend_, 1, options.dtype)) {
    log::info("{}: {} classes, pictures of {} x {}", model_.path, classes().size(), model_.checkpoint.picture_size,
              model_.checkpoint.picture_size);
  }

  // Prints the picture's line. False: the picture is bad.
  bool predict(const std::string& file) {
    nlohmann::json line = {{"file", file}};
    std::string error;
    try {
      line["top"] = rank(file);
    } catch (const Error& e) {
      if (e.code() != ExitCode::bad_data && e.code() != ExitCode::no_input) throw;
      error = e.what();
      line["error"] = error;
    }
    if (options_.json) {
      fmt::print("{}\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    } else if (!error.empty()) {
      log::error("{}: {}", file, error);
    } else {
      fmt::print("{}\n", file);
      for (const auto& best : line["top"]) {
        fmt::print("  {:6.2f} %  {:<12} {}\n", 100 * best["probability"].get<double>(), best["id"].get<std::string>(),
                   best["name"].get<std::string>());
      }
    }
    return error.empty();
  }

 private:
  const std::vector<ClassInfo>& classes() const { return model_.checkpoint.classes; }

  nlohmann::json rank(const std::string& file) {
    const std::int64_t size = model_.checkpoint.picture_size;
    const Picture picture = resize_and_crop(decode_picture(read_binary_file(file)), size);
    EvaluatedModel evaluated = model_.evaluated();
    evaluated.step.count_images(1);
    const std::int32_t no_label = 0;
    const SampleTransform centre = evaluation_view(0, 1, size, size, evaluated.crop);
    model_.graph->set_step(evaluated.step);
    model_.graph->set_images(picture.rgb, {&no_label, 1}, {&centre, 1});
    model_.graph->forward(false);
    const auto num_classes = static_cast<std::int64_t>(classes().size());
    const auto ranked = best_classes(*backend_, model_.graph->probabilities(), num_classes, std::min(options_.top, num_classes));
    nlohmann::json top = nlohmann::json::array();
    for (const RankedClass& r : ranked.front()) {
      const ClassInfo& info = classes()[static_cast<std::size_t>(r.index)];
      top.push_back({{"class", r.index}, {"id", info.id}, {"name", info.name}, {"probability", r.probability}});
    }
    return top;
  }

  Options options_;
  std::shared_ptr<Backend> backend_;
  LoadedModel model_;
};

ExitCode run(const Options& options) {
  const std::vector<std::string> files = list_files(options.images);
  Predictor predictor(options);
  std::size_t num_bad = 0;
  for (const std::string& file : files) num_bad += predictor.predict(file) ? 0 : 1;
  if (num_bad > 0) log::warning("{} of {} pictures could not be read", num_bad, files.size());
  return num_bad > 0 ? ExitCode::bad_data : ExitCode::done;
}

}  // namespace

void add_predict_command(CLI::App& app, ExitCode& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("predict", "The best classes of pictures");
  command->add_option("--checkpoint", options->checkpoint, "Checkpoint file or run directory (its best, else its last)")
      ->type_name("F|RUN")
      ->required();
  command->add_option("images", options->images, "Pictures, folders of pictures, or - for names on stdin")
      ->type_name("IMAGE|FOLDER|-")
      ->required();
  command->add_option("--top", options->top, "Classes a picture")->check(CLI::Range(1, 100000))->capture_default_str();
  command->add_option("--backend", options->backend, "auto | onednn | cuda | cudnn")->capture_default_str();
  command->add_option("--dtype", options->dtype, "f32|tf32|bf16 [the checkpoint's]")->check(CLI::IsMember({"f32", "tf32", "bf16"}));
  command->add_flag("--json", options->json, "One JSON object a line");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace alexnet
