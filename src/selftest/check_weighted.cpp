// Convolution and fully connected layers. Integers make every sum exact, so equality is demanded.
#include "alexnet/reference/activation.hpp"
#include "alexnet/reference/alexnet_shapes.hpp"
#include "alexnet/reference/conv2d.hpp"
#include "alexnet/reference/fully_connected.hpp"
#include "selftest/checks.hpp"

namespace alexnet::selftest {
namespace {

using reference::kExact;

// The forms of src, weights and dst, and the reference's three passes.
struct WeightedCase {
  std::string op, shape;
  Shape src, weights, dst;
  std::function<Doubles(const Doubles& src, const Doubles& weights, const Doubles& bias)> forward;
  std::function<Doubles(const Doubles& diff_dst, const Doubles& weights)> backward_data;
  std::function<std::pair<Doubles, Doubles>(const Doubles& src, const Doubles& diff_dst)> backward_weights;
};

// With and without a ReLU behind it; in bf16 with a dst of each type.
template <class Make>
void check_weighted(Backend& backend, DType type, const WeightedCase& c, Make make, const Report& report) {
  const Doubles src = random_integers(c.src.count(), 1), weights = random_integers(c.weights.count(), 2),
                bias = random_integers(c.weights[0], 3), diff_dst = random_integers(c.dst.count(), 4);
  const Doubles expected = c.forward(src, weights, bias), diff_src = c.backward_data(diff_dst, weights);
  const auto [diff_weights, diff_bias] = c.backward_weights(src, diff_dst);
  for (const DType dst_type : type == DType::f32 ? std::vector{DType::f32} : std::vector{DType::bf16, DType::f32}) {
    OpCheck check(backend, c.op, c.shape + (dst_type == type ? "" : " to f32"), report);
    const Tensor x = check.input(c.src, src, type), w = check.input(c.weights, weights), b = check.input({c.weights[0]}, bias),
                 dy = check.input(c.dst, diff_dst, dst_type);
    const Tensor y = check.output(c.dst, dst_type), dx = check.output(c.src, type), dw = check.output(c.weights),
                 db = check.output({c.weights[0]});
    for (const Epilogue epilogue : {Epilogue::none, Epilogue::relu}) {
      const auto op = make(type, dst_type, epilogue);
      check.bind(*op);
      const bool relu = epilogue == Epilogue::relu;
      check.pass(relu ? "forward + relu" : "forward", [&] { op->forward(x, w, b, y); },
                 {{y, relu ? reference::relu_forward(expected) : expected, kExact}});
      if (!relu) continue;
      check.pass("backward_data", [&] { op->backward_data(dy, w, dx); }, {{dx, diff_src, kExact}});
      check.pass("backward_weights", [&] { op->backward_weights(x, dy, dw, db); }, {{dw, diff_weights, kExact}, {db, diff_bias, kExact}});
    }
  }
}

}  // namespace

void check_conv2d(Backend& backend, DType type, const Report& report) {
  std::vector<reference::NamedConv2d> cases;
  const auto add = [&](const char* name, Extent3 src, std::int64_t OC, std::int64_t kernel_size, std::int64_t stride, Padding pad,
                       std::int64_t groups) {
    cases.push_back({name, Conv2dShape::infer(name, 3, src, OC, kernel_size, stride, pad, groups)});
  };
  add("one pixel", {1, 1, 1}, 1, 1, 1, {}, 1);
  add("1x1 of 13x13x7", {13, 13, 7}, 5, 1, 1, {}, 1);
  add("5x5 of 27x27x13", {27, 27, 13}, 11, 5, 1, {2, 2, 2, 2}, 1);
  add("11x11 of 55x55x3", {55, 55, 3}, 24, 11, 4, {0, 0, 3, 3}, 1);
  add("3x3 of 13x27x4", {13, 27, 4}, 6, 3, 2, {2, 1, 0, 0}, 1);
  add("two odd groups", {13, 13, 6}, 10, 5, 2, {1, 2, 0, 1}, 2);
  for (const auto& named : reference::alexnet_conv2d_shapes(3)) cases.push_back(named);
  for (const auto& [name, s] : cases) {
    const WeightedCase c{
        "conv2d",
        name,
        {s.N, s.IH, s.IW, s.IC},
        {s.OC, s.KH, s.KW, s.IC / s.groups},
        {s.N, s.OH, s.OW, s.OC},
        [&](const auto& src, const auto& weights, const auto& bias) { return reference::conv2d_forward(s, src, weights, bias); },
        [&](const auto& diff_dst, const auto& weights) { return reference::conv2d_backward_data(s, diff_dst, weights); },
        [&](const auto& src, const auto& diff_dst) {
          auto g = reference::conv2d_backward_weights(s, src, diff_dst);
          return std::pair(std::move(g.diff_weights), std::move(g.diff_bias));
        }};
    check_weighted(
        backend, type, c,
        [&](DType src_type, DType dst_type, Epilogue epilogue) {
          auto typed = s;
          typed.src_type = src_type;
          typed.dst_type = dst_type;
          return backend.make_conv2d(typed, epilogue);
        },
        report);
  }
}

void check_fully_connected(Backend& backend, DType type, const Report& report) {
  std::vector<reference::NamedFullyConnected> cases = {{"one value", FullyConnectedShape::infer("one value", 3, {1, 1, 1}, 1, 1)},
                                                       {"13 of 3x3x7", FullyConnectedShape::infer("13 of 3x3x7", 3, {3, 3, 7}, 13, 1)},
                                                       {"two groups", FullyConnectedShape::infer("two groups", 5, {2, 2, 10}, 14, 2)}};
  for (const auto& named : reference::alexnet_fully_connected_shapes(3)) cases.push_back(named);
  for (const auto& [name, s] : cases) {
    const WeightedCase c{
        "fully_connected",
        name,
        {s.N, s.IH, s.IW, s.IC},
        {s.OC, s.IH, s.IW, s.IC / s.groups},
        {s.N, 1, 1, s.OC},
        [&](const auto& src, const auto& weights, const auto& bias) { return reference::fully_connected_forward(s, src, weights, bias); },
        [&](const auto& diff_dst, const auto& weights) { return reference::fully_connected_backward_data(s, diff_dst, weights); },
        [&](const auto& src, const auto& diff_dst) {
          auto g = reference::fully_connected_backward_weights(s, src, diff_dst);
          return std::pair(std::move(g.diff_weights), std::move(g.diff_bias));
        }};
    check_weighted(
        backend, type, c,
        [&](DType src_type, DType dst_type, Epilogue epilogue) {
          auto typed = s;
          typed.src_type = src_type;
          typed.dst_type = dst_type;
          return backend.make_fully_connected(typed, epilogue);
        },
        report);
  }
}

}  // namespace alexnet::selftest
