// 2-D convolution by cuDNN.
#pragma once

#include <memory>

#include "alexnet/ops/backend.hpp"
#include "kernels/common/stream.hpp"
#include "ops/library_cudnn.hpp"

namespace alexnet {

struct ContextCudnn {
  Backend& backend;  // for the memory and the times of a measurement
  std::shared_ptr<const Cudnn> cudnn;
  CudaStream stream;
  bool times_algorithms;
};

// Chooses how each pass is computed; a pass that no engine of cuDNN takes is done by our own kernel, which a warning tells.
std::unique_ptr<Conv2d> make_conv2d_cudnn(const Conv2dShape& shape, Epilogue epilogue, const OpUse& use, const ContextCudnn& context);

}  // namespace alexnet
