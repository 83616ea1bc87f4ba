// statistics.safetensors: mean_image (H,W,3), rgb_eigenvectors (3,3) by rows, rgb_eigenvalues (3); all f32.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "alexnet/core/error.hpp"
#include "alexnet/data/dataset.hpp"
#include "alexnet/io/safetensors.hpp"

namespace alexnet {
namespace {

constexpr std::int64_t kMaxExtent = 8192;

std::vector<float> read_finite(const SafetensorsFile& file, const std::string& path, const std::string& name) {
  std::vector<float> values = file.read_f32(name);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i]))
      fail(ExitCode::bad_data, "{}: tensor {}: element {} is not finite; make the data set again", path, name, i);
  }
  return values;
}

void check_shape(const SafetensorsFile& file, const std::string& path, const std::string& name, const Shape& expected) {
  const Shape shape = file.shape(name);
  if (shape != expected)
    fail(ExitCode::bad_data, "{}: tensor {}: shape {} instead of {}; make the data set again", path, name, shape.str(), expected.str());
}

}  // namespace

DatasetStatistics read_statistics(const std::string& folder) {
  const std::string path = folder + "/statistics.safetensors";
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    fail(ExitCode::no_input, "data set {}: no statistics.safetensors there; make the data set again with `alexnet prepare`", folder);
  const SafetensorsFile file(path);
  const Shape shape = file.shape("mean_image");
  if (shape.rank() != 3 || shape[2] != 3 || shape[0] < 1 || shape[0] > kMaxExtent || shape[1] < 1 || shape[1] > kMaxExtent)
    fail(ExitCode::bad_data, "{}: tensor mean_image: shape {} instead of (height, width, 3); make the data set again", path, shape.str());
  check_shape(file, path, "rgb_eigenvectors", {3, 3});
  check_shape(file, path, "rgb_eigenvalues", {3});

  DatasetStatistics s;
  s.height = shape[0];
  s.width = shape[1];
  s.mean_image = read_finite(file, path, "mean_image");
  const auto off = std::find_if(s.mean_image.begin(), s.mean_image.end(), [](float v) { return v < 0.0F || v > 255.0F; });
  if (off != s.mean_image.end()) fail(ExitCode::bad_data, "{}: tensor mean_image: {} is no mean of values from 0 to 255", path, *off);
  const std::vector<float> vectors = read_finite(file, path, "rgb_eigenvectors");
  const std::vector<float> values = read_finite(file, path, "rgb_eigenvalues");
  for (std::size_t i = 0; i < 3; ++i) {
    double square = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      s.rgb_eigenvectors[i][c] = vectors[3 * i + c];
      square += static_cast<double>(vectors[3 * i + c]) * vectors[3 * i + c];
    }
    if (std::abs(square - 1.0) > 1e-3)
      fail(ExitCode::bad_data, "{}: tensor rgb_eigenvectors: row {} has length {}, not 1", path, i, std::sqrt(square));
    // A variance of zero may have been rounded to just below.
    if (values[i] < -1e-3F) fail(ExitCode::bad_data, "{}: tensor rgb_eigenvalues: {} is negative, so no variance", path, values[i]);
    s.rgb_eigenvalues[i] = std::max(values[i], 0.0F);
  }
  return s;
}

void write_statistics(const std::string& folder, const DatasetStatistics& s) {
  if (static_cast<std::int64_t>(s.mean_image.size()) != s.height * s.width * 3)
    fail(ExitCode::internal, "statistics: mean image of {} values for {}x{} pixels", s.mean_image.size(), s.height, s.width);
  DatasetStatistics copy = s;  // a Tensor is a view of memory that may be written
  const std::vector<SafetensorsEntry> entries = {
      {"mean_image", Tensor(copy.mean_image.data(), {s.height, s.width, 3}, DType::f32)},
      {"rgb_eigenvectors", Tensor(copy.rgb_eigenvectors.data(), {3, 3}, DType::f32)},
      {"rgb_eigenvalues", Tensor(copy.rgb_eigenvalues.data(), {3}, DType::f32)},
  };
  write_safetensors(folder + "/statistics.safetensors", entries, {});
}

}  // namespace alexnet
