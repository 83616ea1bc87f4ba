#include "alexnet/reference/softmax_cross_entropy.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

namespace alexnet::reference {
namespace {

// The place of the label in the order of the classes, best first: by sorting, not by counting.
std::ptrdiff_t place_of(const std::vector<double>& logits, std::int32_t label) {
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return logits[static_cast<std::size_t>(a)] > logits[static_cast<std::size_t>(b)];
  });
  return std::find(order.begin(), order.end(), label) - order.begin();
}

}  // namespace

SoftmaxResult softmax_cross_entropy_forward(std::int64_t num_classes, const std::vector<double>& logits,
                                            const std::vector<std::int32_t>& labels) {
  const auto classes = static_cast<std::size_t>(num_classes);
  SoftmaxResult result;
  for (std::size_t n = 0; n < logits.size() / classes; ++n) {
    const std::vector<double> row(logits.begin() + static_cast<std::ptrdiff_t>(n * classes),
                                  logits.begin() + static_cast<std::ptrdiff_t>((n + 1) * classes));
    const bool counts = n < labels.size();
    if (!std::all_of(row.begin(), row.end(), [](double x) { return std::isfinite(x); })) {
      const double nan = std::numeric_limits<double>::quiet_NaN();
      result.probabilities.insert(result.probabilities.end(), classes, nan);
      if (counts) {
        result.totals.loss += nan;
        ++result.totals.top1_errors;
        ++result.totals.top5_errors;
        ++result.totals.images;
        result.totals.finite = 0;
      }
      continue;
    }
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (const double x : row) sum += std::exp(x - largest);
    for (const double x : row) result.probabilities.push_back(std::exp(x - largest) / sum);
    if (!counts) continue;
    const std::ptrdiff_t place = place_of(row, labels[n]);
    result.totals.loss -= row[static_cast<std::size_t>(labels[n])] - largest - std::log(sum);
    result.totals.top1_errors += place >= 1 ? 1 : 0;
    result.totals.top5_errors += place >= 5 ? 1 : 0;
    ++result.totals.images;
  }
  return result;
}

std::vector<double> softmax_cross_entropy_backward_data(std::int64_t num_classes, const std::vector<double>& probabilities,
                                                        const std::vector<std::int32_t>& labels, std::optional<std::int64_t> loss_images) {
  const auto classes = static_cast<std::size_t>(num_classes);
  const double images = loss_images ? static_cast<double>(*loss_images) : static_cast<double>(labels.size());
  std::vector<double> diff_logits(probabilities.size(), 0.0);
  for (std::size_t n = 0; n < labels.size(); ++n) {
    for (std::size_t c = 0; c < classes; ++c) {
      const double target = static_cast<std::size_t>(labels[n]) == c ? 1 : 0;
      diff_logits[n * classes + c] = (probabilities[n * classes + c] - target) / images;
    }
  }
  return diff_logits;
}

}  // namespace alexnet::reference
