// cuBLASLt in builds with CUDA, where there is no GPU; `alexnet selftest` checks its products where there is one.
#include "ops/matmul_cuda.hpp"

#include <gtest/gtest.h>

#include "alexnet/ops/backend.hpp"
#include "support/expect_error.hpp"

namespace alexnet::test {
namespace {

bool there_is_a_gpu() {
  try {
    make_backend("cuda", {});
    return true;
  } catch (const Error&) {
    return false;
  }
}

// The library is found and has every function that is looked up before it finds no device.
TEST(MatmulCuda, SaysThatTheLibraryDoesNotStartWithoutADevice) {
  if (there_is_a_gpu()) GTEST_SKIP() << "there is a GPU";
  expect_error(ExitCode::unavailable, {"backend cuda: cuBLASLt does not start: "}, [] { open_cublaslt(); });
}

}  // namespace
}  // namespace alexnet::test
