// The printed form of an XXH3-128 hash: 32 hex digits, most significant first (as `xxhsum -H2` prints it).
#pragma once

#include <fmt/format.h>
#include <xxhash.h>

#include <string>

namespace alexnet {

inline std::string xxh3_128_hex(XXH128_hash_t hash) { return fmt::format("{:016x}{:016x}", hash.high64, hash.low64); }

}  // namespace alexnet
