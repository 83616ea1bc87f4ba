// From addresses in the program to lines of kernels, by the debug information (libbacktrace, which comes with GCC).
#pragma once

#include <string>
#include <string_view>

namespace alexnet::emulator {

struct SourceLine {
  std::string file;  // from the root of the repository
  int line = 0;
  bool operator==(const SourceLine&) const = default;
  std::string name() const { return file + ":" + std::to_string(line); }
};

// The line of the call that returns to `address`: of the kernel, or of the device function inlined into it, not of our headers.
const SourceLine& source_line(const void* address);
std::string kernel_name(const void* kernel);
// "void a::(anonymous namespace)::k<4>(float*)" -> "k<4>".
std::string function_name(std::string_view demangled);
std::string demangled(const char* symbol);

// Return addresses in 32 bits.
std::uint32_t short_address(const void* address);
const void* long_address(std::uint32_t address);

}  // namespace alexnet::emulator
