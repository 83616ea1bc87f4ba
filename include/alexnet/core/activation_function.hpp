// Pointwise nonlinearities. Section 3.1 of the paper compares relu with tanh.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace alexnet {

enum class ActivationKind { relu, leaky_relu, tanh, sigmoid, softsign };

struct ActivationFunction {
  ActivationKind kind = ActivationKind::relu;
  float negative_slope = 0.01F;  // leaky_relu: of the part below 0; above 0, so that the output tells the sign of the input
};

// The names that configurations use, in the order of ActivationKind.
inline constexpr std::array<std::string_view, 5> kActivationNames{"relu", "leaky_relu", "tanh", "sigmoid", "softsign"};

constexpr std::optional<ActivationKind> activation_kind(std::string_view name) {
  for (std::size_t kind = 0; kind < kActivationNames.size(); ++kind) {
    if (kActivationNames[kind] == name) return static_cast<ActivationKind>(kind);
  }
  return std::nullopt;
}

}  // namespace alexnet
