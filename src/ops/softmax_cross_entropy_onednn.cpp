// Softmax, loss and error counts on the CPU. Images are worked on in parallel; their losses are added in the order of the batch, so the
// sum is the same for any number of threads.
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "alexnet/ops/softmax_cross_entropy.hpp"
#include "ops/onednn_ops.hpp"

namespace alexnet {
namespace {

struct ImageLoss {
  double loss;
  std::int32_t rank;  // classes that come before the label's
  std::int32_t finite;
};

// Classes that come before `label` when sorted by logit, equal ones by index.
std::int32_t rank_of(const float* logits, std::int64_t num_classes, std::int32_t label) {
  std::int32_t rank = 0;
  for (std::int64_t c = 0; c < num_classes; ++c) rank += logits[c] > logits[label] || (logits[c] == logits[label] && c < label) ? 1 : 0;
  return rank;
}

// label -1: padding. probabilities may be logits.
ImageLoss softmax_row(const float* logits, std::int64_t num_classes, std::int32_t label, float* probabilities) {
  const bool finite = std::all_of(logits, logits + num_classes, [](float x) { return std::isfinite(x); });
  if (!finite) {
    std::fill_n(probabilities, num_classes, std::numeric_limits<float>::quiet_NaN());
    return {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<std::int32_t>::max(), 0};
  }
  // exp of the largest is 1: neither the sum nor its logarithm can overflow.
  const double largest = static_cast<double>(*std::max_element(logits, logits + num_classes));
  const std::int32_t rank = label < 0 ? 0 : rank_of(logits, num_classes, label);
  const double label_logit = label < 0 ? largest : static_cast<double>(logits[label]);
  double sum = 0;
  for (std::int64_t c = 0; c < num_classes; ++c) {
    const double e = std::exp(static_cast<double>(logits[c]) - largest);
    sum += e;
    probabilities[c] = static_cast<float>(e);
  }
  const auto factor = static_cast<float>(1.0 / sum);
  for (std::int64_t c = 0; c < num_classes; ++c) probabilities[c] *= factor;
  return {std::log(sum) - (label_logit - largest), rank, 1};
}

class SoftmaxCrossEntropyOnednn : public SoftmaxCrossEntropy {
 public:
  SoftmaxCrossEntropyOnednn(std::int64_t N, std::int64_t num_classes)
      : N_(N), num_classes_(num_classes), num_threads_(omp_get_max_threads()) {}

  std::size_t scratch_bytes() const override { return static_cast<std::size_t>(N_) * sizeof(ImageLoss); }

  void forward(const StepParameters* step, const Tensor& logits, const Tensor& labels, const Tensor& probabilities,
               LossTotals* totals) override {
    check_softmax_cross_entropy(N_, num_classes_, logits, labels, probabilities);
    const float* x = logits.data<float>();
    const std::int32_t* label = labels.data<std::int32_t>();
    float* p = probabilities.data<float>();
    auto* losses = reinterpret_cast<ImageLoss*>(scratch_);
#pragma omp parallel for schedule(static) num_threads(num_threads_)
    for (std::int64_t n = 0; n < N_; ++n) {
      losses[n] = softmax_row(x + n * num_classes_, num_classes_, n < step->valid_images ? label[n] : -1, p + n * num_classes_);
    }
    for (std::int32_t n = 0; n < step->valid_images; ++n) {
      totals->loss += losses[n].loss;
      totals->top1_errors += losses[n].rank >= 1 ? 1 : 0;
      totals->top5_errors += losses[n].rank >= 5 ? 1 : 0;
      if (losses[n].finite == 0) totals->finite = 0;
    }
    totals->images += step->valid_images;
  }

  void backward_data(const StepParameters* step, const Tensor& probabilities, const Tensor& labels, const Tensor& diff_logits) override {
    check_softmax_cross_entropy(N_, num_classes_, diff_logits, labels, probabilities);
    const float* p = probabilities.data<float>();
    const std::int32_t* label = labels.data<std::int32_t>();
    float* dx = diff_logits.data<float>();
#pragma omp parallel for schedule(static) num_threads(num_threads_)
    for (std::int64_t n = 0; n < N_; ++n) {
      const std::int64_t at = n * num_classes_;
      if (n >= step->valid_images) {
        std::fill_n(dx + at, num_classes_, 0.0F);
        continue;
      }
      const auto images = static_cast<float>(step->loss_images);
      for (std::int64_t c = 0; c < num_classes_; ++c) dx[at + c] = (p[at + c] - (c == label[n] ? 1.0F : 0.0F)) / images;
    }
  }

 private:
  std::int64_t N_, num_classes_;
  int num_threads_;
};

}  // namespace

std::unique_ptr<SoftmaxCrossEntropy> make_softmax_cross_entropy_onednn(std::int64_t N, std::int64_t num_classes) {
  return std::make_unique<SoftmaxCrossEntropyOnednn>(N, num_classes);
}

}  // namespace alexnet
