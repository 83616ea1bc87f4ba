// Short side to `size`, the long one to size * long / short (rounded down), then the centre size x size.
//
// The filter is the triangle ("bilinear") stretched over the source pixels that fall on an output pixel, so that shrinking averages
// and nothing is skipped; enlarging is plain bilinear interpolation. It is computed as Pillow does: first along the rows, then along the
// columns, each pass in 22-bit fixed point and rounded to bytes. The results are Pillow's byte for byte, so a data set holds what
// torchvision's Resize(size) and CenterCrop(size) give - which is what most published weights have seen. Only the rows and columns that
// the crop keeps are computed.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "alexnet/core/error.hpp"
#include "alexnet/core/simd.hpp"
#include "alexnet/data/decode.hpp"

namespace alexnet {
namespace {

constexpr int kFractionBits = 22;
constexpr std::int32_t kHalf = 1 << (kFractionBits - 1);

// Which source pixels make the output pixels begin ... begin + count - 1 when `in` pixels are resized to `out`.
struct Filter {
  Filter(std::int64_t in, std::int64_t out, std::int64_t begin, std::int64_t count);

  std::int64_t num_taps = 0;                    // source pixels of an output pixel, the widest's number
  std::vector<std::int64_t> first;              // (count): first source pixel
  std::vector<std::int32_t> weights;            // (count, num_taps): of the pixels from there; they add up to 1 in fixed point
  std::int64_t begin_input = 0, end_input = 0;  // source pixels that matter
};

Filter::Filter(std::int64_t in, std::int64_t out, std::int64_t begin, std::int64_t count) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double reach = std::max(scale, 1.0);  // half the width of the triangle, in source pixels
  const auto centre_of = [&](std::int64_t i) { return (static_cast<double>(begin + i) + 0.5) * scale; };
  const auto low_of = [&](double centre) { return std::max<std::int64_t>(0, static_cast<std::int64_t>(centre - reach + 0.5)); };
  const auto end_of = [&](double centre) { return std::min(in, static_cast<std::int64_t>(centre + reach + 0.5)); };
  for (std::int64_t i = 0; i < count; ++i) num_taps = std::max(num_taps, end_of(centre_of(i)) - low_of(centre_of(i)));
  weights.resize(static_cast<std::size_t>(count * num_taps));
  std::vector<double> exact(static_cast<std::size_t>(num_taps));
  for (std::int64_t i = 0; i < count; ++i) {
    const double centre = centre_of(i);
    const std::int64_t low = low_of(centre);
    end_input = end_of(centre);
    double sum = 0;
    for (std::int64_t x = low; x < end_input; ++x) {
      const double weight = std::max(0.0, 1.0 - std::abs((static_cast<double>(x) - centre + 0.5) / reach));
      exact[static_cast<std::size_t>(x - low)] = weight;
      sum += weight;
    }
    first.push_back(low);
    for (std::int64_t k = 0; k < end_input - low; ++k) {
      weights[static_cast<std::size_t>(i * num_taps + k)] =
          static_cast<std::int32_t>(0.5 + exact[static_cast<std::size_t>(k)] / sum * (1 << kFractionBits));
    }
  }
  begin_input = first.front();
}

// The channels of a pixel, and a lane that nobody looks at.
using Int4 [[gnu::vector_size(16)]] = std::int32_t;
using Byte4 [[gnu::vector_size(4)]] = std::uint8_t;

[[gnu::always_inline]] inline void filter_pixels(const std::int32_t* wide, const Filter& filter, std::int64_t num_taps, std::uint8_t* dst) {
  const std::int32_t* weight = filter.weights.data();
  for (const std::int64_t x : filter.first) {
    Int4 sum = {kHalf, kHalf, kHalf, 0};
    for (std::int64_t k = 0; k < num_taps; ++k) {
      Int4 pixel;
      std::memcpy(&pixel, wide + 3 * (x + k), sizeof pixel);
      sum += pixel * weight[k];
    }
    sum >>= kFractionBits;
    sum = sum > 255 ? 255 : sum;
    const Byte4 bytes = __builtin_convertvector(sum, Byte4);
    std::memcpy(dst, &bytes, sizeof bytes);  // the next pixel overwrites the fourth
    weight += num_taps;
    dst += 3;
  }
}

// One row of pixels, and one byte behind it in dst. wide: (src_bytes + 3 * num_taps + 1) values; those behind the row meet weights of 0.
ALEXNET_SIMD void filter_row(const std::uint8_t* src, std::int64_t src_bytes, const Filter& filter, std::int32_t* wide, std::uint8_t* dst) {
  for (std::int64_t i = 0; i < src_bytes; ++i) wide[i] = src[i];
  constexpr std::int64_t kUsual = 3;  // to 256 pixels from up to 384, as most of ImageNet: known to the compiler, 0.05 ms a picture less
  if (filter.num_taps == kUsual) return filter_pixels(wide, filter, kUsual, dst);
  filter_pixels(wide, filter, filter.num_taps, dst);
}

// Row y of the result. rows: from the filter's begin_input on, `row_bytes` each.
ALEXNET_SIMD void filter_column(const std::uint8_t* rows, std::int64_t row_bytes, const Filter& filter, std::int64_t y, std::int32_t* sums,
                                std::uint8_t* dst) {
  const std::int64_t first = filter.first[static_cast<std::size_t>(y)];
  const std::int64_t num_rows = std::min(filter.num_taps, filter.end_input - first);
  for (std::int64_t x = 0; x < row_bytes; ++x) sums[x] = kHalf;
  for (std::int64_t k = 0; k < num_rows; ++k) {
    const std::uint8_t* row = rows + (first - filter.begin_input + k) * row_bytes;
    const std::int32_t weight = filter.weights[static_cast<std::size_t>(y * filter.num_taps + k)];
    for (std::int64_t x = 0; x < row_bytes; ++x) sums[x] += row[x] * weight;
  }
  for (std::int64_t x = 0; x < row_bytes; ++x) dst[x] = static_cast<std::uint8_t>(std::min(sums[x] >> kFractionBits, 255));
}

// Where the middle `kept` of `all` begin; a half goes to the even neighbour, as Python's round() does.
std::int64_t centre_begin(std::int64_t all, std::int64_t kept) {
  const std::int64_t margin = all - kept;
  return margin / 2 + (margin % 4 == 3 ? 1 : 0);
}

}  // namespace

Picture resize_and_crop(const Picture& picture, std::int64_t size) {
  if (size < 1 || picture.height < 1 || picture.width < 1) {
    fail(ExitCode::internal, "resize: {} x {} pixels to {}", picture.width, picture.height, size);
  }
  if (picture.height == size && picture.width == size) return picture;
  const std::int64_t short_side = std::min(picture.height, picture.width);
  const std::int64_t height = picture.height * size / short_side, width = picture.width * size / short_side;
  const Filter columns(picture.width, width, centre_begin(width, size), size);
  const Filter rows(picture.height, height, centre_begin(height, size), size);

  const std::int64_t row_bytes = 3 * size, picture_row_bytes = 3 * picture.width;
  std::vector<std::uint8_t> narrow(static_cast<std::size_t>((rows.end_input - rows.begin_input) * row_bytes + 1));
  std::vector<std::int32_t> wide(static_cast<std::size_t>(picture_row_bytes + 3 * columns.num_taps + 1));
  for (std::int64_t y = rows.begin_input; y < rows.end_input; ++y) {
    filter_row(picture.rgb.data() + y * picture_row_bytes, picture_row_bytes, columns, wide.data(),
               narrow.data() + (y - rows.begin_input) * row_bytes);
  }
  Picture result{size, size, std::vector<std::uint8_t>(static_cast<std::size_t>(size * row_bytes))};
  std::vector<std::int32_t> sums(static_cast<std::size_t>(row_bytes));
  for (std::int64_t y = 0; y < size; ++y) filter_column(narrow.data(), row_bytes, rows, y, sums.data(), result.rgb.data() + y * row_bytes);
  return result;
}

std::string resampler_description() { return "Pillow's bilinear (antialiased triangle); short side to size, centre crop"; }

}  // namespace alexnet
