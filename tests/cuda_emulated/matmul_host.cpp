// The stand-in for cuBLASLt where the cuda backend runs under the execution model: src/ops/matmul_cuda.cpp's class, on the host.
#include "ops/matmul_cuda.hpp"

#include <algorithm>
#include <cstring>

#include "alexnet/core/error.hpp"
#include "alexnet/tensor/tensor.hpp"
#include "emulator/memory.hpp"

namespace alexnet {

struct CublasLt {};
std::shared_ptr<CublasLt> open_cublaslt() { return std::make_shared<CublasLt>(); }

struct Matmul::Impl {
  MatmulShape shape;
};

Matmul::Matmul(const MatmulShape& shape, std::shared_ptr<CublasLt>) : impl_(std::make_unique<Impl>(Impl{shape})) {}
Matmul::~Matmul() = default;

// Some, to see that nobody else counts on what lies there.
std::size_t Matmul::scratch_bytes() const { return 1000; }

void Matmul::run(const float* a, const float* b, const float* bias, float* dst, std::byte* scratch, CudaStream) const {
  for (const void* begin : std::initializer_list<const void*>{a, b, bias, dst, scratch}) {
    if (reinterpret_cast<std::uintptr_t>(begin) % kAlignmentBytes != 0)
      fail(ExitCode::internal, "a matrix, bias or scratch begins at {}, no multiple of {}", fmt::ptr(begin), kAlignmentBytes);
  }
  std::memset(scratch, 0x7f, scratch_bytes());
  emulator::mark_written(scratch, scratch_bytes());
  const MatmulShape& s = impl_->shape;
  const auto bytes = [](std::int64_t count) { return static_cast<std::size_t>(count) * sizeof(float); };
  emulator::check_written(a, bytes(s.rows * s.inner));
  emulator::check_written(b, bytes(s.inner * s.columns));
  if (s.adds_bias) emulator::check_written(bias, bytes(s.columns));
  for (std::int64_t i = 0; i < s.rows; ++i) {
    for (std::int64_t j = 0; j < s.columns; ++j) {
      double sum = s.adds_bias ? static_cast<double>(bias[j]) : 0;
      for (std::int64_t k = 0; k < s.inner; ++k) {
        const float x = s.a_is_transposed ? a[k * s.rows + i] : a[i * s.inner + k];
        const float y = s.b_is_transposed ? b[j * s.inner + k] : b[k * s.columns + j];
        sum += static_cast<double>(x) * static_cast<double>(y);
      }
      dst[i * s.columns + j] = static_cast<float>(s.applies_relu ? std::max(sum, 0.0) : sum);
    }
  }
  emulator::mark_written(dst, bytes(s.rows * s.columns));
}

}  // namespace alexnet
