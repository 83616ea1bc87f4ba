// Buffers of the device: where they lie, and what of them was written. Freed addresses are not given out again as long as there are others.
#include <fmt/format.h>
#include <sys/mman.h>

#include <cstring>
#include <stdexcept>

#include "emulator/emulator.hpp"
#include "emulator/memory.hpp"

namespace alexnet::emulator {
namespace {

constexpr std::size_t kPageBytes = 4096, kArenaBytes = std::size_t{1} << 30;

std::size_t in_pages(std::size_t bytes) { return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes; }

// Addresses; memory comes when they are touched, as zeros.
void* reserve(std::size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error(fmt::format("the execution model cannot reserve {} bytes of addresses", bytes));
  return memory;
}

}  // namespace

GlobalMemory::GlobalMemory()
    : range{reinterpret_cast<std::uintptr_t>(reserve(kArenaBytes)), kArenaBytes},
      cells(static_cast<Cell*>(reserve(kArenaBytes / kWordBytes * sizeof(Cell)))),
      buffers(1),
      buffer_of_page(kArenaBytes / kPageBytes, 0),
      next(range.begin + kPageBytes) {}

std::uint32_t GlobalMemory::allocate(const std::string& name, std::size_t bytes) {
  const std::size_t pages_bytes = in_pages(bytes) + kPageBytes;
  if (next + pages_bytes > range.begin + range.bytes) {
    throw std::runtime_error(fmt::format("the execution model's {} bytes of global memory do not hold '{}'", kArenaBytes, name));
  }
  const auto buffer = static_cast<std::uint32_t>(buffers.size());
  buffers.push_back({name, {next, bytes}});
  for (std::uintptr_t page = next - kPageBytes; page < next + pages_bytes; page += kPageBytes) {
    std::uint32_t& owner = buffer_of_page[(page - range.begin) / kPageBytes];
    if (owner == 0) owner = buffer;  // the band before a buffer is the one behind its neighbour
  }
  next += pages_bytes;
  return buffer;
}

void GlobalMemory::release(std::uint32_t buffer) {
  NamedMemory& freed = buffers[buffer];
  freed.live = false;
  madvise(reinterpret_cast<void*>(freed.range.begin), in_pages(freed.range.bytes), MADV_DONTNEED);
  const std::size_t cells_bytes = freed.range.bytes / kWordBytes * sizeof(Cell) / kPageBytes * kPageBytes;
  madvise(&cell(freed.range.begin), cells_bytes, MADV_DONTNEED);  // page-aligned: a page of memory has a whole number of pages of cells
  for (const NamedMemory& other : buffers) {
    if (&other != buffers.data() && other.live) return;
  }
  // The last one: start again from the beginning.
  if (next - range.begin < range.bytes / 2) return;
  madvise(cells, range.bytes / kWordBytes * sizeof(Cell), MADV_DONTNEED);
  buffers.resize(1);
  std::fill(buffer_of_page.begin(), buffer_of_page.end(), 0);
  next = range.begin + kPageBytes;
}

GlobalMemory& global_memory() {
  static GlobalMemory memory;
  return memory;
}

Buffer::Buffer(std::string name, std::size_t bytes) : bytes_(bytes) {
  const std::uint32_t buffer = global_memory().allocate(name, bytes);
  data_ = reinterpret_cast<std::byte*>(global_memory().buffers[buffer].range.begin);
  std::memset(data_, 0xFF, bytes);  // NaNs
}

void Buffer::free() {
  if (bytes_ == 0 && data_ == nullptr) return;
  const std::uint32_t buffer = global_memory().buffer_of(reinterpret_cast<std::uintptr_t>(data_));
  if (bytes_ != 0) global_memory().release(buffer);
  bytes_ = 0;
}

void mark_written(const void* begin, std::size_t bytes) {
  for (std::size_t byte = 0; byte < bytes; ++byte) {
    const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(begin) + byte;
    Cell& cell = global_memory().cell(address);
    cell.initialised = static_cast<std::uint8_t>(cell.initialised | (1U << (address % kWordBytes)));
  }
}

void check_written(const void* begin, std::size_t bytes) {
  for (std::size_t byte = 0; byte < bytes; ++byte) {
    const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(begin) + byte;
    if ((global_memory().cell(address).initialised >> (address % kWordBytes) & 1U) == 0) {
      throw KernelFault(fmt::format("uninitialised: nothing was ever written to {}", memory_name(address)));
    }
  }
}

void Buffer::upload(const void* src) {
  if (bytes_ == 0) return;
  std::memcpy(data_, src, bytes_);
  mark_written(data_, bytes_);
}

void Buffer::download(void* dst) const {
  check_written(data_, bytes_);
  if (bytes_ != 0) std::memcpy(dst, data_, bytes_);
}

}  // namespace alexnet::emulator
