#include "alexnet/io/hash.hpp"

#include <gtest/gtest.h>

namespace alexnet {
namespace {

// Values of xxhsum -H2 0.8.1.
TEST(HashTest, IsTheOneThatXxhsumPrints) {
  EXPECT_EQ(Xxh3Hash().hex(), "99aa06d3014798d86001c324468d497f");
  Xxh3Hash hash;
  hash.update("abc", 3);
  EXPECT_EQ(hash.hex(), "06b05ab6733a618578af5f94892f3950");
}

TEST(HashTest, PartsAreTheWhole) {
  const std::string text(1'000, 'x');
  Xxh3Hash whole, parts;
  whole.update(text.data(), text.size());
  parts.update(text.data(), 300);
  parts.update(nullptr, 0);
  parts.update(text.data() + 300, 700);
  EXPECT_EQ(parts.hex(), whole.hex());
  parts.update("y", 1);
  EXPECT_NE(parts.hex(), whole.hex());
}

}  // namespace
}  // namespace alexnet
