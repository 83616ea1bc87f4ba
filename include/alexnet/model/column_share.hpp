// Which of a network's columns one device holds, when they are laid over several.
#pragma once

#include <cstdint>

#include "alexnet/comm/communicator.hpp"

namespace alexnet {

// The device number `index` of `count` holds the columns [index * columns / count, (index + 1) * columns / count). The communicator is of
// exactly these devices, in this order, and lives longer than the graph; nullptr: the network is looked at, not run.
struct ColumnShare {
  int index = 0, count = 1;
  Communicator* communicator = nullptr;
};

// Channels, or rows of weights: `count` of `total`, from `first` on.
struct ChannelRange {
  std::int64_t first = 0, count = 0, total = 0;
};

// The device's part of `total`; where they do not divide, the first devices have one more.
inline ChannelRange own_channels(std::int64_t total, const ColumnShare& share) {
  const std::int64_t each = total / share.count, more = total % share.count;
  return {share.index * each + (share.index < more ? share.index : more), each + (share.index < more ? 1 : 0), total};
}

}  // namespace alexnet
