// The factories of the onednn backend's ops, one per <op>_onednn.cpp; backend_onednn.cpp forwards to them.
// (N, H, W, C) activations in f32 or bf16, OHWI weights in f32, host memory.
#pragma once

#include <memory>

#include "alexnet/ops/backend.hpp"

namespace alexnet {

std::unique_ptr<Backend> make_backend_onednn(const BackendOptions& options);

std::unique_ptr<Input> make_input_onednn(const InputShape& shape);
std::unique_ptr<Conv2d> make_conv2d_onednn(const Conv2dShape& shape, Epilogue epilogue);
bool conv2d_of_pictures_pays(const Conv2dShape& shape);
std::unique_ptr<Conv2d> make_conv2d_of_pictures_onednn(const Conv2dShape& shape, std::unique_ptr<Conv2d> other_passes);
bool conv2d_winograd_pays(const Conv2dShape& shape);
std::unique_ptr<Conv2d> make_conv2d_winograd_onednn(const Conv2dShape& shape, Epilogue epilogue);
bool conv2d_of_picture_rows_pays(const Conv2dShape& shape);
std::unique_ptr<Conv2d> make_conv2d_of_picture_rows_onednn(const Conv2dShape& shape, Epilogue epilogue,
                                                           std::unique_ptr<Conv2d> other_passes);
bool conv2d_of_pairs_pays(const Conv2dShape& shape);
std::unique_ptr<Conv2d> make_conv2d_of_pairs_onednn(const Conv2dShape& shape, std::unique_ptr<Conv2d> other_passes);
std::unique_ptr<FullyConnected> make_fully_connected_onednn(const FullyConnectedShape& shape, Epilogue epilogue);
std::unique_ptr<Activation> make_activation_onednn(const ActivationFunction& function, const Shape& shape, DType type = DType::f32);
std::unique_ptr<Lrn> make_lrn_onednn(const LrnShape& shape);
std::unique_ptr<SpatialNorm> make_spatial_norm_onednn(const SpatialNormShape& shape);
std::unique_ptr<MaxPool> make_max_pool_onednn(const PoolShape& shape);
std::unique_ptr<AveragePool> make_average_pool_onednn(const PoolShape& shape, bool count_pad);
std::unique_ptr<Dropout> make_dropout_onednn(const DropoutShape& shape);
std::unique_ptr<CopyChannels> make_copy_channels_onednn(const CopyChannelsShape& shape);
std::unique_ptr<SoftmaxCrossEntropy> make_softmax_cross_entropy_onednn(std::int64_t N, std::int64_t num_classes);
std::unique_ptr<TopK> make_top_k_onednn(std::int64_t N, std::int64_t num_classes, std::int64_t k);
std::unique_ptr<Sgd> make_sgd_onednn(const SgdShape& shape);

}  // namespace alexnet
