#include "ops/matmul_cuda.hpp"

#include <cublasLt.h>
#include <fmt/format.h>

#include <string>
#include <utility>

#include "alexnet/core/error.hpp"

namespace alexnet {

struct CublasLt {
  cublasLtHandle_t handle = nullptr;
  CublasLt() = default;
  ~CublasLt() { cublasLtDestroy(handle); }
  CublasLt(const CublasLt&) = delete;
  CublasLt& operator=(const CublasLt&) = delete;
};

std::shared_ptr<CublasLt> open_cublaslt() {
  auto cublaslt = std::make_shared<CublasLt>();
  const cublasStatus_t status = cublasLtCreate(&cublaslt->handle);
  if (status != CUBLAS_STATUS_SUCCESS) fail(ExitCode::unavailable, "backend cuda: cuBLASLt: {}", cublasLtGetStatusString(status));
  return cublaslt;
}

namespace {

constexpr std::size_t kScratchBytes = std::size_t{32} << 20;  // what NVIDIA recommends for Hopper

// A cuBLASLt object, destroyed with its owner.
template <class T, cublasStatus_t (*kDestroy)(T)>
struct Owned {
  T value = nullptr;
  Owned() = default;
  ~Owned() {
    if (value != nullptr) kDestroy(value);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
};
using Layout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;

std::string describe(const MatmulShape& s) {
  return fmt::format("product of ({}, {}){} and ({}, {}){}", s.rows, s.inner, s.a_is_transposed ? " transposed" : "", s.inner, s.columns,
                     s.b_is_transposed ? " transposed" : "");
}

}  // namespace

// cuBLASLt thinks in columns: what lies in memory row by row is to it the transposed matrix. So it is asked for
// dst^T (columns, rows) = op(b)^T op(a)^T, with b as its first factor; its bias goes along the rows of that.
struct Matmul::Impl {
  MatmulShape shape;
  std::shared_ptr<CublasLt> cublaslt;
  Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy> product;
  Layout first, second, result;
  cublasLtMatmulAlgo_t algorithm{};

  Impl(const MatmulShape& s, std::shared_ptr<CublasLt> c) : shape(s), cublaslt(std::move(c)) {
    check(cublasLtMatmulDescCreate(&product.value, CUBLAS_COMPUTE_32F, CUDA_R_32F));
    set(CUBLASLT_MATMUL_DESC_TRANSA, s.b_is_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, s.a_is_transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    const cublasLtEpilogue_t with_bias = s.applies_relu ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_BIAS;
    const cublasLtEpilogue_t without = s.applies_relu ? CUBLASLT_EPILOGUE_RELU : CUBLASLT_EPILOGUE_DEFAULT;
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, s.adds_bias ? with_bias : without);
    lay_out(first, s.b_is_transposed ? std::pair{s.inner, s.columns} : std::pair{s.columns, s.inner});
    lay_out(second, s.a_is_transposed ? std::pair{s.rows, s.inner} : std::pair{s.inner, s.rows});
    lay_out(result, {s.columns, s.rows});
    choose_algorithm();
  }

  void check(cublasStatus_t status) const {
    if (status != CUBLAS_STATUS_SUCCESS) fail(ExitCode::internal, "{}: cuBLASLt: {}", describe(shape), cublasLtGetStatusString(status));
  }

  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, T value) const {
    check(cublasLtMatmulDescSetAttribute(product.value, attribute, &value, sizeof value));
  }

  // Columns that lie one behind the other.
  void lay_out(Layout& layout, std::pair<std::int64_t, std::int64_t> extents) const {
    const auto [rows, columns] = extents;
    check(
        cublasLtMatrixLayoutCreate(&layout.value, CUDA_R_32F, static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(columns), rows));
  }

  void choose_algorithm() {
    Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy> preference;
    check(cublasLtMatmulPreferenceCreate(&preference.value));
    const auto prefer = [&]<class T>(cublasLtMatmulPreferenceAttributes_t attribute, T value) {
      check(cublasLtMatmulPreferenceSetAttribute(preference.value, attribute, &value, sizeof value));
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, kScratchBytes);
    // Where the inner extent is split, partial sums go to the scratch and are added by a second kernel: the same order every time.
    prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
           static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE | CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE));
    cublasLtMatmulHeuristicResult_t found{};
    int count = 0;
    check(cublasLtMatmulAlgoGetHeuristic(cublaslt->handle, product.value, first.value, second.value, result.value, result.value,
                                         preference.value, 1, &found, &count));
    if (count == 0) fail(ExitCode::internal, "{}: cuBLASLt has no algorithm for it", describe(shape));
    algorithm = found.algo;
  }
};

Matmul::Matmul(const MatmulShape& shape, std::shared_ptr<CublasLt> cublaslt) : impl_(std::make_unique<Impl>(shape, std::move(cublaslt))) {}
Matmul::~Matmul() = default;

std::size_t Matmul::scratch_bytes() const { return kScratchBytes; }

void Matmul::run(const float* a, const float* b, const float* bias, float* dst, std::byte* scratch, CudaStream stream) const {
  const Impl& m = *impl_;
  if (m.shape.adds_bias) m.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
  const float one = 1, zero = 0;
  m.check(cublasLtMatmul(m.cublaslt->handle, m.product.value, &one, b, m.first.value, a, m.second.value, &zero, dst, m.result.value, dst,
                         m.result.value, &m.algorithm, scratch, kScratchBytes, stream));
}

}  // namespace alexnet
