// What kernels ask of the memory system, counted by source line, for tests that demand "no bank conflicts" or "whole sectors".
//
// A request is what the lanes of a warp access with one instruction: the k-th execution of it in this interval by each lane counts as one.
// Global: its cost is the number of 32-byte sectors that it touches. Shared: 32 banks of 4 bytes; its cost is the number of wavefronts,
// that is of different words in the bank that has most. Accesses of 8 and 16 bytes a lane are served in halves and quarters of a warp.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "emulator/machine.hpp"

namespace alexnet::emulator {

struct LineCounts {
  std::uint64_t reads = 0, writes = 0, atomics = 0;  // of single lanes
  std::uint64_t global_bytes = 0;                    // as the lanes asked
  std::uint64_t global_requests = 0, sectors = 0;
  std::uint64_t least_sectors = 0;  // if each request's different bytes lay side by side from a sector's begin
  std::uint64_t shared_requests = 0, wavefronts = 0, least_wavefronts = 0;
  std::uint64_t bank_conflicts() const { return wavefronts - least_wavefronts; }
};

// Counts the launches made while it lives. One at a time.
class Profile {
 public:
  Profile();
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  const std::map<std::string, LineCounts>& lines() const;  // by "kernels/sum.cu:12"
  // The one counted line whose text holds `text`; throws std::runtime_error when there is none or several.
  const LineCounts& line(const std::string& text) const;
  LineCounts total() const;
  std::string table() const;
};

bool recording();
void record_access(std::uintptr_t address, unsigned bytes, bool is_shared, Access access, const void* at);
void record_interval_end();

}  // namespace alexnet::emulator
