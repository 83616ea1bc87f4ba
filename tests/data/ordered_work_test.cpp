#include "data/ordered_work.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>

namespace alexnet {
namespace {

TEST(OrderedWorkTest, ConsumesInOrderWhateverTakesLong) {
  for (const int workers : {1, 4}) {
    std::vector<std::uint64_t> seen;
    ordered_work<std::uint64_t>(
        100, workers, 5,
        [](int, std::uint64_t i) {
          if (i % 7 == 0) std::this_thread::sleep_for(std::chrono::microseconds(300));
          return i * i;
        },
        [&](std::uint64_t i, std::uint64_t result) {
          EXPECT_EQ(result, i * i);
          seen.push_back(i);
          return true;
        });
    ASSERT_EQ(seen.size(), 100U);
    for (std::uint64_t i = 0; i < 100; ++i) EXPECT_EQ(seen[i], i);
  }
}

TEST(OrderedWorkTest, StaysInsideTheWindow) {
  std::atomic<std::uint64_t> consumed = 0, furthest = 0;
  ordered_work<int>(
      200, 4, 3,
      [&](int, std::uint64_t i) {
        const std::uint64_t ahead = i - consumed;
        std::uint64_t old = furthest;
        while (ahead > old && !furthest.compare_exchange_weak(old, ahead)) {
        }
        return 0;
      },
      [&](std::uint64_t, int) {
        ++consumed;
        return true;
      });
  EXPECT_LE(furthest, 3U);
}

TEST(OrderedWorkTest, StopsWhenToldTo) {
  int count = 0;
  ordered_work<int>(
      1'000'000, 2, 4, [](int, std::uint64_t) { return 1; },
      [&](std::uint64_t i, int one) {
        count += one;
        return i < 9;
      });
  EXPECT_EQ(count, 10);
}

TEST(OrderedWorkTest, PassesOnWhatIsThrown) {
  const auto fine = [](int, std::uint64_t) { return 1; };
  const auto fails = [](int, std::uint64_t i) -> int { return i == 50 ? throw std::runtime_error("produce") : 1; };
  EXPECT_THROW(ordered_work<int>(1000, 3, 8, fails, [](std::uint64_t, int) { return true; }), std::runtime_error);
  EXPECT_THROW(
      ordered_work<int>(1000, 3, 8, fine, [](std::uint64_t i, int) -> bool { return i == 50 ? throw std::logic_error("consume") : true; }),
      std::logic_error);
}

TEST(OrderedWorkTest, NothingToDo) {
  ordered_work<int>(
      0, 2, 4, [](int, std::uint64_t) { return 1; },
      [](std::uint64_t, int) {
        ADD_FAILURE() << "there is no work";
        return true;
      });
}

}  // namespace
}  // namespace alexnet
