#include "model/initial_values.hpp"

#include "alexnet/core/rng.hpp"

namespace alexnet {
namespace {

std::uint32_t name_hash(const std::string& name) {  // FNV-1a
  std::uint32_t hash = 2166136261U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

}  // namespace

std::vector<float> draw_initial_values(const ParameterSpec& spec, std::uint64_t seed) {
  const std::int64_t row_values = spec.shape.count() / spec.rows.total;
  const std::int64_t first = spec.rows.first * row_values, count = spec.rows.count * row_values, end = first + count;
  std::vector<float> values(static_cast<std::size_t>(count), static_cast<float>(spec.config.value));
  if (spec.config.init != "gaussian") return values;
  const std::uint32_t sub = name_hash(spec.name);
#pragma omp parallel for schedule(static)
  for (std::int64_t pair = first / 2; pair < (end + 1) / 2; ++pair) {
    const auto normal = normal_pair(random_block(seed, RandomStream::initial_weights, static_cast<std::uint64_t>(pair), sub));
    const std::int64_t at = 2 * pair - first;
    if (at >= 0) values[at] = static_cast<float>(spec.config.std * normal[0]);
    if (at + 1 < count) values[at + 1] = static_cast<float>(spec.config.std * normal[1]);
  }
  return values;
}

}  // namespace alexnet
