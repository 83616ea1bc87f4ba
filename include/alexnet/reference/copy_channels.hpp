// The copy of channels; see ops/copy_channels.hpp.
#pragma once

#include <vector>

#include "alexnet/core/geometry.hpp"

namespace alexnet::reference {

// dst: what stood there before.
std::vector<double> copy_channels(const CopyChannelsShape& s, const std::vector<double>& src, std::vector<double> dst);

}  // namespace alexnet::reference
