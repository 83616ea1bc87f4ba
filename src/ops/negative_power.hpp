// d^-beta and 1/d, the heart of both normalisations, as an expression: of a float in a loop that
// the compiler vectorises, or of Lanes.
//
// beta 0.75, which every AlexNet uses, takes no root and no division (hardware needs some 40 cycles for those of 16 values, the
// arithmetic here 20). The start subtracts three quarters of the exponent and mantissa, taken as one integer: within 4.4 %. With
// e = 1 - d^3 y^4, y * (1 - e)^(-1/4) would be exact; its series to e^2 taken twice leaves 7e-4, then 1.2e-7 (the roots left 2.3e-7).
// d^3 is never computed: d y^4 d^2 = (y (d y)) (d y)^2, and d y is the fourth root of d. beta 0.5 and 1 cost a root and a division; any
// other goes through std::pow, element by element.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "ops/lanes.hpp"

namespace alexnet {

template <class Float>
struct Powers {
  Float power;       // d^-beta
  Float reciprocal;  // 1 / d
};

// d is finite, above 0 and not subnormal.
struct ThreeQuarters {
  template <class Float>
  [[gnu::always_inline]] Powers<Float> operator()(Float d) const {
    using Int = std::conditional_t<std::is_same_v<Float, float>, std::int32_t, IntLanes>;
    const auto bits = std::bit_cast<Int>(d);
    auto y = std::bit_cast<Float>(0x6f14ec10 - (bits - (bits >> 2)));
    y = improved(d, y);
    y = improved(d, y);
    const Float root = y * (d * y);  // d^-0.5
    const Float reciprocal = root * root;
    return {y, reciprocal + reciprocal * (1.0F - d * reciprocal)};
  }

 private:
  template <class Float>
  [[gnu::always_inline]] static Float improved(Float d, Float y) {
    const Float root4 = d * y;
    const Float e = 1.0F - (y * root4) * (root4 * root4);
    return y + (y * e) * (0.25F + 0.15625F * e);
  }
};

struct Half {
  [[gnu::always_inline]] Powers<float> operator()(float d) const { return {std::sqrt(1.0F / d), 1.0F / d}; }
};

struct One {
  [[gnu::always_inline]] Powers<float> operator()(float d) const { return {1.0F / d, 1.0F / d}; }
};

struct AnyBeta {
  float beta;
  [[gnu::always_inline]] Powers<float> operator()(float d) const { return {std::pow(d, -beta), 1.0F / d}; }
};

// Lane by lane where there is no formula for all at once.
[[gnu::always_inline]] inline Powers<Lanes> powers_of(Lanes d, auto negative_power) {
  if constexpr (requires { negative_power(d); }) {
    return negative_power(d);
  } else {
    Lanes power = {}, reciprocal = {};
    for (std::int64_t i = 0; i < kLanes; ++i) {
      const Powers p = negative_power(d[i]);
      power[i] = p.power;
      reciprocal[i] = p.reciprocal;
    }
    return {power, reciprocal};
  }
}

// f(a function from d to Powers), the fastest one for beta.
template <class F>
[[gnu::always_inline]] inline void with_negative_power(float beta, F f) {
  if (beta == 0.75F) {
    f(ThreeQuarters{});
  } else if (beta == 0.5F) {
    f(Half{});
  } else if (beta == 1.0F) {
    f(One{});
  } else {
    f(AnyBeta{beta});
  }
}

}  // namespace alexnet
