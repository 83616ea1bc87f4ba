// Normalisation, pooling, activations and dropout.
#include "alexnet/reference/activation.hpp"
#include "alexnet/reference/copy_channels.hpp"
#include "alexnet/reference/dropout.hpp"
#include "alexnet/reference/lrn.hpp"
#include "alexnet/reference/pool.hpp"
#include "alexnet/reference/spatial_norm.hpp"
#include "selftest/checks.hpp"

namespace alexnet::selftest {

using namespace reference;

void check_lrn(Backend& backend, DType type, const Report& report) {
  const auto lrn = [](const char* name, Extent3 src, std::int64_t groups, std::int64_t size, float k, float alpha) {
    return std::pair(name, LrnShape::infer(name, 3, src, groups, size, k, alpha, 0.75F));
  };
  auto behind_relu = lrn("lrn1 behind a ReLU", {55, 55, 96}, 2, 5, 2, 1e-4F);
  behind_relu.second.src_is_relu = true;
  for (auto [name, s] :
       {behind_relu, lrn("lrn1 as printed", {55, 55, 96}, 2, 5, 2, 1e-4F), lrn("lrn2 of 2012", {27, 27, 256}, 2, 5, 2, 2e-5F),
        lrn("lrn2 of Caffe", {27, 27, 256}, 1, 5, 1, 2e-5F), lrn("13x13x10", {13, 13, 10}, 2, 5, 1, 0.01F),
        lrn("wider than its group", {3, 5, 6}, 2, 7, 2, 0.01F), lrn("one channel", {13, 1, 1}, 1, 5, 2, 0.01F)}) {
    s.type = type;
    OpCheck check(backend, "lrn", name, report);
    const Shape shape{s.N, s.H, s.W, s.C};
    const Doubles src = rounded(random_values(shape.count(), 1, -50, 50), type), diff_dst = rounded(random_values(shape.count(), 2), type);
    const Tensor x = check.input(shape, src, type), dy = check.input(shape, diff_dst, type), y = check.output(shape, type),
                 dx = check.output(shape, type);
    const auto op = backend.make_lrn(s);
    check.bind(*op);
    check.pass("forward", [&] { op->forward(x, y); }, {{y, lrn_forward(s, src), kNormTolerance}});
    check.pass("backward_data", [&] { op->backward_data(x, dy, dx); }, {{dx, lrn_backward_data(s, src, diff_dst), kNormGradientTolerance}});
  }
}

void check_spatial_norm(Backend& backend, DType type, const Report& report) {
  const auto norm = [](const char* name, Extent3 src, std::int64_t size, float alpha) {
    return std::pair(name, SpatialNormShape::infer(name, 3, src, size, 1, alpha, 0.75F));
  };
  for (auto [name, s] : {norm("norm2 of 2012", {27, 27, 256}, 5, 4e-5F), norm("13x9x7", {13, 9, 7}, 3, 0.001F),
                         norm("wider than the picture", {3, 2, 5}, 5, 0.001F), norm("one pixel", {1, 1, 1}, 5, 0.01F)}) {
    s.type = type;
    OpCheck check(backend, "spatial_norm", name, report);
    const Shape shape{s.N, s.H, s.W, s.C};
    const Doubles src = rounded(random_values(shape.count(), 1, -50, 50), type), diff_dst = rounded(random_values(shape.count(), 2), type);
    const Tensor x = check.input(shape, src, type), dy = check.input(shape, diff_dst, type), y = check.output(shape, type),
                 dx = check.output(shape, type);
    const auto op = backend.make_spatial_norm(s);
    check.bind(*op);
    check.pass("forward", [&] { op->forward(x, y); }, {{y, spatial_norm_forward(s, src), kNormTolerance}});
    check.pass("backward_data", [&] { op->backward_data(x, dy, dx); },
               {{dx, spatial_norm_backward_data(s, src, diff_dst), kNormGradientTolerance}});
  }
}

namespace {

std::vector<std::pair<std::string, PoolShape>> pool_cases() {
  const auto pool = [](const char* name, Extent3 src, std::int64_t kernel_size, std::int64_t stride, Padding pad) {
    return std::pair(std::string(name), PoolShape::infer(name, 3, src, kernel_size, stride, pad));
  };
  return {pool("pool1", {55, 55, 96}, 3, 2, {}),    pool("pool2", {27, 27, 256}, 3, 2, {}),
          pool("pool5", {13, 13, 256}, 3, 2, {}),   pool("32x32, one pixel past the edge", {32, 32, 32}, 3, 2, {0, 0, 1, 1}),
          pool("13x27x13", {13, 27, 13}, 3, 2, {}), pool("padded all round", {13, 9, 7}, 5, 2, {2, 1, 2, 3}),
          pool("one pixel", {1, 1, 1}, 1, 1, {})};
}

}  // namespace

// Small integers make many equal maxima: who wins shows in where its gradient goes.
void check_max_pool(Backend& backend, DType type, const Report& report) {
  for (auto [name, s] : pool_cases()) {
    s.type = type;
    OpCheck check(backend, "max_pool", name, report);
    const Shape src_shape{s.N, s.IH, s.IW, s.C}, dst_shape{s.N, s.OH, s.OW, s.C};
    const Doubles src = random_integers(src_shape.count(), 1), diff_dst = random_integers(dst_shape.count(), 2, -100, 100);
    const Tensor x = check.input(src_shape, src, type), dy = check.input(dst_shape, diff_dst, type), y = check.output(dst_shape, type),
                 dx = check.output(src_shape, type);
    const auto op = backend.make_max_pool(s);
    check.bind(*op);
    check.pass("forward", [&] { op->forward(x, y); }, {{y, max_pool_forward(s, src), kExact}});
    check.pass("backward_data", [&] { op->backward_data(dy, dx); }, {{dx, max_pool_backward_data(s, src, diff_dst), kExact}});
  }
}

void check_average_pool(Backend& backend, DType type, const Report& report) {
  for (auto [name, s] : pool_cases()) {
    for (const bool count_pad : {false, true}) {
      s.type = type;
      OpCheck check(backend, "average_pool", name + (count_pad ? ", padding counts" : ""), report);
      const Shape src_shape{s.N, s.IH, s.IW, s.C}, dst_shape{s.N, s.OH, s.OW, s.C};
      const Doubles src = random_integers(src_shape.count(), 1), diff_dst = random_integers(dst_shape.count(), 2);
      const Tensor x = check.input(src_shape, src, type), dy = check.input(dst_shape, diff_dst, type), y = check.output(dst_shape, type),
                   dx = check.output(src_shape, type);
      const auto op = backend.make_average_pool(s, count_pad);
      check.bind(*op);
      check.pass("forward", [&] { op->forward(x, y); }, {{y, average_pool_forward(s, count_pad, src), kAverageTolerance}});
      check.pass("backward_data", [&] { op->backward_data(dy, dx); },
                 {{dx, average_pool_backward_data(s, count_pad, diff_dst), kAverageTolerance}});
    }
  }
}

void check_activation(Backend& backend, DType type, const Report& report) {
  for (const Shape& shape : {Shape{1, 1, 1, 1}, Shape{3, 55}, Shape{3, 13, 27, 5}, Shape{3, 55, 55, 96}}) {
    for (const std::string_view name : kActivationNames) {
      const ActivationFunction function{*activation_kind(name), 0.1F};
      OpCheck check(backend, std::string(name), shape.str(), report);
      const Tolerance& tolerance = function.kind == ActivationKind::relu ? kExact : kActivationTolerance;
      const Doubles src = rounded(random_values(shape.count(), 1, -5, 5), type), diff_dst = rounded(random_values(shape.count(), 2), type);
      const Doubles dst = activation_forward(function, src);
      // Backward starts from what forward stores, not from the exact value.
      const Doubles kept = rounded(dst, type);
      const Tensor x = check.input(shape, src, type), y_in = check.input(shape, kept, type), dy = check.input(shape, diff_dst, type),
                   y = check.output(shape, type), dx = check.output(shape, type);
      const auto op = backend.make_activation(function, shape, type);
      check.bind(*op);
      check.pass("forward", [&] { op->forward(x, y); }, {{y, dst, tolerance}});
      check.pass("backward_data", [&] { op->backward_data(y_in, dy, dx); },
                 {{dx, activation_backward_data(function, kept, diff_dst), tolerance}});
    }
  }
}

void check_dropout(Backend& backend, DType type, const Report& report) {
  constexpr int kSlot = 5;
  struct Case {
    std::int64_t N, units;
    float rate;
    DropoutScale scale;
    std::int64_t channels = 1, first_channel = 0, all_channels = 1;
  };
  for (const auto& [N, units, rate, scale, channels, first_channel, all_channels] :
       {Case{3, 4096, 0.5F, DropoutScale::test},
        {3, 13, 0.5F, DropoutScale::test},
        {3, 1027, 0.25F, DropoutScale::train},
        {2, 9216, 0.9F, DropoutScale::train},
        {3, 2048, 0.5F, DropoutScale::test, 2048, 2048, 4096},
        {3, 13 * 13 * 5, 0.5F, DropoutScale::train, 5, 5, 11}}) {
    const bool in_training = scale == DropoutScale::train;
    const std::string part = channels == all_channels ? "" : fmt::format(", channels from {} on of {}", first_channel, all_channels);
    OpCheck check(backend, "dropout",
                  fmt::format("{}x{}, rate {}, scaled in {}{}", N, units, rate, in_training ? "training" : "tests", part), report);
    const Doubles src = rounded(random_values(N * units, 1), type), diff_dst = rounded(random_values(N * units, 2), type);
    StepParameters step;
    step.seed = 0x123456789abcdefULL;
    step.first_sample = 1000;
    step.dropout_rate[kSlot] = rate;
    const DropoutMask mask{step.seed, step.first_sample, kSlot, static_cast<double>(rate), channels, first_channel, all_channels};
    const double kept = in_training ? 1 / (1 - static_cast<double>(rate)) : 1;
    Doubles tested = src;
    if (!in_training) {
      for (double& value : tested) value *= 1 - static_cast<double>(rate);
    }
    const Shape shape{N, units};
    const Tensor x = check.input(shape, src, type), dy = check.input(shape, diff_dst, type), y = check.output(shape, type),
                 dx = check.output(shape, type);
    const StepParameters* parameters = check.block(step);
    const auto op = backend.make_dropout({N, units, kSlot, scale, type, channels, first_channel, all_channels});
    check.bind(*op);
    check.pass("forward in training", [&] { op->forward_train(parameters, x, y); },
               {{y, dropout(mask, N, units, kept, src), kDropoutTolerance}});
    check.pass("forward in tests", [&] { op->forward_test(parameters, x, y); }, {{y, tested, kDropoutTolerance}});
    check.pass("backward_data", [&] { op->backward_data(parameters, dy, dx); },
               {{dx, dropout(mask, N, units, kept, diff_dst), kDropoutTolerance}});
  }
}

// The exchange of two columns in front of conv3 and of fc8, and shares that 4 does not divide.
void check_copy_channels(Backend& backend, DType type, const Report& report) {
  struct Case {
    const char* name;
    CopyChannelsShape s;
  };
  for (const auto& [name, shape] : {Case{"conv3, into all", {3, 169, 128, 128, 0, 256, 128}},
                                    {"conv3, out of all", {3, 169, 128, 256, 128, 128, 0}},
                                    {"fc8, into all", {3, 1, 500, 500, 0, 1000, 500}},
                                    {"4 and 3 of 7", {3, 13, 3, 4, 0, 7, 4}},
                                    {"padded", {3, 13, 3, 3, 0, 4, 0, true}},
                                    {"zeros around", {3, 27, 8, 8, 0, 24, 8, true}}}) {
    for (const auto& [src_type, dst_type] : {std::pair{type, type}, {type, DType::f32}, {DType::f32, type}}) {
      CopyChannelsShape s = shape;
      s.src_type = src_type;
      s.dst_type = dst_type;
      OpCheck check(backend, "copy_channels", name, report);
      const Shape src_shape{s.N, s.pixels, s.src_C}, dst_shape{s.N, s.pixels, s.dst_C};
      const Doubles src = rounded(random_values(src_shape.count(), 1), src_type);
      const Tensor x = check.input(src_shape, src, src_type), y = check.output(dst_shape, dst_type);
      const Doubles before = rounded(random_values(dst_shape.count(), 2), dst_type);
      const auto op = backend.make_copy_channels(s);
      check.bind(*op);
      const auto copy = [&] {
        check.rewrite(y, before);
        op->forward(x, y);
      };
      check.pass("forward", copy, {{y, rounded(copy_channels(s, src, before), dst_type), kExact}});
    }
  }
}

}  // namespace alexnet::selftest
