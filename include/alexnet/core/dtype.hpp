// The types of a tensor's elements.
#pragma once

#include <cstdint>

namespace alexnet {

enum class DType : std::uint8_t { f32, bf16, u8, i32 };

}  // namespace alexnet
