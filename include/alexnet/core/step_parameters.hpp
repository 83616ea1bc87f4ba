// What changes from one training step to the next, in one plain block that a backend copies into its device's memory: with it a
// step can be replayed as a fixed list of launches.
#pragma once

#include <array>
#include <cstdint>

#include "alexnet/core/dtype.hpp"

namespace alexnet {

inline constexpr int kMaxLayers = 64;

struct StepParameters {
  std::uint64_t seed = 0;
  std::uint64_t first_sample = 0;  // position in the picture stream of the batch's first image
  std::int32_t valid_images = 0;   // images that count; the rest of the batch is padding
  std::int32_t loss_images = 0;    // of the whole step, over all replicas and micro-batches: divides the gradient of the loss
  // By layer slot (position in the chain, the index into Network::layers). Learning rates are the products schedule x layer x parameter
  // multipliers.
  std::array<float, kMaxLayers> weights_learning_rate{};
  std::array<float, kMaxLayers> bias_learning_rate{};
  std::array<float, kMaxLayers> dropout_rate{};

  // Of a step that consists of this one batch.
  void count_images(std::int64_t images) { valid_images = loss_images = static_cast<std::int32_t>(images); }
};

// What an update of SGD knows besides: which of the rates it takes.
struct SgdShape {
  std::int64_t count;
  int slot;      // of the layer
  bool is_bias;  // rate from StepParameters::bias_learning_rate instead of weights_learning_rate
  float momentum;
  float weight_decay;  // already times the parameter's decay_mult
};

enum class DropoutScale {
  test,   // as printed: activations times (1 - rate) when evaluating
  train,  // inverted: kept activations divided by (1 - rate) in training
};

// What a dropout knows besides: which of the rates it takes.
struct DropoutShape {
  std::int64_t N, units;  // units: of one image
  int slot;               // of the layer, in StepParameters::dropout_rate
  DropoutScale scale;
  DType type = DType::f32;  // of src and dst
  // Of a device that holds some of the channels: its units are those from first_channel on, `channels` in each pixel of all_channels. As it
  // stands: every unit.
  std::int64_t channels = 1, first_channel = 0, all_channels = 1;

  // The mask is that of the network's unit, whoever holds it.
  constexpr std::int64_t unit_of_network(std::int64_t unit) const {
    return channels == all_channels ? unit : unit / channels * all_channels + first_channel + unit % channels;
  }
};

// Sums over the images seen since the last reset; lives on the device, read late.
struct LossTotals {
  double loss = 0;  // natural logarithm
  std::int64_t top1_errors = 0;
  std::int64_t top5_errors = 0;
  std::int64_t images = 0;
  std::int32_t finite = 1;  // 0 once a loss was not finite
};

// How one picture becomes a network input; drawn on the host for every backend.
struct SampleTransform {
  std::int32_t top = 0, left = 0;  // of the crop, in pixels of the stored picture
  std::int32_t flip = 0;           // 1: mirrored left to right after cropping
  std::array<float, 3> noise{};    // grey levels added to R, G, B
};

}  // namespace alexnet
