// Finds the shared variables of the kernels by the program's own symbols: thread_local variables inside functions (mangled _ZZ...), and
// dynamic_shared. Their addresses, which every thread of the host has its own of, follow from that of dynamic_shared.
#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "emulator/memory.hpp"
#include "emulator/source_lines.hpp"

namespace alexnet {

// As large as any GPU's; a launch uses the first bytes.
alignas(128) thread_local float4 dynamic_shared[256 * 1024 / sizeof(float4)];

namespace emulator {
namespace {

// From "alexnet::(anonymous namespace)::sum_kernel(float const*)::tile". By the naming of the house, functions with _kernel are kernels.
SharedVariable make_variable(const char* symbol, Range range) {
  const std::string full = demangled(symbol);
  const std::size_t colons = full.rfind("::");
  if (colons == std::string::npos) return {full, "", range, false};
  const std::string name = full.substr(colons + 2), function = function_name(full.substr(0, colons));
  const bool is_dynamic = name == "dynamic_shared";
  return {name, is_dynamic || function.find("_kernel") == std::string::npos ? "" : function, range, is_dynamic};
}

std::vector<SharedVariable> find_variables() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  std::memcpy(sections.data(), &bytes[header.e_shoff], sections.size() * sizeof(Elf64_Shdr));
  std::vector<SharedVariable> variables;
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_SYMTAB) continue;
    const char* names = &bytes[sections[section.sh_link].sh_offset];
    for (std::size_t at = 0; at < section.sh_size; at += sizeof(Elf64_Sym)) {
      Elf64_Sym symbol;
      std::memcpy(&symbol, &bytes[section.sh_offset + at], sizeof symbol);
      if (ELF64_ST_TYPE(symbol.st_info) != STT_TLS || symbol.st_size == 0) continue;
      const char* name = names + symbol.st_name;
      const SharedVariable variable = make_variable(name, {symbol.st_value, symbol.st_size});
      if (variable.is_dynamic || std::string_view(name).starts_with("_ZZ")) variables.push_back(variable);
    }
  }
  const auto dynamic = std::find_if(variables.begin(), variables.end(), [](const SharedVariable& v) { return v.is_dynamic; });
  if (dynamic == variables.end()) throw std::runtime_error("the execution model needs the program's symbols: it must not be stripped");
  const std::uintptr_t base = reinterpret_cast<std::uintptr_t>(dynamic_shared) - dynamic->range.begin;
  for (SharedVariable& variable : variables) variable.range.begin += base;
  return variables;
}

}  // namespace

SharedMemory::SharedMemory() : variables(find_variables()) {
  std::uintptr_t begin = variables.front().range.begin, end = begin;
  for (const SharedVariable& variable : variables) {
    begin = std::min(begin, variable.range.begin);
    end = std::max(end, variable.range.begin + variable.range.bytes);
  }
  constexpr std::size_t kBandBytes = 4096;
  begin = (begin - kBandBytes) / kWordBytes * kWordBytes;
  range = {begin, end + kBandBytes - begin};
  const std::size_t words = range.bytes / kWordBytes + 1;
  cells.resize(words);
  variable_of_word.resize(words);
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const Range& r = variables[i].range;
    for (std::uintptr_t a = r.begin; a < r.begin + r.bytes; a += kWordBytes) {
      variable_of_word[(a - range.begin) / kWordBytes] = static_cast<std::uint16_t>(i + 1);
    }
  }
}

void SharedMemory::move_to_this_thread() {
  const auto dynamic = std::find_if(variables.begin(), variables.end(), [](const SharedVariable& v) { return v.is_dynamic; });
  const std::uintptr_t distance = reinterpret_cast<std::uintptr_t>(dynamic_shared) - dynamic->range.begin;
  range.begin += distance;
  for (SharedVariable& variable : variables) variable.range.begin += distance;
}

SharedMemory& shared_memory() {
  static SharedMemory memory;
  return memory;
}

std::string memory_name(std::uintptr_t address) {
  if (global_memory().range.holds(address)) {
    const NamedMemory& buffer = global_memory().buffers[global_memory().buffer_of(address)];
    if (!buffer.range.holds(address)) {
      const std::uint32_t next = global_memory().buffer_of(address) + 1;  // the band belongs to it as well
      const bool is_last = next == global_memory().buffers.size();
      const NamedMemory& behind = global_memory().buffers[is_last ? 0 : next];
      const std::size_t to_next = behind.range.begin - address;
      if (address < buffer.range.begin) return fmt::format("{} bytes before '{}'", buffer.range.begin - address, buffer.name);
      if (!is_last && to_next < address - buffer.range.begin - buffer.range.bytes)
        return fmt::format("{} bytes before '{}'", to_next, behind.name);
      return fmt::format("{} bytes beyond the end of '{}' ({} bytes)", address - buffer.range.begin - buffer.range.bytes, buffer.name,
                         buffer.range.bytes);
    }
    return fmt::format("'{}' + {} bytes", buffer.name, address - buffer.range.begin);
  }
  if (!shared_memory().range.holds(address)) return fmt::format("address {:#x}", address);
  const SharedVariable* nearest = nullptr;  // the last one that begins before
  for (const SharedVariable& variable : shared_memory().variables) {
    if (variable.range.begin <= address && (nearest == nullptr || nearest->range.begin < variable.range.begin)) nearest = &variable;
  }
  if (nearest == nullptr) return fmt::format("address {:#x} before all shared memory", address);
  const std::size_t bytes = nearest->is_dynamic ? machine.dynamic_shared_bytes : nearest->range.bytes;
  if (address - nearest->range.begin >= bytes) {
    return fmt::format("{} bytes beyond the end of shared memory '{}' ({} bytes)", address - nearest->range.begin - bytes, nearest->name,
                       bytes);
  }
  return fmt::format("shared memory '{}' + {} bytes", nearest->name, address - nearest->range.begin);
}

}  // namespace emulator
}  // namespace alexnet
