#include "alexnet/ops/input.hpp"

#include <algorithm>

#include "alexnet/core/rng.hpp"
#include "alexnet/ops/backend.hpp"
#include "alexnet/reference/input.hpp"
#include "support/ops_support.hpp"

namespace alexnet::test {
namespace {

struct Case {
  const char* name;
  std::int64_t N, IH, IW, crop;
  bool mean_by_pixel;
  InputShape shape(float scale) const { return InputShape::infer(N, IH, IW, crop, scale); }
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

const Case kCases[] = {
    {"224_of_256", 3, 256, 256, 224, true}, {"55_of_64_by_color", 3, 64, 64, 55, false}, {"13_of_27x40", 5, 27, 40, 13, true},
    {"27_of_40x27", 5, 40, 27, 27, false},  {"all_of_32", 4, 32, 32, 32, true},          {"one_pixel", 4, 3, 3, 1, true},
};

// Picture by picture the four corners and somewhere inside, turned or not.
std::vector<SampleTransform> transforms_of(const Case& c, bool with_noise) {
  std::vector<SampleTransform> transforms;
  for (std::int64_t n = 0; n < c.N; ++n) {
    const auto down = static_cast<std::int32_t>(c.IH - c.crop), right = static_cast<std::int32_t>(c.IW - c.crop);
    SampleTransform t;
    t.top = n == 4 ? down / 2 : n / 2 % 2 == 1 ? down : 0;
    t.left = n == 4 ? right / 3 : n % 2 == 1 ? right : 0;
    t.flip = n % 3 == 1 ? 1 : 0;
    if (with_noise) t.noise = {static_cast<float>(n) + 1, -2, 0.5F * static_cast<float>(n)};
    transforms.push_back(t);
  }
  return transforms;
}

struct Passes {
  Passes(const Case& c, float scale, bool whole_mean, int num_threads = 2)
      : pixels({c.N, c.IH, c.IW, 3}, DType::u8),
        mean(c.mean_by_pixel ? Shape{c.IH, c.IW, 3} : Shape{1, 1, 3}),
        dst({c.N, c.crop, c.crop, 3}),
        transforms(transforms_of(c, true)),
        backend(make_backend("onednn", {num_threads})),
        op(backend->make_input(c.shape(scale))),
        memory(*op) {
    const auto p = pixels.values<std::uint8_t>();
    for (std::size_t i = 0; i < p.size(); ++i) p[i] = static_cast<std::uint8_t>(random_block(5, 1000U, i, 0)[0]);
    if (whole_mean)
      mean.fill_integers(6, 100, 140);
    else
      mean.fill_uniform(6, 100, 140);
    op->forward(pixels, transforms.data(), mean, dst);
  }
  Doubles expected(const Case& c, float scale) const {
    const auto p = pixels.values<std::uint8_t>();
    return reference::input_forward(c.shape(scale), {p.begin(), p.end()}, transforms, mean.doubles());
  }
  GuardedTensor pixels, mean, dst;
  std::vector<SampleTransform> transforms;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Input> op;
  BoundMemory memory;
};

class InputTest : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, InputTest, ::testing::ValuesIn(kCases), [](const auto& test) { return std::string(test.param.name); });

TEST_P(InputTest, ForwardMatchesReference) {
  // Whole means, halves as noise and a power of two as scale: nothing is rounded.
  const Passes exact(GetParam(), 0.25F, true);
  EXPECT_TRUE(matches(exact.dst, exact.expected(GetParam(), 0.25F), kExact));
  const Passes real(GetParam(), 1 / 1.1F, false);
  EXPECT_TRUE(matches(real.dst, real.expected(GetParam(), 1 / 1.1F), kInputTolerance));
}

TEST_P(InputTest, StaysInBounds) {
  const Passes passes(GetParam(), 1, true);
  for (const GuardedTensor* tensor : {&passes.pixels, &passes.mean, &passes.dst}) EXPECT_TRUE(tensor->guards_intact());
  EXPECT_TRUE(passes.memory.guards_intact());
}

TEST_P(InputTest, IsDeterministic) {
  const Passes one(GetParam(), 1 / 1.1F, false, 1);
  for (const int num_threads : {1, 2, 3})
    EXPECT_TRUE(same_bits(one.dst, Passes(GetParam(), 1 / 1.1F, false, num_threads).dst)) << num_threads << " threads";
}

// Written out by hand: a mirrored crop subtracts each pixel's own mean, not that of the place where it lands.
TEST(Input, MirrorsAfterTheMean) {
  GuardedTensor pixels({1, 2, 3, 3}, DType::u8), mean({2, 3, 3}), dst({1, 2, 2, 3});
  for (std::size_t i = 0; i < 18; ++i) {
    pixels.values<std::uint8_t>()[i] = static_cast<std::uint8_t>(10 * i);
    mean.values()[i] = static_cast<float>(i);
  }
  SampleTransform transform;
  transform.left = 1;
  transform.flip = 1;
  transform.noise = {0.5F, 0, -1};
  const auto backend = make_backend("onednn", {1});
  const auto op = backend->make_input(InputShape::infer(1, 2, 3, 2, 2));
  const BoundMemory memory(*op);
  op->forward(pixels, &transform, mean, dst);
  // Place i of the picture holds 9 i above its mean; columns 1 and 2 come out as 2, 1.
  const Doubles expected{2 * (54 + 0.5),  2 * 63,  2 * (72 - 1.0),  2 * (27 + 0.5),  2 * 36,  2 * (45 - 1.0),
                         2 * (135 + 0.5), 2 * 144, 2 * (153 - 1.0), 2 * (108 + 0.5), 2 * 117, 2 * (126 - 1.0)};
  EXPECT_TRUE(matches(dst, expected, kExact));
}

TEST(Input, RejectsCropsThatLeaveThePicture) {
  const InputShape shape = InputShape::infer(5, 27, 40, 13, 1);
  std::vector<SampleTransform> transforms(5);
  for (const auto& [top, left] : {std::pair{-1, 0}, {0, -1}, {15, 0}, {0, 28}}) {
    transforms[3].top = top;
    transforms[3].left = left;
    expect_error(ExitCode::internal, {"13x13", fmt::format("top {}, left {}", top, left), "picture 3", "27x40"},
                 [&] { check_transforms(shape, transforms); });
  }
}

TEST(Input, RejectsBadShape) {
  Passes passes({"13_of_27x40", 5, 27, 40, 13, true}, 1, true);
  const SampleTransform* transforms = passes.transforms.data();
  const GuardedTensor bad({5, 27, 41, 3}, DType::u8), bad_mean({27, 41, 3}), bad_dst({5, 13, 14, 3});
  const GuardedTensor integer_mean({27, 40, 3}, DType::i32), integer_color({1, 1, 3}, DType::i32);
  expect_error(ExitCode::internal, {"pixels", "(5, 27, 41, 3)"}, [&] { passes.op->forward(bad, transforms, passes.mean, passes.dst); });
  for (const GuardedTensor* mean : {&bad_mean, &integer_mean, &integer_color}) {
    expect_error(ExitCode::internal, {"mean"}, [&] { passes.op->forward(passes.pixels, transforms, *mean, passes.dst); });
  }
  expect_error(ExitCode::internal, {"dst", "(5, 13, 14, 3)"}, [&] { passes.op->forward(passes.pixels, transforms, passes.mean, bad_dst); });
}

}  // namespace
}  // namespace alexnet::test
