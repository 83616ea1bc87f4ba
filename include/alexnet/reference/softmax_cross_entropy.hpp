// Softmax, cross-entropy and error counts in double precision; see ops/softmax_cross_entropy.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "alexnet/core/step_parameters.hpp"

namespace alexnet::reference {

struct SoftmaxResult {
  std::vector<double> probabilities;  // (N, num_classes)
  LossTotals totals;
};

// logits (N, num_classes); labels: of the images that count, the first ones of the N.
SoftmaxResult softmax_cross_entropy_forward(std::int64_t num_classes, const std::vector<double>& logits,
                                            const std::vector<std::int32_t>& labels);
// (N, num_classes); 0 for images without a label. loss_images: divisor; absent: the images with a label.
std::vector<double> softmax_cross_entropy_backward_data(std::int64_t num_classes, const std::vector<double>& probabilities,
                                                        const std::vector<std::int32_t>& labels,
                                                        std::optional<std::int64_t> loss_images = std::nullopt);

}  // namespace alexnet::reference
