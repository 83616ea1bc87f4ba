// What stands at the ends of a step: the network's input, the loss, the best classes, the update.
#include "alexnet/reference/input.hpp"
#include "alexnet/reference/sgd.hpp"
#include "alexnet/reference/softmax_cross_entropy.hpp"
#include "alexnet/reference/top_k.hpp"
#include "selftest/checks.hpp"

namespace alexnet::selftest {

using namespace reference;

namespace {

// An exp that is off by two units in the last place moves the logarithm of a sum near 1 by 2e-7, whatever the loss is.
constexpr Tolerance kLossTolerance{5e-7, 1e-7, "logarithms of sums of exp in f32, added in double, stored as f32 here"};

}  // namespace

void check_input(Backend& backend, DType type, const Report& report) {
  struct Case {
    const char* name;
    std::int64_t N, IH, IW, crop;
    bool mean_by_pixel;
  };
  for (const Case& c : {Case{"224 of 256", 3, 256, 256, 224, true},
                        {"55 of 64, mean by colour", 3, 64, 64, 55, false},
                        {"13 of 27x40", 5, 27, 40, 13, true},
                        {"one pixel", 4, 3, 3, 1, true}}) {
    InputShape s = InputShape::infer(c.N, c.IH, c.IW, c.crop, 1 / 1.1F);
    s.type = type;
    OpCheck check(backend, "input", c.name, report);
    const Shape picture_shape{c.N, c.IH, c.IW, 3}, mean_shape = c.mean_by_pixel ? Shape{c.IH, c.IW, 3} : Shape{1, 1, 3},
                                                   dst_shape{c.N, c.crop, c.crop, 3};
    const Doubles pixels = random_integers(picture_shape.count(), 1, 0, 255), mean = random_values(mean_shape.count(), 2, 100, 140);
    std::vector<SampleTransform> transforms;
    for (std::int64_t n = 0; n < c.N; ++n) {
      const auto down = static_cast<std::int32_t>(c.IH - c.crop), right = static_cast<std::int32_t>(c.IW - c.crop);
      SampleTransform t;
      t.top = n % 2 == 1 ? down : n == 4 ? down / 2 : 0;
      t.left = n / 2 % 2 == 1 ? right : n == 4 ? right / 3 : 0;
      t.flip = n % 3 == 1 ? 1 : 0;
      t.noise = {static_cast<float>(n) + 1, -2, 0.5F * static_cast<float>(n)};
      transforms.push_back(t);
    }
    const Tensor x = check.input(picture_shape, pixels, DType::u8), m = check.input(mean_shape, mean), y = check.output(dst_shape, type);
    const SampleTransform* on_device = check.block(std::span<const SampleTransform>(transforms));
    const auto op = backend.make_input(s);
    check.bind(*op);
    const std::vector<std::uint8_t> bytes(pixels.begin(), pixels.end());
    check.pass("forward", [&] { op->forward(x, on_device, m, y); }, {{y, input_forward(s, bytes, transforms, mean), kInputTolerance}});
  }
}

void check_softmax_cross_entropy(Backend& backend, DType, const Report& report) {
  struct Case {
    std::int64_t N, num_classes;
    std::int32_t valid_images;
    double largest;
  };
  for (const auto& [N, num_classes, valid_images, largest] :
       {Case{128, 1000, 128, 5}, {13, 10, 8, 100}, {3, 2, 1, 1}, {4, 6, 0, 1}, {55, 27, 55, 30}}) {
    OpCheck check(backend, "softmax_cross_entropy", fmt::format("{} of {}x{}", valid_images, N, num_classes), report);
    const Doubles logits = random_values(N * num_classes, 1, -largest, largest);
    std::vector<std::int32_t> labels;
    for (std::int32_t n = 0; n < valid_images; ++n) labels.push_back(static_cast<std::int32_t>((7 * n + 3) % num_classes));
    Doubles padded(labels.begin(), labels.end());
    padded.resize(static_cast<std::size_t>(N), 999'999);  // of padding: must not be looked at
    const auto expected = softmax_cross_entropy_forward(num_classes, logits, labels);
    const Doubles kept = rounded(expected.probabilities, DType::f32);
    const Shape shape{N, num_classes};
    const Tensor x = check.input(shape, logits), t = check.input({N}, padded, DType::i32), p_in = check.input(shape, kept),
                 p = check.output(shape), dx = check.output(shape);
    StepParameters step;
    step.valid_images = valid_images;
    step.loss_images = valid_images + 3;  // a part of a larger step
    const StepParameters* parameters = check.block(step);
    LossTotals* totals = check.block(LossTotals());
    const auto op = backend.make_softmax_cross_entropy(N, num_classes);
    check.bind(*op);
    // The totals are compared as four numbers, copied into a tensor.
    const Tensor sums = check.output({4});
    const auto forward = [&] {
      const LossTotals zero;
      backend.copy_to_device(totals, &zero, sizeof zero);
      op->forward(parameters, x, t, p, totals);
      LossTotals now;
      backend.synchronize();
      backend.copy_to_host(&now, totals, sizeof now);
      check.rewrite(
          sums, {now.loss, static_cast<double>(now.top1_errors), static_cast<double>(now.top5_errors), static_cast<double>(now.images)});
    };
    const LossTotals& want = expected.totals;
    const Doubles wanted = {want.loss, static_cast<double>(want.top1_errors), static_cast<double>(want.top5_errors),
                            static_cast<double>(want.images)};
    check.pass("forward", forward, {{p, expected.probabilities, kSoftmaxTolerance}, {sums, wanted, kLossTolerance}});
    check.pass("backward_data", [&] { op->backward_data(parameters, p_in, t, dx); },
               {{dx, softmax_cross_entropy_backward_data(num_classes, kept, labels, step.loss_images), kSoftmaxTolerance}});
  }
}

void check_top_k(Backend& backend, DType, const Report& report) {
  struct Case {
    std::int64_t N, C, k;
  };
  for (const auto& [N, C, k] : {Case{128, 1000, 5}, {13, 10, 5}, {27, 55, 1}, {3, 7, 7}, {1, 1, 1}}) {
    OpCheck check(backend, "top_k", fmt::format("{} of {}x{}", k, N, C), report);
    const Doubles values = random_integers(N * C, 1, -9, 9);  // from few: many are equal
    const auto expected = top_k(C, k, values);
    const Tensor x = check.input({N, C}, values), indices = check.output({N, k}, DType::i32), top = check.output({N, k});
    const auto op = backend.make_top_k(N, C, k);
    check.bind(*op);
    check.pass("forward", [&] { op->forward(x, indices, top); },
               {{indices, Doubles(expected.indices.begin(), expected.indices.end()), kExact}, {top, expected.values, kExact}});
  }
}

void check_sgd(Backend& backend, DType, const Report& report) {
  constexpr int kSlot = 3;
  for (const std::int64_t count : {std::int64_t{1}, std::int64_t{13}, std::int64_t{40001}, std::int64_t{4096 * 1000}}) {
    for (const bool is_bias : {false, true}) {
      OpCheck check(backend, "sgd", fmt::format("{} {}", count, is_bias ? "of a bias" : "weights"), report);
      StepParameters step;
      step.weights_learning_rate.fill(100);  // another layer's rate would be seen
      step.bias_learning_rate.fill(100);
      step.weights_learning_rate[kSlot] = 0.02F;
      step.bias_learning_rate[kSlot] = 0.04F;
      const Doubles gradient = random_values(count, 1), velocity = random_values(count, 2), weights = random_values(count, 3);
      Doubles new_velocity = velocity, new_weights = weights;
      const float rate = is_bias ? 0.04F : 0.02F;
      sgd_update({static_cast<double>(rate), static_cast<double>(0.9F), static_cast<double>(0.05F)}, gradient, new_velocity, new_weights);
      const Tensor g = check.input({count}, gradient), v = check.output({count}), w = check.output({count});
      const StepParameters* parameters = check.block(step);
      const auto op = backend.make_sgd({count, kSlot, is_bias, 0.9F, 0.05F});
      check.bind(*op);
      const auto update = [&] {
        check.rewrite(v, velocity);
        check.rewrite(w, weights);
        op->update(parameters, g, v, w);
      };
      check.pass("update", update, {{v, new_velocity, kUpdateTolerance}, {w, new_weights, kUpdateTolerance}});
    }
  }
}

}  // namespace alexnet::selftest
