// The factories of the cuda backend's ops, one per <op>_cuda.cpp; backend_cuda.cpp forwards to them. Each op's passes go to `stream`
// and return at once. (N, H, W, C) activations, OHWI weights, f32, device memory.
#pragma once

#include <memory>

#include "alexnet/ops/backend.hpp"
#include "kernels/common/stream.hpp"

namespace alexnet {

struct CublasLt;  // matmul_cuda.hpp

std::unique_ptr<Backend> make_backend_cuda(const BackendOptions& options);

std::unique_ptr<Input> make_input_cuda(const InputShape& shape, CudaStream stream);
std::unique_ptr<Conv2d> make_conv2d_cuda(const Conv2dShape& shape, Epilogue epilogue, CudaStream stream);
std::unique_ptr<FullyConnected> make_fully_connected_cuda(const FullyConnectedShape& shape, Epilogue epilogue,
                                                          const std::shared_ptr<CublasLt>& cublaslt, CudaStream stream);
std::unique_ptr<Activation> make_activation_cuda(const ActivationFunction& function, const Shape& shape, CudaStream stream);
std::unique_ptr<Lrn> make_lrn_cuda(const LrnShape& shape, CudaStream stream);
std::unique_ptr<SpatialNorm> make_spatial_norm_cuda(const SpatialNormShape& shape, CudaStream stream);
std::unique_ptr<MaxPool> make_max_pool_cuda(const PoolShape& shape, CudaStream stream);
std::unique_ptr<AveragePool> make_average_pool_cuda(const PoolShape& shape, bool count_pad, CudaStream stream);
std::unique_ptr<Dropout> make_dropout_cuda(const DropoutShape& shape, CudaStream stream);
std::unique_ptr<CopyChannels> make_copy_channels_cuda(const CopyChannelsShape& shape, CudaStream stream);
std::unique_ptr<SoftmaxCrossEntropy> make_softmax_cross_entropy_cuda(std::int64_t N, std::int64_t num_classes, CudaStream stream);
std::unique_ptr<TopK> make_top_k_cuda(std::int64_t N, std::int64_t num_classes, std::int64_t k, CudaStream stream);
std::unique_ptr<Sgd> make_sgd_cuda(const SgdShape& shape, CudaStream stream);

}  // namespace alexnet
