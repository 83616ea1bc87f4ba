// The copy of channels of the onednn backend against the reference. Copies are exact, so there is nothing to tolerate.
#include "alexnet/ops/copy_channels.hpp"

#include <gtest/gtest.h>

#include "alexnet/reference/copy_channels.hpp"
#include "ops/onednn_ops.hpp"
#include "support/ops_support.hpp"

namespace alexnet::test {
namespace {

const CopyChannelsShape kShapes[] = {{3, 169, 16, 16, 0, 32, 16},   {3, 169, 16, 32, 16, 16, 0},  {3, 13, 3, 4, 0, 7, 4},
                                     {2, 27, 5, 10, 5, 5, 0},       {3, 13, 3, 3, 0, 4, 0, true}, {3, 27, 8, 8, 0, 24, 8, true},
                                     {5, 1, 500, 500, 0, 1000, 500}};

// Integers: bf16 holds them exactly.
struct Passes {
  explicit Passes(CopyChannelsShape shape, DType src_type = DType::f32, DType dst_type = DType::f32)
      : s(shape), src({s.N, s.pixels, s.src_C}, src_type), dst({s.N, s.pixels, s.dst_C}, dst_type), before({s.N, s.pixels, s.dst_C}) {
    s.src_type = src_type;
    s.dst_type = dst_type;
    fill(src, 1);
    fill(dst, 2);
    before.fill_integers(2);
    GuardedTensor numbers(src.tensor().shape());
    expected = reference::copy_channels(s, numbers.fill_integers(1).doubles(), before.doubles());
    make_copy_channels_onednn(s)->forward(src, dst);
  }
  static void fill(GuardedTensor& tensor, std::uint64_t seed) {
    GuardedTensor numbers(tensor.tensor().shape());
    numbers.fill_integers(seed);
    with_storage_of(tensor.tensor().dtype(), [&]<class T>(T) {
      for (std::size_t i = 0; i < numbers.values().size(); ++i) tensor.values<T>()[i] = stored<T>(numbers.values()[i]);
    });
  }
  Doubles result() const {
    Doubles values;
    with_storage_of(dst.tensor().dtype(), [&]<class T>(T) {
      for (const T value : dst.values<T>()) values.push_back(static_cast<double>(to_float(value)));
    });
    return values;
  }

  CopyChannelsShape s;
  GuardedTensor src, dst, before;
  Doubles expected;
};

TEST(CopyChannels, ForwardMatchesReferenceAndStaysInBounds) {
  for (const CopyChannelsShape& s : kShapes) {
    for (const DType src_type : {DType::f32, DType::bf16}) {
      for (const DType dst_type : {DType::f32, DType::bf16}) {
        const Passes passes(s, src_type, dst_type);
        EXPECT_EQ(passes.result(), passes.expected) << s.channels << " from " << s.src_first << " to " << s.dst_first;
        EXPECT_TRUE(passes.src.guards_intact());
        EXPECT_TRUE(passes.dst.guards_intact());
      }
    }
  }
}

// What one device sends for another: the parts of both, side by side, are the whole again.
TEST(CopyChannels, PartsPutTogetherAreTheWhole) {
  constexpr std::int64_t kN = 3, kPixels = 13, kAll = 7, kFirst = 4;
  GuardedTensor whole({kN, kPixels, kAll}), again({kN, kPixels, kAll});
  whole.fill_uniform(1);
  for (const auto& [first, count] : {std::pair{std::int64_t{0}, kFirst}, {kFirst, kAll - kFirst}}) {
    const GuardedTensor part({kN, kPixels, count});
    make_copy_channels_onednn({kN, kPixels, count, kAll, first, count, 0})->forward(whole, part);
    make_copy_channels_onednn({kN, kPixels, count, count, 0, kAll, first})->forward(part, again);
  }
  EXPECT_TRUE(same_bits(whole, again));
}

TEST(CopyChannels, IsDeterministic) {
  for (const CopyChannelsShape& s : kShapes) EXPECT_TRUE(same_bits(Passes(s).dst, Passes(s).dst));
}

TEST(CopyChannels, RejectsBadShape) {
  const GuardedTensor src({2, 3, 8}), dst({2, 3, 4});
  const auto copy = [&](const CopyChannelsShape& s) { return [&, s] { make_copy_channels_onednn(s)->forward(src, dst); }; };
  expect_error(ExitCode::internal, {"channels 6 to 10 of src, which has 8"}, copy({2, 3, 4, 8, 6, 4, 0}));
  expect_error(ExitCode::internal, {"channels 1 to 5 of dst, which has 4"}, copy({2, 3, 4, 8, 0, 4, 1}));
  expect_error(ExitCode::internal, {"channels 0 to 0 of src"}, copy({2, 3, 0, 8, 0, 4, 0}));
  expect_error(ExitCode::internal, {"copy_channels: src: f32 (2, 3, 8)"}, copy({3, 3, 4, 8, 0, 4, 0}));
  expect_error(ExitCode::internal, {"copy_channels: dst: f32 (2, 3, 4)"}, copy({2, 3, 4, 8, 0, 5, 0}));
}

}  // namespace
}  // namespace alexnet::test
