#include "alexnet/ops/spatial_norm.hpp"

#include "alexnet/ops/backend.hpp"
#include "alexnet/reference/spatial_norm.hpp"
#include "support/ops_support.hpp"

namespace alexnet::test {
namespace {

struct Case {
  const char* name;
  std::int64_t N;
  Extent3 src;
  std::int64_t size;
  float k, alpha, beta;
  SpatialNormShape shape() const { return SpatialNormShape::infer(name, N, src, size, k, alpha, beta); }
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

const Case kCases[] = {
    {"block_of_27x27", 3, {27, 27, 32}, 5, 1, 1e-3F / 25, 0.75F},
    {"channels_beyond_blocks", 3, {13, 13, 70}, 5, 1, 1e-3F / 25, 0.75F},
    {"55x55", 3, {55, 55, 3}, 3, 2, 0.001F, 0.5F},
    {"one_channel", 3, {13, 27, 1}, 9, 1, 0.001F, 1},
    {"size_7_beta_06", 2, {9, 8, 33}, 7, 0.5F, 0.002F, 0.6F},
    {"wider_than_the_map", 3, {6, 3, 40}, 11, 2, 0.001F, 0.75F},
    {"wider_than_one_side", 3, {2, 20, 5}, 9, 2, 0.001F, 0.75F},
    {"one_pixel", 3, {1, 1, 35}, 5, 2, 0.01F, 0.75F},
    {"size_1", 3, {4, 5, 6}, 1, 1, 0.01F, 0.75F},
};

Shape shape_of(const SpatialNormShape& s) { return {s.N, s.H, s.W, s.C}; }

struct Passes {
  explicit Passes(const SpatialNormShape& s, int num_threads = 2)
      : src(shape_of(s)),
        diff_dst(shape_of(s)),
        dst(shape_of(s)),
        diff_src(shape_of(s)),
        backend(make_backend("onednn", {num_threads})),
        op(backend->make_spatial_norm(s)),
        memory(*op) {
    src.fill_uniform(1, -50, 50);
    diff_dst.fill_uniform(2);
    op->forward(src, dst);
    op->backward_data(src, diff_dst, diff_src);
  }
  GuardedTensor src, diff_dst, dst, diff_src;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<SpatialNorm> op;
  BoundMemory memory;
};

class SpatialNormTest : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, SpatialNormTest, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(SpatialNormTest, ForwardMatchesReference) {
  const SpatialNormShape s = GetParam().shape();
  const Passes passes(s);
  EXPECT_TRUE(matches(passes.dst, reference::spatial_norm_forward(s, passes.src.doubles()), kNormTolerance));
}

TEST_P(SpatialNormTest, BackwardMatchesReference) {
  SpatialNormShape s = GetParam().shape();
  if (reduced()) s.N = 1;  // the reference takes size^4 steps a value here
  const Passes passes(s);
  const Doubles expected = reference::spatial_norm_backward_data(s, passes.src.doubles(), passes.diff_dst.doubles());
  EXPECT_TRUE(matches(passes.diff_src, expected, kNormGradientTolerance));
}

TEST_P(SpatialNormTest, StaysInBounds) {
  const Passes passes(GetParam().shape());
  for (const GuardedTensor* tensor : {&passes.src, &passes.diff_dst, &passes.dst, &passes.diff_src}) EXPECT_TRUE(tensor->guards_intact());
  EXPECT_TRUE(passes.memory.guards_intact());
}

TEST_P(SpatialNormTest, IsDeterministic) {
  const Passes one(GetParam().shape(), 1);
  for (const int num_threads : {1, 2, 3}) {
    const Passes other(GetParam().shape(), num_threads);
    EXPECT_TRUE(same_bits(one.dst, other.dst)) << num_threads << " threads";
    EXPECT_TRUE(same_bits(one.diff_src, other.diff_src)) << num_threads << " threads";
  }
}

TEST_P(SpatialNormTest, ReferenceMatchesFiniteDifferences) {
  const Case& c = GetParam();
  const Extent3 src_extent{std::min<std::int64_t>(c.src.H, 4), std::min<std::int64_t>(c.src.W, 5), std::min<std::int64_t>(c.src.C, 2)};
  const SpatialNormShape s = SpatialNormShape::infer(c.name, 2, src_extent, c.size, c.k, 0.1F, c.beta);
  const auto count = static_cast<std::size_t>(2 * src_extent.count());
  const Doubles src = random_doubles(count, 3, -3, 3), diff_dst = random_doubles(count, 4);
  const Doubles gradient = finite_differences(src, [&](const Doubles& x) { return dot(reference::spatial_norm_forward(s, x), diff_dst); });
  EXPECT_TRUE(matches(reference::spatial_norm_backward_data(s, src, diff_dst), gradient, kFiniteDifferencesTolerance));
}

TEST(SpatialNorm, ReferenceIsTheFormula) {
  const SpatialNormShape s = SpatialNormShape::infer("norm", 1, {2, 3, 1}, 3, 2, 1, 1);
  // Squares 1 4 9 / 16 25 36: the corners see four pixels, the middle column all six.
  const Doubles expected{1 / 48.0, 2 / 93.0, 3 / 76.0, 4 / 48.0, 5 / 93.0, 6 / 76.0};
  EXPECT_TRUE(matches(reference::spatial_norm_forward(s, {1, 2, 3, 4, 5, 6}), expected, {1e-15, 1e-15, "double"}));
}

TEST(SpatialNorm, RejectsBadShape) {
  const SpatialNormShape s = SpatialNormShape::infer("norm", 2, {3, 3, 8}, 5, 1, 1e-4F, 0.75F);
  const auto backend = make_backend("onednn", {1});
  const auto op = backend->make_spatial_norm(s);
  const BoundMemory memory(*op);
  const GuardedTensor good(shape_of(s)), bad({2, 3, 4, 8});
  expect_error(ExitCode::internal, {"spatial_norm: src", "(2, 3, 4, 8)", "(2, 3, 3, 8)"}, [&] { op->forward(bad, good); });
  expect_error(ExitCode::internal, {"spatial_norm: dst"}, [&] { op->forward(good, bad); });
  expect_error(ExitCode::internal, {"spatial_norm: src"}, [&] { op->backward_data(bad, good, good); });
  expect_error(ExitCode::internal, {"spatial_norm: diff_dst"}, [&] { op->backward_data(good, bad, good); });
  expect_error(ExitCode::internal, {"spatial_norm: diff_src"}, [&] { op->backward_data(good, good, bad); });
}

}  // namespace
}  // namespace alexnet::test
