#include "comm/collective_checks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <thread>
#include <vector>

#include "alexnet/core/rng.hpp"

namespace alexnet::test {
namespace {

using Floats = std::vector<float>;

// Integers: their sums are exact in any order.
float integer(int rank, std::size_t i) {
  return static_cast<float>(static_cast<int>((i * 7 + static_cast<std::size_t>(rank) * 13) % 9) - 4);
}

// Of very different magnitudes: every order of summation gives other bits.
float rough(int rank, std::size_t i) {
  const RandomBlock block = random_block(7, 1, i, static_cast<std::uint32_t>(rank));
  return static_cast<float>(uniform_double(block[0], block[1]) - 0.5) * static_cast<float>(1 << (block[2] % 20));
}

template <class Value>
Floats values_of(int rank, std::size_t count, Value value) {
  Floats values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = value(rank, i);
  return values;
}

template <class Value>
Floats sums(int size, std::size_t count, Value value) {
  Floats total = values_of(0, count, value);
  for (int rank = 1; rank < size; ++rank) {
    for (std::size_t i = 0; i < count; ++i) total[i] += value(rank, i);
  }
  return total;
}

bool same_bits(const Floats& a, const Floats& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

std::size_t num(int ranks) { return static_cast<std::size_t>(ranks); }

template <class Value>
void check_sums(Communicator& comm, std::size_t count, Value value) {
  const int size = comm.size();
  Floats all = values_of(comm.rank(), count, value);
  comm.all_reduce_sum(all.data(), count);
  EXPECT_TRUE(same_bits(all, sums(size, count, value))) << "all_reduce_sum of " << count;

  const Floats src = values_of(comm.rank(), count * num(size), value);
  Floats part(count + 1, -99.0F);
  comm.reduce_scatter_sum(src.data(), part.data(), count);
  EXPECT_EQ(part.back(), -99.0F);
  part.pop_back();
  const Floats expected = sums(size, count * num(size), value);
  const auto first = expected.begin() + static_cast<std::ptrdiff_t>(count * num(comm.rank()));
  EXPECT_TRUE(same_bits(part, Floats(first, first + static_cast<std::ptrdiff_t>(count)))) << "reduce_scatter_sum of " << count;
}

}  // namespace

void check_collectives(Communicator& world) {
  const int size = world.size(), rank = world.rank();
  for (const std::size_t count : {0, 1, 2, 7, 1000, 4099}) {
    check_sums(world, count, integer);

    const std::size_t bytes = count * 3;  // of any kind, not of floats alone
    const std::vector<unsigned char> mine(bytes, static_cast<unsigned char>(rank + 1));
    std::vector<unsigned char> all(bytes * num(size));
    world.all_gather(mine.data(), all.data(), bytes);
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], i / bytes + 1) << "all_gather of " << bytes;

    for (int root = 0; root < size; ++root) {
      Floats values = values_of(rank, count, integer);
      world.broadcast(values.data(), count * sizeof(float), root);
      EXPECT_EQ(values, values_of(root, count, integer)) << "broadcast from " << root;
    }
    world.barrier();
  }
}

void check_sums_are_ordered(Communicator& world) {
  for (int time = 0; time < 2; ++time) {
    for (const std::size_t count : {5, 10007}) check_sums(world, count, rough);
  }
}

void check_split(Communicator& world) {
  const int rank = world.rank(), color = rank % 2;
  const auto half = world.split(color);
  const int num_same = (world.size() + 1 - color) / 2;
  ASSERT_EQ(half->size(), num_same);
  EXPECT_EQ(half->rank(), rank / 2);
  std::vector<int> ranks(num(num_same));
  half->all_gather(&rank, ranks.data(), sizeof rank);
  for (int r = 0; r < num_same; ++r) EXPECT_EQ(ranks[num(r)], 2 * r + color);
  float one = 1;
  half->all_reduce_sum(&one, 1);
  EXPECT_EQ(one, static_cast<float>(num_same));

  const auto alone = half->split(rank);
  EXPECT_EQ(alone->size(), 1);
  check_collectives(*alone);
  world.barrier();
}

void check_two_threads(Communicator& world) {
  const auto columns = world.split(0), replicas = world.split(0);
  const int rank = world.rank(), size = world.size();
  std::vector<int> gathered(num(size));
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) {
      Floats values = values_of(rank, 501, integer);
      replicas->all_reduce_sum(values.data(), values.size());
      EXPECT_EQ(values, sums(size, 501, integer));
    }
  });
  for (int i = 0; i < 150; ++i) {
    const int mine = rank * 1000 + i;
    columns->all_gather(&mine, gathered.data(), sizeof mine);
    for (int r = 0; r < size; ++r) EXPECT_EQ(gathered[num(r)], r * 1000 + i);
  }
  other.join();
}

void check_traffic(Communicator& world) {
  const auto comm = world.split(0);
  const std::uint64_t others = num(comm->size()) - 1, n = num(comm->size());
  EXPECT_EQ(comm->traffic(), Traffic{});
  Floats src(n * 12), dst(n * 12);
  comm->all_gather(src.data(), dst.data(), 10);
  EXPECT_EQ(comm->traffic(), (Traffic{10 * others, 10 * others}));
  comm->reduce_scatter_sum(src.data(), dst.data(), 12);
  EXPECT_EQ(comm->traffic(), (Traffic{58 * others, 58 * others}));
  comm->all_reduce_sum(src.data(), n * 12);  // a part has 12 of them
  EXPECT_EQ(comm->traffic(), (Traffic{154 * others, 154 * others}));
  const std::uint64_t sent = comm->rank() == 0 ? 7 * others : 0, received = comm->rank() == 0 ? 0 : 7;
  comm->broadcast(src.data(), 7, 0);
  comm->barrier();
  EXPECT_EQ(comm->traffic(), (Traffic{154 * others + sent, 154 * others + received}));
}

}  // namespace alexnet::test
