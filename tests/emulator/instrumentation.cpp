// The functions that -fsanitize=thread and -fsanitize=bounds,object-size make a kernel call; the sanitizers' own are not linked.
#include <fmt/format.h>

#include <cstdint>
#include <cstring>

#include "emulator/machine.hpp"
#include "emulator/source_lines.hpp"

using alexnet::emulator::Access;
using alexnet::emulator::check_access;

#define RETURN_ADDRESS __builtin_return_address(0)
#define REPORT(name, bytes)                                                                                       \
  void __tsan_read##name(void* address) { check_access(address, bytes, Access::read, RETURN_ADDRESS); }           \
  void __tsan_write##name(void* address) { check_access(address, bytes, Access::write, RETURN_ADDRESS); }         \
  void __tsan_unaligned_read##name(void* address) { check_access(address, bytes, Access::read, RETURN_ADDRESS); } \
  void __tsan_unaligned_write##name(void* address) { check_access(address, bytes, Access::write, RETURN_ADDRESS); }

namespace {

// What the compiler leaves for the handlers of -fsanitize=bounds and object-size, as far as it is used.
struct CheckedPlace {
  const char* file;
  std::uint32_t line, column;
};
struct TypeName {
  std::uint16_t kind, info;
  char name[1];
};
struct OutOfBounds {
  CheckedPlace place;
  const TypeName* array;
  const TypeName* index;
};
struct TypeMismatch {
  CheckedPlace place;
  const TypeName* type;
};

}  // namespace

extern "C" {

void __tsan_init() {}
REPORT(1, 1)
REPORT(2, 2)
REPORT(4, 4)
REPORT(8, 8)
REPORT(16, 16)
void __tsan_read_range(void* address, std::size_t bytes) {
  check_access(address, static_cast<unsigned>(bytes), Access::read, RETURN_ADDRESS);
}
void __tsan_write_range(void* address, std::size_t bytes) {
  check_access(address, static_cast<unsigned>(bytes), Access::write, RETURN_ADDRESS);
}
void __tsan_vptr_update(void**, void*) {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}

void __ubsan_handle_out_of_bounds(const OutOfBounds* data, std::uintptr_t index) {
  if (!alexnet::emulator::running) return;
  alexnet::emulator::running = false;
  alexnet::emulator::fault(fmt::format("out of bounds: {} uses index {} of an array of type {} at {}",
                                       alexnet::emulator::thread_name(alexnet::emulator::machine.now), static_cast<std::int32_t>(index),
                                       data->array->name, alexnet::emulator::source_line(RETURN_ADDRESS).name()));
}
void __ubsan_handle_type_mismatch_v1(const TypeMismatch* data, std::uintptr_t) {
  if (!alexnet::emulator::running) return;
  alexnet::emulator::running = false;
  alexnet::emulator::fault(fmt::format("out of bounds: {} uses a {} beyond the end of the array that it belongs to at {}",
                                       alexnet::emulator::thread_name(alexnet::emulator::machine.now), data->type->name,
                                       alexnet::emulator::source_line(RETURN_ADDRESS).name()));
}

}  // extern "C"

namespace alexnet::emulator {

void copy_vector(void* dst, const void* src, unsigned bytes) {
  const auto is_memory = [](const void* address) { return !machine.stack.holds(reinterpret_cast<std::uintptr_t>(address)); };
  if (is_memory(src)) check_access(src, bytes, Access::read, RETURN_ADDRESS);
  if (is_memory(dst)) check_access(dst, bytes, Access::write, RETURN_ADDRESS);
  std::memcpy(dst, src, bytes);
}

}  // namespace alexnet::emulator
