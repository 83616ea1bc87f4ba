// Sums over the windows of a normalisation, as shifted additions over zero-padded rows: accurate for any values (nothing is subtracted),
// no branch at a row's ends, and vectorised.
#pragma once

#include <cstdint>

namespace alexnet {

// `count` rows of `length` sums; row r is made of padded[r * pitch, r * pitch + length + 2 * reach * stride).
struct Windows {
  std::int64_t count, length, pitch;
  std::int64_t reach;   // elements on each side of the middle one: the window has 2 * reach + 1
  std::int64_t stride;  // from one element of a window to the next
};

// out[r * length + i] = offset + factor * sum over j = 0 to 2 * reach of padded[r * pitch + i + j * stride]
void window_sums(const float* padded, const Windows& windows, float offset, float factor, float* out);

}  // namespace alexnet
