// Top-k on the CPU: a partial sort of the row's indices.
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "alexnet/ops/top_k.hpp"
#include "ops/onednn_ops.hpp"

namespace alexnet {
namespace {

class TopKOnednn : public TopK {
 public:
  TopKOnednn(std::int64_t N, std::int64_t num_classes, std::int64_t k)
      : N_(N), num_classes_(num_classes), k_(k), num_threads_(omp_get_max_threads()) {}

  std::size_t scratch_bytes() const override {
    return static_cast<std::size_t>(num_threads_) * static_cast<std::size_t>(num_classes_) * sizeof(std::int32_t);
  }

  void forward(const Tensor& values, const Tensor& indices, const Tensor& top) override {
    check_top_k(N_, num_classes_, k_, values, indices, top);
    const float* x = values.data<float>();
    std::int32_t* out_index = indices.data<std::int32_t>();
    float* out_value = top.data<float>();
#pragma omp parallel num_threads(num_threads_)
    {
      std::int32_t* order = reinterpret_cast<std::int32_t*>(scratch_) + omp_get_thread_num() * num_classes_;
#pragma omp for schedule(static)
      for (std::int64_t n = 0; n < N_; ++n) {
        const float* row = x + n * num_classes_;
        std::iota(order, order + num_classes_, 0);
        std::partial_sort(order, order + k_, order + num_classes_, [row](std::int32_t a, std::int32_t b) {
          const bool a_is_nan = std::isnan(row[a]);
          const bool b_is_nan = std::isnan(row[b]);
          if (a_is_nan != b_is_nan) return b_is_nan;
          if (!a_is_nan && row[a] != row[b]) return row[a] > row[b];
          return a < b;
        });
        for (std::int64_t i = 0; i < k_; ++i) {
          out_index[n * k_ + i] = order[i];
          out_value[n * k_ + i] = row[order[i]];
        }
      }
    }
  }

 private:
  std::int64_t N_, num_classes_, k_;
  int num_threads_;
};

}  // namespace

std::unique_ptr<TopK> make_top_k_onednn(std::int64_t N, std::int64_t num_classes, std::int64_t k) {
  return std::make_unique<TopKOnednn>(N, num_classes, k);
}

}  // namespace alexnet
