// bf16 against its definition: an f32 whose lower 16 bits are 0, the nearest one, a tie to the even one.
#include "alexnet/core/bfloat16.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "alexnet/core/rng.hpp"

namespace alexnet {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The value of the bits as IEEE 754 defines them, with 8 bits of exponent and 7 of mantissa; beyond the largest finite one stands 2^128,
// where the next would be if the exponent went on: what lies at or beyond the middle between the two rounds to infinity.
double value_of(std::uint16_t bits) {
  const int exponent = bits >> 7 & 0xff, mantissa = bits & 0x7f;
  const double magnitude = exponent == 0 ? std::ldexp(mantissa, -126 - 7) : std::ldexp(128 + mantissa, exponent - 127 - 7);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

// For a value that is not NaN: of all bf16 of its sign the nearest, by searching.
std::uint16_t nearest(float value) {
  const std::uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const double magnitude = std::min(std::abs(static_cast<double>(value)), std::ldexp(1.0, 128));
  std::uint16_t below = 0, above = 0x7f80;  // value_of(below) <= magnitude <= value_of(above)
  while (above - below > 1) {
    const auto middle = static_cast<std::uint16_t>((below + above) / 2);
    (value_of(middle) <= magnitude ? below : above) = middle;
  }
  const double to_below = magnitude - value_of(below), to_above = value_of(above) - magnitude;
  const bool up = to_above < to_below || (to_above == to_below && below % 2 == 1);
  return sign | (up ? above : below);
}

void expect_nearest(std::uint32_t bits) {
  const auto value = std::bit_cast<float>(bits);
  ASSERT_EQ(to_bfloat16(value).bits, nearest(value)) << std::hex << bits;
}

TEST(BFloat16, EveryFiniteOneComesBack) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const BFloat16 value{static_cast<std::uint16_t>(bits)};
    if ((bits & 0x7f80) == 0x7f80) continue;
    ASSERT_EQ(static_cast<double>(to_float(value)), value_of(value.bits)) << bits;
    ASSERT_EQ(to_bfloat16(to_float(value)).bits, bits);
  }
}

TEST(BFloat16, RoundsToTheNearestAndTiesToEven) {
  // Around every bf16, zero, denormals and the largest included: itself, ties, and their neighbours.
  for (std::uint32_t upper = 0; upper < 0x10000; ++upper) {
    if ((upper & 0x7f80) == 0x7f80) continue;
    for (const std::uint32_t lower : {0x0000U, 0x0001U, 0x7fffU, 0x8000U, 0x8001U, 0xffffU}) expect_nearest(upper << 16 | lower);
  }
  for (std::uint32_t i = 0; i < 100000; ++i) {
    const std::uint32_t bits = random_block(1, 4000, i, 0)[0];
    if ((bits & 0x7f800000U) != 0x7f800000U) expect_nearest(bits);
  }
}

TEST(BFloat16, KeepsInfinitiesAndNans) {
  for (const float sign : {1.0F, -1.0F}) {
    const float infinity = sign * std::numeric_limits<float>::infinity();
    EXPECT_EQ(to_float(to_bfloat16(infinity)), infinity);
    EXPECT_EQ(to_float(to_bfloat16(sign * std::numeric_limits<float>::max())), infinity);  // nearer to 2^128 than to the largest bf16
  }
  for (const std::uint32_t bits : {0x7f800001U, 0x7f80ffffU, 0x7fc00000U, 0x7fffffffU, 0xff800001U, 0xffffffffU}) {
    const float nan = to_float(to_bfloat16(std::bit_cast<float>(bits)));
    EXPECT_TRUE(std::isnan(nan)) << std::hex << bits;
    EXPECT_EQ(std::signbit(nan), bits >> 31 == 1);
  }
  EXPECT_EQ(static_cast<double>(to_float(BFloat16{0x7f80})), kInfinity);
  EXPECT_TRUE(std::isnan(to_float(BFloat16{0xffff})));
}

TEST(BFloat16, StoresAsTheTypeAsks) {
  constexpr float kValue = 1.00390625F;  // 1 + 2^-8: a tie between 1 and 1 + 2^-7
  EXPECT_EQ(stored<float>(kValue), kValue);
  EXPECT_EQ(to_float(stored<BFloat16>(kValue)), 1.0F);
}

}  // namespace
}  // namespace alexnet
