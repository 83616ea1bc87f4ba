// Counter-based random numbers: Philox 4x32-10 (Salmon et al., SC 2011; Random123).
//
// A number is a pure function of (seed, stream, index, sub), so it does not depend on threads, ranks, batch size or what was drawn
// before, and a resumed run draws what the uninterrupted one would have drawn. The same function is used in kernels.
#pragma once

#include <Random123/philox.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace alexnet {

// What the numbers are for. Values are part of the reproducibility contract: never renumber.
enum class RandomStream : std::uint32_t {
  initial_weights = 1,  // index: pair of elements (OHWI order), sub: hash of the parameter's name
  shuffle = 2,          // random_permutation, tag: epoch
  geometry = 3,         // index: draw (images_per_draw share one), sub: 0 crop, 1 flip
  color_noise = 4,      // index: sample in the stream, sub: 0, 1
  pack_shuffle = 5,     // order of the pictures in the shards
  split = 6,            // stratified validation split
  drawn_picture = 7,    // `drawn:` data sets
  dropout = 16,         // 16 + layer slot; index: sample in the stream, sub: unit of the image / 4
};

using RandomBlock = std::array<std::uint32_t, 4>;

inline RandomBlock random_block(std::uint64_t seed, std::uint32_t stream, std::uint64_t index, std::uint32_t sub) {
  const r123::Philox4x32::ctr_type counter = {{static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), sub, stream}};
  const r123::Philox4x32::key_type key = {{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
  const auto r = r123::Philox4x32()(counter, key);
  return {r[0], r[1], r[2], r[3]};
}
inline RandomBlock random_block(std::uint64_t seed, RandomStream stream, std::uint64_t index, std::uint32_t sub = 0) {
  return random_block(seed, static_cast<std::uint32_t>(stream), index, sub);
}

// 53 random bits from two words, in [0, 1).
double uniform_double(std::uint32_t high, std::uint32_t low);

// An integer in [0, bound) from one 64-bit draw, by multiplication (bias below bound / 2^64).
std::uint64_t uniform_below(std::uint32_t high, std::uint32_t low, std::uint64_t bound);

// Two independent N(0, 1) values from one block (Box-Muller in double).
std::array<double, 2> normal_pair(const RandomBlock& block);

// A random permutation of 0..n-1 (Fisher-Yates from the end), a pure function of (seed, stream, tag, n). The swap of place i - 1 is
// drawn at index tag << 32 | i, sub 0. Into memory that the caller has, n values; or into a vector.
void random_permutation(std::uint64_t seed, RandomStream stream, std::uint32_t tag, std::span<std::uint32_t> order);
std::vector<std::uint32_t> random_permutation(std::uint64_t seed, RandomStream stream, std::uint32_t tag, std::uint32_t n);

}  // namespace alexnet
