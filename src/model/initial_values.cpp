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
  const auto count = spec.shape.count();
  std::vector<float> values(static_cast<std::size_t>(count), static_cast<float>(spec.config.value));
  if (spec.config.init != "gaussian") return values;
  const std::uint32_t sub = name_hash(spec.name);
#pragma omp parallel for schedule(static)
  for (std::int64_t pair = 0; pair < (count + 1) / 2; ++pair) {
    const auto normal = normal_pair(random_block(seed, RandomStream::initial_weights, static_cast<std::uint64_t>(pair), sub));
    values[2 * pair] = static_cast<float>(spec.config.std * normal[0]);
    if (2 * pair + 1 < count) values[2 * pair + 1] = static_cast<float>(spec.config.std * normal[1]);
  }
  return values;
}

}  // namespace alexnet
