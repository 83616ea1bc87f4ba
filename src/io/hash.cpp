#include "alexnet/io/hash.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <new>

namespace alexnet {

struct Xxh3Hash::State {
  State() : xxh3(XXH3_createState()) {
    if (xxh3 == nullptr) throw std::bad_alloc();
    XXH3_128bits_reset(xxh3);
  }
  ~State() { XXH3_freeState(xxh3); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  XXH3_state_t* xxh3;
};

Xxh3Hash::Xxh3Hash() : state_(std::make_unique<State>()) {}
Xxh3Hash::~Xxh3Hash() = default;

void Xxh3Hash::update(const void* data, std::size_t bytes) {
  if (bytes > 0) XXH3_128bits_update(state_->xxh3, data, bytes);
}

std::string Xxh3Hash::hex() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_->xxh3);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

std::string xxh3_of(const void* data, std::size_t bytes) {
  Xxh3Hash hash;
  hash.update(data, bytes);
  return hash.hex();
}

}  // namespace alexnet
