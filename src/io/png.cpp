// PNG by libpng's simplified interface, which reports errors by value instead of longjmp.
#include <png.h>

#include "alexnet/core/error.hpp"
#include "alexnet/io/files.hpp"

namespace alexnet {

void write_png(const std::string& path, const std::uint8_t* rgb, std::int64_t height, std::int64_t width) {
  constexpr std::int64_t kMaxExtent = 1 << 16;
  if (height < 1 || width < 1 || height > kMaxExtent || width > kMaxExtent) {
    fail(ExitCode::internal, "{}: a PNG of {} x {} pixels (1 to {} are possible)", path, height, width, kMaxExtent);
  }
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string encoded(bytes, '\0');
  if (png_image_write_to_memory(&image, encoded.data(), &bytes, 0, rgb, 0, nullptr) == 0) {
    fail(ExitCode::internal, "{}: encoding as PNG failed: {}", path, image.message);
  }
  write_file_atomically(path, std::string_view(encoded).substr(0, bytes));
}

}  // namespace alexnet
