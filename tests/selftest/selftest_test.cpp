// The selftest passes on a backend that is right, and says what is wrong with one that is not.
#include "alexnet/selftest/selftest.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "support/bf16.hpp"
#include "support/expect_error.hpp"
#include "support/forwarding_backend.hpp"
#include "support/reduced.hpp"

namespace alexnet {
namespace {

using testing::HasSubstr;

std::vector<SelftestResult> results_of(const std::shared_ptr<Backend>& backend, const std::string& op, DType type = DType::f32) {
  std::vector<SelftestResult> results;
  run_selftest(
      backend, op, [&](const SelftestResult& result) { results.push_back(result); }, type);
  return results;
}

// The onednn backend, but its top_k does something else after the right thing.
class BrokenBackend : public test::ForwardingBackend {
 public:
  using Damage = std::function<void(const Tensor& values, const Tensor& indices, const Tensor& top)>;
  explicit BrokenBackend(Damage damage) : damage_(std::move(damage)) {}

  std::unique_ptr<TopK> make_top_k(std::int64_t n, std::int64_t c, std::int64_t k) override {
    struct BrokenTopK : TopK {
      std::size_t scratch_bytes() const override { return right->scratch_bytes(); }
      void forward(const Tensor& values, const Tensor& indices, const Tensor& top) override {
        right->bind(workspace_, scratch_);
        right->forward(values, indices, top);
        damage(values, indices, top);
      }
      std::unique_ptr<TopK> right;
      Damage damage;
    };
    auto op = std::make_unique<BrokenTopK>();
    op->right = ForwardingBackend::make_top_k(n, c, k);
    op->damage = damage_;
    return op;
  }

 private:
  Damage damage_;
};

// What is wrong with every shape of a backend with this fault.
void expect_trouble(const std::string& words, const BrokenBackend::Damage& damage) {
  for (const SelftestResult& result : results_of(std::make_shared<BrokenBackend>(damage), "top_k")) {
    EXPECT_THAT(result.trouble, HasSubstr(words)) << result.shape;
  }
}

void expect_nothing_wrong_with_onednn(DType type) {
  std::size_t num_results = 0;
  for (const std::string& op : selftest_ops()) {
    // The large shapes take minutes under the sanitizers.
    if (reduced() && (op == "conv2d" || op == "fully_connected" || op == "sgd")) continue;
    for (const SelftestResult& result : results_of(make_backend("onednn", {2}), op, type)) {
      EXPECT_EQ(result.trouble, "") << result.op << ", " << result.shape << ", " << result.pass;
      EXPECT_LE(result.error, 1);
      ++num_results;
    }
  }
  EXPECT_GT(num_results, 80U);
}

TEST(SelftestTest, FindsNothingWrongWithOnednn) { expect_nothing_wrong_with_onednn(DType::f32); }

TEST(SelftestTest, FindsNothingWrongWithOnednnInBf16) {
  ALEXNET_NEEDS_BF16();
  expect_nothing_wrong_with_onednn(DType::bf16);
}

TEST(SelftestTest, FindsAWrongValue) {
  expect_trouble(" values of ", [](const Tensor&, const Tensor&, const Tensor& top) { top.data<float>()[0] += 0.001F; });
}

TEST(SelftestTest, GoesOnWhereAnOpBreaksDown) {
  const auto results = results_of(std::make_shared<BrokenBackend>([](const Tensor&, const Tensor&, const Tensor&) {
                                    fail(ExitCode::internal, "launch of top_k_forward_kernel: out of resources");
                                  }),
                                  "top_k");
  ASSERT_EQ(results.size(), 1U);
  EXPECT_THAT(results[0].trouble, HasSubstr("top_k_forward_kernel: out of resources"));
  EXPECT_EQ(results[0].op, "top_k");
}

TEST(SelftestTest, FindsAnOutputThatWasNotWritten) {
  expect_trouble("it is nan instead of ", [](const Tensor&, const Tensor&, const Tensor& top) {
    top.data<float>()[top.count() - 1] = std::numeric_limits<float>::quiet_NaN();
  });
}

TEST(SelftestTest, FindsAWriteBesideATensor) {
  for (const bool before : {false, true}) {
    expect_trouble("memory beside a tensor was written to",
                   [=](const Tensor&, const Tensor&, const Tensor& top) { top.data<float>()[before ? -1 : top.count()] = 0; });
  }
}

TEST(SelftestTest, FindsWhatIsNotTheSameTwice) {
  int num_calls = 0;  // every other call gives zeros another sign: equal values with other bits
  const auto backend = std::make_shared<BrokenBackend>([&](const Tensor&, const Tensor&, const Tensor& top) {
    const float zero = num_calls++ % 2 == 0 ? 0.0F : -0.0F;
    for (std::int64_t i = 0; i < top.count(); ++i) {
      if (top.data<float>()[i] == 0) top.data<float>()[i] = zero;
    }
  });
  std::string troubles;
  for (const SelftestResult& result : results_of(backend, "top_k")) troubles += result.trouble;
  EXPECT_THAT(troubles, testing::StartsWith("a second run gives other bits"));
}

TEST(SelftestTest, KnowsItsOps) {
  expect_error(ExitCode::command_line, {"--op conv3d: unknown; one of conv2d, "},
               [] { results_of(make_backend("onednn", {1}), "conv3d"); });
}

}  // namespace
}  // namespace alexnet
