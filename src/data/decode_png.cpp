// PNG by libpng: any depth, palette, grey, interlaced; 16 bits are scaled to 8, alpha and colour profiles are dropped.
//
// libpng reports errors by longjmp: the functions that call setjmp hold only trivial objects.
#include <png.h>

#include <cstring>
#include <vector>

#include "data/decode_formats.hpp"

namespace alexnet::formats {
namespace {

struct PngReader {
  Bytes bytes;
  std::size_t position = 0;
  char message[160] = {};
  png_structp png = nullptr;
  png_infop info = nullptr;

  explicit PngReader(Bytes all) : bytes(all) {}
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
};

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  auto* reader = static_cast<PngReader*>(png_get_error_ptr(png));
  std::strncpy(reader->message, text, sizeof reader->message - 1);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep to, std::size_t count) {
  auto* reader = static_cast<PngReader*>(png_get_io_ptr(png));
  if (count > reader->bytes.size() - reader->position) png_error(png, "truncated");
  std::memcpy(to, reader->bytes.data() + reader->position, count);
  reader->position += count;
}

bool read_info(PngReader& reader) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_set_user_limits(reader.png, kMaxSide, kMaxSide);
  png_set_chunk_malloc_max(reader.png, 1 << 23);
  png_set_chunk_cache_max(reader.png, 64);
  png_set_read_fn(reader.png, &reader, read_bytes);
  png_read_info(reader.png, reader.info);
  return true;
}

// Declares the conversion to 8-bit RGB.
bool convert(PngReader& reader) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_set_expand(reader.png);
  png_set_scale_16(reader.png);
  png_set_gray_to_rgb(reader.png);
  png_set_strip_alpha(reader.png);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  return true;
}

bool decode_rows(PngReader& reader, png_bytepp rows) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_read_image(reader.png, rows);
  png_read_end(reader.png, nullptr);
  return true;
}

[[noreturn]] void fail_png(const PngReader& reader) {
  if (std::strcmp(reader.message, "truncated") == 0) fail(ExitCode::bad_data, "truncated PNG");
  fail(ExitCode::bad_data, "damaged PNG: {}", reader.message);
}

}  // namespace

bool is_png(Bytes bytes) { return begins_with(bytes, "\x89PNG\r\n\x1a\n"); }

Picture decode_png(Bytes bytes) {
  PngReader reader(bytes);
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
  if (reader.png == nullptr) throw std::bad_alloc();
  reader.info = png_create_info_struct(reader.png);
  if (reader.info == nullptr) throw std::bad_alloc();
  if (!read_info(reader)) fail_png(reader);
  const std::int64_t height = png_get_image_height(reader.png, reader.info), width = png_get_image_width(reader.png, reader.info);
  check_extents("PNG", height, width);
  // deflate shrinks to 1/1032 at best: a short file that promises a big picture costs no memory.
  const std::size_t stored_bytes = png_get_rowbytes(reader.png, reader.info) * static_cast<std::size_t>(height);
  if (stored_bytes / 1032 > bytes.size()) fail(ExitCode::bad_data, "truncated PNG");
  if (!convert(reader)) fail_png(reader);
  if (png_get_rowbytes(reader.png, reader.info) != static_cast<std::size_t>(width) * 3)
    fail(ExitCode::internal, "PNG: rows of {} bytes for {} pixels", png_get_rowbytes(reader.png, reader.info), width);

  Picture picture{height, width, {}};
  picture.rgb.resize(static_cast<std::size_t>(height * width) * 3);
  std::vector<png_bytep> rows(static_cast<std::size_t>(height));
  for (std::int64_t y = 0; y < height; ++y) rows[static_cast<std::size_t>(y)] = picture.rgb.data() + y * width * 3;
  if (!decode_rows(reader, rows.data())) fail_png(reader);
  return picture;
}

}  // namespace alexnet::formats
