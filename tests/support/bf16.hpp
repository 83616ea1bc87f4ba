// Whether the tests of bf16 activations can run here.
#pragma once

#include "alexnet/core/error.hpp"
#include "alexnet/ops/backend.hpp"

namespace alexnet::test {

inline bool computes_bf16() {
  try {
    make_backend("onednn", {1})->check_activation_type(DType::bf16);
    return true;
  } catch (const Error& error) {
    if (error.code() != ExitCode::unavailable) throw;
    return false;
  }
}

}  // namespace alexnet::test

#define ALEXNET_NEEDS_BF16() \
  if (!alexnet::test::computes_bf16()) GTEST_SKIP() << "oneDNN computes in bf16 with AVX-512 alone"
