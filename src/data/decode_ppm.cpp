// PPM (P6, 8 bits): "P6 width height 255", one white space, then the pixels. Comments run from '#' to the end of the line.
#include <cstring>

#include "data/decode_formats.hpp"

namespace alexnet::formats {
namespace {

struct PpmHeader {
  std::int64_t width = 0, height = 0;
  std::size_t data_offset = 0;
};

bool is_space(std::uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Reads one decimal number at `at`, after white space and comments; leaves `at` behind its last digit.
std::int64_t read_number(Bytes bytes, std::size_t& at) {
  while (at < bytes.size() && (is_space(bytes[at]) || bytes[at] == '#')) {
    if (bytes[at] == '#') {
      while (at < bytes.size() && bytes[at] != '\n') ++at;
    } else {
      ++at;
    }
  }
  std::int64_t value = 0;
  int digits = 0;
  for (; at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '9'; ++at, ++digits) {
    if (digits >= 9) fail(ExitCode::bad_data, "PPM with a number of more than 9 digits in its header");
    value = value * 10 + (bytes[at] - '0');
  }
  if (digits == 0) fail(ExitCode::bad_data, "PPM with a damaged header");
  return value;
}

PpmHeader read_header(Bytes bytes) {
  PpmHeader header;
  std::size_t at = 2;
  header.width = read_number(bytes, at);
  header.height = read_number(bytes, at);
  const std::int64_t max_value = read_number(bytes, at);
  if (max_value != 255) fail(ExitCode::bad_data, "PPM with maximum value {} (255 is read)", max_value);
  check_extents("PPM", header.height, header.width);
  if (at >= bytes.size() || !is_space(bytes[at])) fail(ExitCode::bad_data, "PPM with a damaged header");
  header.data_offset = at + 1;
  const std::size_t needed = static_cast<std::size_t>(header.width * header.height) * 3;
  const std::size_t there = bytes.size() - header.data_offset;
  if (there < needed) fail(ExitCode::bad_data, "truncated PPM: {} bytes of pixels, {} needed", there, needed);
  return header;
}

}  // namespace

bool is_ppm(Bytes bytes) { return bytes.size() > 2 && bytes[0] == 'P' && bytes[1] == '6' && (is_space(bytes[2]) || bytes[2] == '#'); }

Picture decode_ppm(Bytes bytes) {
  const PpmHeader header = read_header(bytes);
  const std::uint8_t* pixels = bytes.data() + header.data_offset;
  return {header.height, header.width, {pixels, pixels + header.width * header.height * 3}};
}

void decode_ppm_into(Bytes bytes, std::int64_t height, std::int64_t width, std::uint8_t* rgb) {
  const PpmHeader header = read_header(bytes);
  check_promised(header.height, header.width, height, width);
  std::memcpy(rgb, bytes.data() + header.data_offset, static_cast<std::size_t>(height * width) * 3);
}

std::string ppm_header(std::int64_t height, std::int64_t width) { return fmt::format("P6\n{} {}\n255\n", width, height); }

}  // namespace alexnet::formats
