// The checks of each op with activations of a type, over the shapes of the full network and awkward ones.
#pragma once

#include "selftest/op_check.hpp"

namespace alexnet::selftest {

void check_conv2d(Backend& backend, DType type, const Report& report);
void check_fully_connected(Backend& backend, DType type, const Report& report);
void check_lrn(Backend& backend, DType type, const Report& report);
void check_spatial_norm(Backend& backend, DType type, const Report& report);
void check_max_pool(Backend& backend, DType type, const Report& report);
void check_average_pool(Backend& backend, DType type, const Report& report);
void check_activation(Backend& backend, DType type, const Report& report);
void check_dropout(Backend& backend, DType type, const Report& report);
void check_copy_channels(Backend& backend, DType type, const Report& report);
void check_input(Backend& backend, DType type, const Report& report);
void check_softmax_cross_entropy(Backend& backend, DType type, const Report& report);
void check_top_k(Backend& backend, DType type, const Report& report);
void check_sgd(Backend& backend, DType type, const Report& report);
void check_exchange(Backend& backend, DType type, const Report& report);  // between ranks

// The losses of 20 steps of a small net with two columns and every kind of layer, beside the onednn backend in f32 on one thread.
void check_training(const std::shared_ptr<Backend>& backend, DType type, const Report& report);

}  // namespace alexnet::selftest
