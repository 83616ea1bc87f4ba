// probabilities[n,c] = exp(logits[n,c] - max) / sum over c; loss[n] = log(sum) - (logits[n,label] - max); rank[n] = number of classes that
// come before the label by logit, equal ones by index. Overwrites probabilities (N, num_classes), which may be logits, and losses (N);
// adds the first valid_images images' losses and errors to *totals. An image with a logit that is not finite: NaN, NaN and two errors.
//
// Two kernels: one block an image, then one block for the sums, whose order is fixed: no atomics, the same totals every time.
#include <limits>

#include "kernels/common/launch.hpp"
#include "kernels/common/reduce.cuh"
#include "kernels/softmax_cross_entropy.hpp"

namespace alexnet {
namespace {

constexpr unsigned kThreads = 256;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// A block makes the row of one image, a thread every 256th class of it. Logits are read twice rather than kept, 1000 classes stay in the
// L1 cache. In shared memory: one partial result for each warp, of the reduction at hand.
__global__ void __launch_bounds__(kThreads)
    softmax_cross_entropy_forward_kernel(SoftmaxShape shape, const StepParameters* step, const float* logits, const std::int32_t* labels,
                                         float* probabilities, ImageLoss* losses) {
  __shared__ float partial_floats[kThreads / kWarpLanes];
  __shared__ int partial_counts[kThreads / kWarpLanes];
  const std::int64_t n = blockIdx.x;
  const float* row = logits + n * shape.num_classes;
  float* result = probabilities + n * shape.num_classes;
  const bool counts = n < step->valid_images;
  const std::int32_t label = counts ? labels[n] : 0;
  const float label_logit = row[label];

  float largest = -kInfinity;
  int not_finite = 0, before = 0;
  for (std::int64_t c = threadIdx.x; c < shape.num_classes; c += kThreads) {
    const float x = row[c];
    largest = x > largest ? x : largest;
    not_finite += isfinite(x) ? 0 : 1;
    before += x > label_logit || (x == label_logit && c < label) ? 1 : 0;
  }
  largest = reduce_block<kThreads>(largest, Maximum{}, partial_floats);
  before = reduce_block<kThreads>(before, Sum{}, partial_counts);
  not_finite = reduce_block<kThreads>(not_finite, Sum{}, partial_counts);

  float sum = 0.0F;
  for (std::int64_t c = threadIdx.x; c < shape.num_classes; c += kThreads) sum += expf(row[c] - largest);
  sum = reduce_block<kThreads>(sum, Sum{}, partial_floats);
  const float factor = not_finite == 0 ? 1.0F / sum : std::numeric_limits<float>::quiet_NaN();
  // In place this overwrites logits, each thread its own; the label's was read by all before the first barrier.
  for (std::int64_t c = threadIdx.x; c < shape.num_classes; c += kThreads) result[c] = expf(row[c] - largest) * factor;
  if (threadIdx.x != 0) return;
  const double loss = log(static_cast<double>(sum)) - (static_cast<double>(label_logit) - static_cast<double>(largest));
  losses[n].loss = not_finite == 0 ? loss : std::numeric_limits<double>::quiet_NaN();
  losses[n].rank = not_finite == 0 ? before : std::numeric_limits<std::int32_t>::max();
  losses[n].finite = not_finite == 0 ? 1 : 0;
}

// One warp for the whole batch, a lane every 32nd image: a batch has some hundred, and 16 bytes each.
__global__ void __launch_bounds__(kWarpLanes)
    softmax_cross_entropy_totals_kernel(const StepParameters* step, const ImageLoss* losses, LossTotals* totals) {
  const std::int32_t images = step->valid_images;
  double loss = 0;
  int top1_errors = 0, top5_errors = 0, not_finite = 0;
  for (std::int32_t n = static_cast<std::int32_t>(threadIdx.x); n < images; n += static_cast<std::int32_t>(kWarpLanes)) {
    loss += losses[n].loss;
    top1_errors += losses[n].rank >= 1 ? 1 : 0;
    top5_errors += losses[n].rank >= 5 ? 1 : 0;
    not_finite += losses[n].finite == 0 ? 1 : 0;
  }
  loss = reduce_warp(loss, Sum{});
  top1_errors = reduce_warp(top1_errors, Sum{});
  top5_errors = reduce_warp(top5_errors, Sum{});
  not_finite = reduce_warp(not_finite, Sum{});
  if (threadIdx.x != 0) return;
  totals->loss += loss;
  totals->top1_errors += top1_errors;
  totals->top5_errors += top5_errors;
  totals->images += images;
  if (not_finite > 0) totals->finite = 0;
}

}  // namespace

void softmax_cross_entropy_forward(const SoftmaxShape& shape, const StepParameters* step, const float* logits, const std::int32_t* labels,
                                   float* probabilities, ImageLoss* losses, LossTotals* totals, CudaStream stream) {
  launch(softmax_cross_entropy_forward_kernel, blocks_for(shape.N, 1), kThreads, 0, stream, shape, step, logits, labels, probabilities,
         losses);
  launch(softmax_cross_entropy_totals_kernel, 1, kWarpLanes, 0, stream, step, losses, totals);
}

}  // namespace alexnet
