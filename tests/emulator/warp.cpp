// Warp operations: lanes wait for the others of their mask, then exchange values, or learn what the others have done (__syncwarp).
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "emulator/schedule.hpp"
#include "emulator/source_lines.hpp"

namespace alexnet::emulator {
namespace {

// Calls f(lane, thread) for the unfinished lanes of the mask in the warp of `thread`.
template <class F>
void for_each_lane(unsigned thread, unsigned mask, F f) {
  const unsigned first = thread / kWarpSize * kWarpSize;
  for (unsigned lane = 0; lane < kWarpSize && first + lane < machine.threads.size(); ++lane) {
    Thread& other = machine.threads[first + lane];
    if ((mask >> lane & 1U) != 0 && other.state != State::finished) f(lane, other);
  }
}

// The lane whose value a shuffle gives to `lane`; outside of the segment of `width` lanes its own.
unsigned source_lane(const Thread& thread, unsigned lane) {
  const auto width = static_cast<unsigned>(thread.width), argument = static_cast<unsigned>(thread.argument);
  const unsigned first = lane & ~(width - 1), end = first + width;
  switch (thread.kind) {
    case WarpKind::shuffle:
      return first + (argument & (width - 1));
    case WarpKind::shuffle_up:
      return lane >= first + argument ? lane - argument : lane;
    case WarpKind::shuffle_down:
      return lane + argument < end ? lane + argument : lane;
    default:
      return (lane ^ argument) < end ? lane ^ argument : lane;
  }
}

void merge_clocks(unsigned thread, unsigned mask) {
  std::array<std::uint16_t, kWarpSize> merged{};
  for_each_lane(thread, mask, [&](unsigned lane, const Thread& other) {
    for (unsigned i = 0; i < kWarpSize; ++i) merged[i] = std::max(merged[i], other.known[i]);
    merged[lane] = other.clock;
  });
  for_each_lane(thread, mask, [&](unsigned, Thread& other) {
    other.known = merged;
    if (++other.clock == std::numeric_limits<std::uint16_t>::max()) fault("more than 65534 __syncwarp between two barriers");
  });
  machine.clocks_moved = true;
}

void exchange_values(unsigned thread, unsigned mask) {
  std::array<std::uint64_t, kWarpSize> values{};
  unsigned taking_part = 0, ballot = 0;
  for_each_lane(thread, mask, [&](unsigned lane, const Thread& other) {
    values[lane] = other.value;
    taking_part |= 1U << lane;
    if (other.value != 0) ballot |= 1U << lane;
  });
  for_each_lane(thread, mask, [&](unsigned lane, Thread& other) {
    if (other.kind == WarpKind::ballot) {
      other.value = ballot;
      return;
    }
    const unsigned from = source_lane(other, lane);
    if ((taking_part >> from & 1U) == 0) {
      fault(fmt::format("shuffle: lane {} takes the value of lane {}, which does not take part, at {}; {}", lane, from,
                        source_line(other.waits_at).name(), thread_name(machine.now)));
    }
    other.value = values[from];
  });
}

// Ends the warp operation that `thread` waits in, when all lanes that it names are there.
void complete_warp_operation(unsigned thread) {
  const Thread& first = machine.threads[thread];
  bool complete = true, same_place = true;
  for_each_lane(thread, first.mask, [&](unsigned, const Thread& other) {
    complete = complete && other.state == State::in_warp_operation && other.kind == first.kind && other.mask == first.mask;
    same_place = same_place && (!complete || same_line(other.waits_at, first.waits_at));
  });
  if (!complete) return;
  if (!same_place) fault(fmt::format("divergent warp: lanes meet at different lines; {}", doing(thread)));
  const unsigned mask = first.mask;
  if (first.kind == WarpKind::sync) {
    merge_clocks(thread, mask);
  } else {
    exchange_values(thread, mask);
  }
  for_each_lane(thread, mask, [&](unsigned lane, const Thread&) { make_ready(thread / kWarpSize * kWarpSize + lane); });
}

}  // namespace

void complete_warp_operations_without(unsigned finished_thread) {
  for_each_lane(finished_thread, ~0U, [&](unsigned lane, const Thread& other) {
    if (other.state == State::in_warp_operation) complete_warp_operation(finished_thread / kWarpSize * kWarpSize + lane);
  });
}

std::uint64_t warp_operation(WarpKind kind, unsigned mask, std::uint64_t value, int argument, int width) {
  running = false;
  const void* at = __builtin_return_address(0);
  const unsigned lane = machine.current % kWarpSize;
  if ((mask >> lane & 1U) == 0) {
    fault(fmt::format("warp operation: lane {} is not in its own mask {:#x} at {}, {}", lane, mask, source_line(at).name(),
                      thread_name(machine.now)));
  }
  Thread& thread = machine.threads[machine.current];
  thread.state = State::in_warp_operation;
  thread.waits_at = at;
  thread.kind = kind;
  thread.mask = mask;
  thread.value = value;
  thread.argument = argument;
  thread.width = width;
  complete_warp_operation(machine.current);
  switch_thread();
  return thread.value;
}

}  // namespace alexnet::emulator
