// The nodes where the columns of a network that lies over several devices meet. In between, a device has its own columns' channels alone.
//
// gather: own channels -> all. Forward is an all-gather of channels; the parts come one behind the other and are put side by side, pixel by
//   pixel. Backward, every device has the gradient of all channels through its own outputs, and their sum is cut: a reduce-scatter in f32,
//   whatever the activations are stored as (a partial sum in bf16 is rounded once, the whole once more).
// gather of logits: the same forward. Behind it all devices compute the same loss, so each has the whole gradient and takes its part of it.
// slice: all channels -> own, behind a layer that every device computes on all channels. Backward: 0 for the others' channels; a gather
//   before that layer adds up, by its linearity, what the devices give.
#pragma once

#include <memory>
#include <string>

#include "alexnet/model/layer.hpp"
#include "alexnet/model/network.hpp"

namespace alexnet {

enum class GatheredGradient { partial, whole };

// all: the extents with all channels. Their names: "conv3.gather", "lrn2.slice".
Exchange make_gather(std::size_t before, const std::string& reader, Extent3 all, const ColumnShare& share, GatheredGradient gradient);
Exchange make_slice(std::size_t before, const std::string& writer, Extent3 all, const ColumnShare& share);

}  // namespace alexnet
