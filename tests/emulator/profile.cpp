#include "emulator/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include "emulator/source_lines.hpp"

namespace alexnet::emulator {
namespace {

constexpr std::uint64_t kSectorBytes = 32, kNumBanks = 32;

struct LaneAccess {
  std::uintptr_t address;
  std::uint16_t site;
  std::uint8_t bytes, lane;
};

// Lines are looked up once, at the end; until then an instruction is a number.
struct Site {
  const void* at;
  bool is_shared;
  LineCounts counts;
};

struct Recorder {
  std::vector<Site> sites;
  std::unordered_map<const void*, std::uint16_t> site_of;
  std::array<std::vector<LaneAccess>, kMostThreads / kWarpSize> warps;  // of this interval
  std::map<std::string, LineCounts> lines;
};
Recorder* recorder = nullptr;

template <class T>
std::uint64_t count_different(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  return static_cast<std::uint64_t>(std::unique(values.begin(), values.end()) - values.begin());
}

void count_global(const LaneAccess* first, const LaneAccess* last, LineCounts& counts) {
  static std::vector<std::uintptr_t> sectors, bytes;
  sectors.clear();
  bytes.clear();
  for (const LaneAccess* a = first; a != last; ++a) {
    for (std::uintptr_t s = a->address / kSectorBytes; s <= (a->address + a->bytes - 1) / kSectorBytes; ++s) sectors.push_back(s);
    bytes.push_back(a->address);
    counts.global_bytes += a->bytes;
  }
  ++counts.global_requests;
  counts.sectors += count_different(sectors);
  counts.least_sectors += (count_different(bytes) * first->bytes + kSectorBytes - 1) / kSectorBytes;
}

void count_shared(const LaneAccess* first, const LaneAccess* last, LineCounts& counts) {
  const unsigned lanes_at_once = kWarpSize * kWordBytes / std::max<unsigned>(first->bytes, kWordBytes);
  static std::vector<std::uintptr_t> words;
  ++counts.shared_requests;
  for (unsigned lane = 0; lane < kWarpSize; lane += lanes_at_once) {
    words.clear();
    for (const LaneAccess* a = first; a != last; ++a) {
      if (a->lane / lanes_at_once != lane / lanes_at_once) continue;
      for (std::uintptr_t w = a->address / kWordBytes; w <= (a->address + a->bytes - 1) / kWordBytes; ++w) words.push_back(w);
    }
    if (words.empty()) continue;
    words.resize(count_different(words));
    std::array<std::uint64_t, kNumBanks> in_bank{};
    for (const std::uintptr_t word : words) ++in_bank[word % kNumBanks];
    counts.wavefronts += *std::max_element(in_bank.begin(), in_bank.end());
    ++counts.least_wavefronts;
  }
}

void add(LineCounts& sum, const LineCounts& counts) {
  sum.reads += counts.reads;
  sum.writes += counts.writes;
  sum.atomics += counts.atomics;
  sum.global_bytes += counts.global_bytes;
  sum.global_requests += counts.global_requests;
  sum.sectors += counts.sectors;
  sum.least_sectors += counts.least_sectors;
  sum.shared_requests += counts.shared_requests;
  sum.wavefronts += counts.wavefronts;
  sum.least_wavefronts += counts.least_wavefronts;
}

// The k-th access of each lane at a site, for all k, as one array of all requests.
void count_warp(std::vector<LaneAccess>& accesses) {
  struct Place {
    std::uint32_t site, execution;
    LaneAccess access;
  };
  static std::vector<Place> places;
  static std::vector<std::array<std::uint32_t, kWarpSize>> executions;
  places.clear();
  executions.assign(recorder->sites.size(), {});
  for (const LaneAccess& a : accesses) places.push_back({a.site, executions[a.site][a.lane]++, a});
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return a.site != b.site ? a.site < b.site : a.execution != b.execution ? a.execution < b.execution : a.access.lane < b.access.lane;
  });
  for (std::size_t i = 0; i < places.size(); ++i) accesses[i] = places[i].access;
  for (std::size_t begin = 0, end = 0; begin < places.size(); begin = end) {
    while (end < places.size() && places[end].site == places[begin].site && places[end].execution == places[begin].execution) ++end;
    Site& site = recorder->sites[places[begin].site];
    (site.is_shared ? count_shared : count_global)(&accesses[begin], &accesses[begin] + (end - begin), site.counts);
  }
  accesses.clear();
}

// Sites become lines.
void settle() {
  for (Site& site : recorder->sites) {
    add(recorder->lines[source_line(site.at).name()], site.counts);
    site.counts = {};
  }
}

std::string text_of(const std::string& line_name) {
  const std::size_t colon = line_name.rfind(':');
  const std::string file = line_name.substr(0, colon);
  std::ifstream stream(file.starts_with('/') ? file : std::string(ALEXNET_SOURCE_DIR) + "/" + file);
  std::string text;
  for (int left = std::stoi(line_name.substr(colon + 1)); left > 0; --left) std::getline(stream, text);
  return text;
}

}  // namespace

Profile::Profile() {
  if (recorder != nullptr) throw std::runtime_error("a Profile lives already");
  recorder = new Recorder;
}
Profile::~Profile() {
  delete recorder;
  recorder = nullptr;
}

const std::map<std::string, LineCounts>& Profile::lines() const {
  settle();
  return recorder->lines;
}

const LineCounts& Profile::line(const std::string& text) const {
  const LineCounts* found = nullptr;
  for (const auto& [name, counts] : lines()) {
    if (text_of(name).find(text) == std::string::npos) continue;
    if (found != nullptr) throw std::runtime_error("several lines hold: " + text);
    found = &counts;
  }
  if (found == nullptr) throw std::runtime_error("no counted line holds: " + text);
  return *found;
}

LineCounts Profile::total() const {
  LineCounts sum;
  for (const auto& [name, counts] : lines()) add(sum, counts);
  return sum;
}

std::string Profile::table() const {
  std::string result =
      fmt::format("{:>12} {:>9} {:>9} {:>9} {:>9} {:>9}  line\n", "global bytes", "sectors", "least", "wavefronts", "least", "requests");
  for (const auto& [name, c] : lines()) {
    result += fmt::format("{:>12} {:>9} {:>9} {:>9} {:>9} {:>9}  {}:{}\n", c.global_bytes, c.sectors, c.least_sectors, c.wavefronts,
                          c.least_wavefronts, c.global_requests + c.shared_requests, name, text_of(name));
  }
  return result;
}

bool recording() { return recorder != nullptr; }

void record_access(std::uintptr_t address, unsigned bytes, bool is_shared, Access access, const void* at) {
  const auto [entry, is_new] = recorder->site_of.try_emplace(at, static_cast<std::uint16_t>(recorder->sites.size()));
  if (is_new) recorder->sites.push_back({at, is_shared, {}});
  LineCounts& counts = recorder->sites[entry->second].counts;
  ++(access == Access::read ? counts.reads : access == Access::write ? counts.writes : counts.atomics);
  const auto lane = static_cast<std::uint8_t>(machine.current % kWarpSize);
  recorder->warps[machine.current / kWarpSize].push_back({address, entry->second, static_cast<std::uint8_t>(bytes), lane});
}

void record_interval_end() {
  for (std::vector<LaneAccess>& warp : recorder->warps) {
    if (!warp.empty()) count_warp(warp);
  }
}

}  // namespace alexnet::emulator
