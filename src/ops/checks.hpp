// Shape checks that several ops share.
#pragma once

#include <cstdint>

#include "alexnet/core/error.hpp"
#include "alexnet/core/step_parameters.hpp"
#include "alexnet/tensor/tensor.hpp"

namespace alexnet {

// For ops that see a tensor as N rows of `per_image` values, whatever its rank: (N, 1, 1, 4096) is as good as (N, 4096).
// Throws Error(internal).
inline void check_rows(const char* what, const Tensor& tensor, std::int64_t N, std::int64_t per_image, DType dtype) {
  const Shape& shape = tensor.shape();
  if (tensor.dtype() != dtype || shape.rank() == 0 || shape[0] != N || shape.count() != N * per_image) {
    fail(ExitCode::internal, "{}: {} {} instead of {} ({}, {})", what, dtype_name(tensor.dtype()), shape.str(), dtype_name(dtype), N,
         per_image);
  }
}

// The place of a layer's values in StepParameters.
inline void check_slot(const char* what, int slot) {
  if (slot < 0 || slot >= kMaxLayers) fail(ExitCode::internal, "{}: layer slot {}, must be 0 to {}", what, slot, kMaxLayers - 1);
}

// For ops that take memory of any rank: Error(internal) unless the tensor has `count` elements of that type.
inline void check_count(const char* what, const Tensor& tensor, std::int64_t count, DType dtype) {
  if (tensor.dtype() != dtype || tensor.count() != count) {
    fail(ExitCode::internal, "{}: {} {} instead of {} elements of {}", what, dtype_name(tensor.dtype()), tensor.shape().str(), count,
         dtype_name(dtype));
  }
}

}  // namespace alexnet
