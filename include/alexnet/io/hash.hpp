// XXH3-128, the hash of shards and of a checkpoint's data: finds damage, not forgery.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace alexnet {

class Xxh3Hash {
 public:
  Xxh3Hash();
  ~Xxh3Hash();
  void update(const void* data, std::size_t bytes);
  // Of everything so far: 32 hex digits, most significant first, as `xxhsum -H2` prints them.
  std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Of these bytes alone.
std::string xxh3_of(const void* data, std::size_t bytes);

}  // namespace alexnet
