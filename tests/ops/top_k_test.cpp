#include "alexnet/ops/top_k.hpp"

#include <cmath>
#include <limits>

#include "alexnet/ops/backend.hpp"
#include "alexnet/reference/top_k.hpp"
#include "support/ops_support.hpp"

namespace alexnet::test {
namespace {

struct Case {
  std::int64_t N, C, k;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.k << " of " << c.N << "x" << c.C; }

const Case kCases[] = {{3, 1000, 5}, {13, 10, 5}, {27, 55, 1}, {3, 7, 7}, {1, 1, 1}};

// Whole numbers from few: many ties; and some values that no order has a place for.
void fill_values(GuardedTensor& values) {
  values.fill_integers(1, -9, 9);
  const auto v = values.values();
  for (std::size_t i = 5; i < v.size(); i += 11) v[i] = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t i = 3; i < v.size(); i += 17) v[i] = std::numeric_limits<float>::infinity();
  for (std::size_t i = 4; i < v.size(); i += 13) v[i] = -std::numeric_limits<float>::infinity();
}

struct Passes {
  explicit Passes(const Case& c, int num_threads = 2)
      : values({c.N, c.C}),
        indices({c.N, c.k}, DType::i32),
        top({c.N, c.k}),
        backend(make_backend("onednn", {num_threads})),
        op(backend->make_top_k(c.N, c.C, c.k)),
        memory(*op) {
    fill_values(values);
    op->forward(values, indices, top);
  }
  std::vector<std::int32_t> index_list() const {
    const auto v = indices.values<std::int32_t>();
    return {v.begin(), v.end()};
  }
  GuardedTensor values, indices, top;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<TopK> op;
  BoundMemory memory;
};

class TopKTest : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Shapes, TopKTest, ::testing::ValuesIn(kCases));

TEST_P(TopKTest, ForwardMatchesReference) {
  const Passes passes(GetParam());
  const reference::TopKResult expected = reference::top_k(GetParam().C, GetParam().k, passes.values.doubles());
  EXPECT_EQ(passes.index_list(), expected.indices);
  EXPECT_TRUE(matches(passes.top, expected.values, kExact));
}

TEST_P(TopKTest, StaysInBounds) {
  const Passes passes(GetParam());
  for (const GuardedTensor* tensor : {&passes.values, &passes.indices, &passes.top}) EXPECT_TRUE(tensor->guards_intact());
  EXPECT_TRUE(passes.memory.guards_intact());
}

TEST_P(TopKTest, IsDeterministic) {
  const Passes one(GetParam(), 1);
  for (const int num_threads : {1, 2, 3})
    EXPECT_TRUE(same_bits(one.indices, Passes(GetParam(), num_threads).indices)) << num_threads << " threads";
}

TEST(TopK, TiesGoByIndexAndNanComesLast) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  GuardedTensor values({1, 7}), indices({1, 7}, DType::i32), top({1, 7});
  values.assign(std::vector<float>{nan, 2, 5, -1, 5, nan, 2});
  const auto backend = make_backend("onednn", {1});
  const auto op = backend->make_top_k(1, 7, 7);
  const BoundMemory memory(*op);
  op->forward(values, indices, top);
  const auto v = indices.values<std::int32_t>();
  EXPECT_EQ(std::vector<std::int32_t>(v.begin(), v.end()), (std::vector<std::int32_t>{2, 4, 1, 6, 3, 0, 5}));
  EXPECT_EQ(top.values()[0], 5);
  EXPECT_TRUE(std::isnan(top.values()[6]));
}

TEST(TopK, RejectsBadShape) {
  const auto backend = make_backend("onednn", {1});
  const auto op = backend->make_top_k(2, 10, 5);
  const BoundMemory memory(*op);
  const GuardedTensor values({2, 10}), bad_values({2, 9}), indices({2, 5}, DType::i32), bad_indices({2, 4}, DType::i32), top({2, 5}),
      bad_top({2, 6});
  expect_error(ExitCode::internal, {"top_k: values", "(2, 9)"}, [&] { op->forward(bad_values, indices, top); });
  expect_error(ExitCode::internal, {"top_k: indices", "(2, 4)"}, [&] { op->forward(values, bad_indices, top); });
  expect_error(ExitCode::internal, {"top_k: top", "(2, 6)"}, [&] { op->forward(values, indices, bad_top); });
  for (const std::int64_t k : {0, 11}) {
    const auto wrong = backend->make_top_k(2, 10, k);
    expect_error(ExitCode::internal, {fmt::format("k is {}", k), "classes, 10"}, [&] { wrong->forward(values, indices, top); });
  }
}

}  // namespace
}  // namespace alexnet::test
