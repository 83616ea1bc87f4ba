#include "emulator/source_lines.hpp"

#include <backtrace.h>
#include <cxxabi.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string_view>
#include <unordered_map>

extern "C" const char __executable_start;  // the linker's

namespace alexnet::emulator {
namespace {

backtrace_state* state() {
  static backtrace_state* const made = backtrace_create_state(
      nullptr, 0, [](void*, const char*, int) {}, nullptr);
  return made;
}

// Called for each frame of an address, the innermost inlined one first.
int take_line(void* data, std::uintptr_t, const char* file, int line, const char*) {
  auto& result = *static_cast<SourceLine*>(data);
  if (file == nullptr) return 0;
  // Ninja compiles "../kernels/lrn_forward.cu" in the build folder.
  std::filesystem::path from_root(file);
  if (from_root.is_absolute()) from_root = from_root.lexically_relative(ALEXNET_SOURCE_DIR);
  std::string path = from_root.string();
  while (path.starts_with("../")) path.erase(0, 3);
  if (path.starts_with("tests/emulator/cuda/")) return 0;
  result = {path, line};
  return 1;
}

}  // namespace

const SourceLine& source_line(const void* address) {
  static std::unordered_map<const void*, SourceLine> known;
  const auto [entry, is_new] = known.try_emplace(address);
  if (is_new) {
    entry->second.file = "unknown line";
    backtrace_pcinfo(
        state(), reinterpret_cast<std::uintptr_t>(address) - 1, take_line, [](void*, const char*, int) {}, &entry->second);
  }
  return entry->second;
}

std::string demangled(const char* symbol) {
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(symbol, nullptr, nullptr, nullptr), std::free);
  return name ? name.get() : symbol;
}

std::string function_name(std::string_view full) {
  // The parameters begin at the last bracket outside of others, the name after the last colon or blank before.
  int depth = 0;
  std::size_t begin = 0, end = full.size();
  for (std::size_t i = full.size(); i-- > 0;) {
    if (full[i] == ')' || full[i] == '>') ++depth;
    if (full[i] == '(' || full[i] == '<') --depth;
    if (full[i] == '(' && depth == 0 && end == full.size()) end = i;
    if (depth == 0 && i < end && (full[i] == ':' || full[i] == ' ')) {
      begin = i + 1;
      break;
    }
  }
  return std::string(full.substr(begin, end - begin));
}

std::string kernel_name(const void* kernel) {
  std::string symbol = "unknown kernel";
  const auto take = [](void* data, std::uintptr_t, const char* name, std::uintptr_t, std::uintptr_t) {
    if (name != nullptr) *static_cast<std::string*>(data) = name;
  };
  backtrace_syminfo(
      state(), reinterpret_cast<std::uintptr_t>(kernel), take, [](void*, const char*, int) {}, &symbol);
  return function_name(demangled(symbol.c_str()));
}

std::uint32_t short_address(const void* address) {
  return static_cast<std::uint32_t>(static_cast<const char*>(address) - &__executable_start);
}
const void* long_address(std::uint32_t address) { return &__executable_start + address; }

}  // namespace alexnet::emulator
