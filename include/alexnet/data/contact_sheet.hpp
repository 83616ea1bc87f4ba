// Training inputs made visible, for the eye that finds a wrong label, mean or crop.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "alexnet/config/config.hpp"
#include "alexnet/core/step_parameters.hpp"
#include "alexnet/data/dataset.hpp"
#include "alexnet/data/decode.hpp"

namespace alexnet {

// What the network sees of a stored picture (height, width, 3): `input`, formula of ops/input.hpp, plus the mean at the pixel's own place,
// rounded and clipped to 0..255. mean: (height, width, 3). Returns crop x crop pixels.
Picture visible_input(std::span<const std::uint8_t> pixels, std::int64_t height, std::int64_t width, const SampleTransform& transform,
                      std::span<const float> mean, float scale, std::int64_t crop);

// The first 64 inputs (fewer, when the split is smaller) of a training with this config and seed, 8 a row, each with its class under it.
Picture draw_contact_sheet(std::shared_ptr<const Shards> shards, const DatasetManifest& manifest, const DatasetStatistics& statistics,
                           const DataConfig& config, std::uint64_t seed);

}  // namespace alexnet
