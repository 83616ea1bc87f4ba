// RGB -> JPEG (4:2:0, as most pictures on the net; the Huffman tables are the standard ones, so bytes depend on pixels and quality
// alone) and PPM.
#include <cstdio>  // before jpeglib.h, which needs FILE

#include <jpeglib.h>

#include <cstdlib>
#include <new>

#include "data/decode_formats.hpp"
#include "data/jpeg_error.hpp"

namespace alexnet {
namespace {

struct Encoder {
  jpeg_compress_struct info{};
  JpegErrorManager errors{};
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  ~Encoder() {
    jpeg_destroy_compress(&info);
    std::free(buffer);
  }

  // longjmp comes back here: only trivial objects live in this function.
  bool run(const std::uint8_t* rgb, std::int64_t height, std::int64_t width, int quality) {
    info.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = on_jpeg_error;
    if (setjmp(errors.jump)) return false;
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &buffer, &size);
    info.image_width = static_cast<JDIMENSION>(width);
    info.image_height = static_cast<JDIMENSION>(height);
    info.input_components = 3;
    info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < info.image_height) {
      JSAMPROW row = const_cast<std::uint8_t*>(rgb) + static_cast<std::size_t>(info.next_scanline) * static_cast<std::size_t>(width) * 3;
      jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    return true;
  }
};

}  // namespace

std::vector<std::uint8_t> encode_jpeg(const Picture& picture, int quality) {
  formats::check_extents("JPEG", picture.height, picture.width);
  Encoder encoder;
  if (!encoder.run(picture.rgb.data(), picture.height, picture.width, quality)) {
    fail(ExitCode::internal, "encoding a JPEG of {} x {} pixels failed: {}", picture.width, picture.height, encoder.errors.message);
  }
  return {encoder.buffer, encoder.buffer + encoder.size};
}

std::vector<std::uint8_t> encode_ppm(const Picture& picture) {
  const std::string header = formats::ppm_header(picture.height, picture.width);
  std::vector<std::uint8_t> bytes(header.begin(), header.end());
  bytes.insert(bytes.end(), picture.rgb.begin(), picture.rgb.end());
  return bytes;
}

}  // namespace alexnet
