// What every fuzz target has: one function that takes hostile bytes. Each *_fuzz.cpp is built twice: by `scripts/fuzz` with libFuzzer
// (clang), which makes up inputs, and by the tests with replay.cpp, which gives it the inputs kept in corpus/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "alexnet/core/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace alexnet {

// Hostile input may be refused in words, and in no other way.
template <class Call>
void refuse_or_read(Call call) {
  try {
    call();
  } catch (const Error& error) {
    if (error.code() == ExitCode::internal || std::string_view(error.what()).empty()) std::abort();
  }
}

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }

}  // namespace alexnet
