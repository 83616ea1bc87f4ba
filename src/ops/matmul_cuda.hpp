// Products of matrices on cuBLASLt, the one place that calls it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "kernels/common/stream.hpp"

namespace alexnet {

struct CublasLt;
// The library's state on the current device; all products of a backend share it. Throws Error(unavailable).
std::shared_ptr<CublasLt> open_cublaslt();

// dst (rows, columns) = epilogue(op(a) op(b) + bias); row-major f32, accumulated in f32. op(a) is (rows, inner), op(b) (inner, columns);
// a transposed factor lies in memory as (inner, rows) or (columns, inner). bias: (columns), one for each column.
struct MatmulShape {
  std::int64_t rows, columns, inner;
  bool a_is_transposed, b_is_transposed;
  bool adds_bias, applies_relu;
};

// Made once for a shape: descriptors, and the algorithm that cuBLASLt's heuristic puts first.
class Matmul {
 public:
  Matmul(const MatmulShape& shape, std::shared_ptr<CublasLt> cublaslt);  // throws Error(internal)
  ~Matmul();
  Matmul(const Matmul&) = delete;
  Matmul& operator=(const Matmul&) = delete;

  // Device memory that a run may use.
  std::size_t scratch_bytes() const;
  // All begin at multiples of kAlignmentBytes. bias: nullptr unless the shape adds one.
  void run(const float* a, const float* b, const float* bias, float* dst, std::byte* scratch, CudaStream stream) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace alexnet
