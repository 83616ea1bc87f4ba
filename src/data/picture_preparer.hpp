// One picture of the source -> the bytes that a shard holds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/prepare_plan.hpp"

namespace alexnet {

struct PreparedPicture {
  std::vector<std::uint8_t> bytes;     // encoded; empty when bad
  std::int64_t height = 0, width = 0;  // of the source
  std::string bad;                     // the reason, "" when all is well
  Picture stored;                      // what `bytes` decodes to, where it was asked for
};

// Loads, decodes, resizes and encodes. A baseline JPEG of the right size keeps its bytes when the encoding is jpeg. Throws only what
// concerns more than this picture.
PreparedPicture prepare_picture(const PreparePlan& plan, const std::string& split, const SourceItem& item, bool want_stored);

}  // namespace alexnet
