#include "ops/matmul_cuda.hpp"

#include <cublasLt.h>
#include <fmt/format.h>

#include <string>
#include <utility>

#include "alexnet/core/error.hpp"
#include "alexnet/tensor/tensor.hpp"
#include "ops/library_cuda.hpp"

namespace alexnet {

// The library's functions, by their names without "cublasLt", and its state on the device.
struct CublasLt {
  // From the usual places, or from where it was when the program was built.
  LibraryCuda library{"cuda",
                      "libcublasLt.so.13",
                      {"", ALEXNET_CUBLASLT_FOLDER},
                      "install CUDA Toolkit 13's cuBLAS, or name its folder in LD_LIBRARY_PATH"};
#define ALEXNET_CUBLASLT_FUNCTION(name) decltype(&cublasLt##name) name = library.function<decltype(&cublasLt##name)>("cublasLt" #name)
  ALEXNET_CUBLASLT_FUNCTION(Create);
  ALEXNET_CUBLASLT_FUNCTION(Destroy);
  ALEXNET_CUBLASLT_FUNCTION(GetStatusString);
  ALEXNET_CUBLASLT_FUNCTION(MatmulDescCreate);
  ALEXNET_CUBLASLT_FUNCTION(MatmulDescSetAttribute);
  ALEXNET_CUBLASLT_FUNCTION(MatmulDescDestroy);
  ALEXNET_CUBLASLT_FUNCTION(MatrixLayoutCreate);
  ALEXNET_CUBLASLT_FUNCTION(MatrixLayoutDestroy);
  ALEXNET_CUBLASLT_FUNCTION(MatmulPreferenceCreate);
  ALEXNET_CUBLASLT_FUNCTION(MatmulPreferenceSetAttribute);
  ALEXNET_CUBLASLT_FUNCTION(MatmulPreferenceDestroy);
  ALEXNET_CUBLASLT_FUNCTION(MatmulAlgoGetHeuristic);
  ALEXNET_CUBLASLT_FUNCTION(Matmul);
#undef ALEXNET_CUBLASLT_FUNCTION
  cublasLtHandle_t handle = nullptr;

  CublasLt() {
    const cublasStatus_t status = Create(&handle);
    if (status != CUBLAS_STATUS_SUCCESS) fail(ExitCode::unavailable, "backend cuda: cuBLASLt does not start: {}", GetStatusString(status));
  }
  ~CublasLt() { Destroy(handle); }
  CublasLt(const CublasLt&) = delete;
  CublasLt& operator=(const CublasLt&) = delete;
};

std::shared_ptr<CublasLt> open_cublaslt() { return std::make_shared<CublasLt>(); }

namespace {

static_assert(kAlignmentBytes % 256 == 0);  // which cuBLASLt demands of its scratch, and counts on for matrices unless told otherwise
constexpr std::size_t kScratchBytes = std::size_t{32} << 20;  // what NVIDIA recommends for Hopper

// A cuBLASLt object, destroyed with its owner.
template <class T>
struct Owned {
  T value = nullptr;
  cublasStatus_t (*destroy)(T);
  explicit Owned(cublasStatus_t (*d)(T)) : destroy(d) {}
  ~Owned() {
    if (value != nullptr) destroy(value);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
};
using Layout = Owned<cublasLtMatrixLayout_t>;

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
  Owned<cublasLtMatmulDesc_t> product{cublaslt->MatmulDescDestroy};
  Layout first{cublaslt->MatrixLayoutDestroy}, second{cublaslt->MatrixLayoutDestroy}, result{cublaslt->MatrixLayoutDestroy};
  cublasLtMatmulAlgo_t algorithm{};

  Impl(const MatmulShape& s, std::shared_ptr<CublasLt> c) : shape(s), cublaslt(std::move(c)) {
    check(cublaslt->MatmulDescCreate(&product.value, CUBLAS_COMPUTE_32F, CUDA_R_32F));
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
    if (status != CUBLAS_STATUS_SUCCESS) fail(ExitCode::internal, "{}: cuBLASLt: {}", describe(shape), cublaslt->GetStatusString(status));
  }

  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, T value) const {
    check(cublaslt->MatmulDescSetAttribute(product.value, attribute, &value, sizeof value));
  }

  // Columns that lie one behind the other.
  void lay_out(Layout& layout, std::pair<std::int64_t, std::int64_t> extents) const {
    const auto [rows, columns] = extents;
    check(cublaslt->MatrixLayoutCreate(&layout.value, CUDA_R_32F, static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(columns),
                                       rows));
  }

  void choose_algorithm() {
    Owned<cublasLtMatmulPreference_t> preference(cublaslt->MatmulPreferenceDestroy);
    check(cublaslt->MatmulPreferenceCreate(&preference.value));
    const auto prefer = [&]<class T>(cublasLtMatmulPreferenceAttributes_t attribute, T value) {
      check(cublaslt->MatmulPreferenceSetAttribute(preference.value, attribute, &value, sizeof value));
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, kScratchBytes);
    // Where the inner extent is split, partial sums go to the scratch and are added by a second kernel: the same order every time.
    prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
           static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE | CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE));
    cublasLtMatmulHeuristicResult_t found{};
    int count = 0;
    check(cublaslt->MatmulAlgoGetHeuristic(cublaslt->handle, product.value, first.value, second.value, result.value, result.value,
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
  m.check(m.cublaslt->Matmul(m.cublaslt->handle, m.product.value, &one, b, m.first.value, a, m.second.value, &zero, dst, m.result.value,
                             dst, m.result.value, &m.algorithm, scratch, kScratchBytes, stream));
}

}  // namespace alexnet
