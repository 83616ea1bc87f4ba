// Picture files of many kinds for the tests of decoding: what encode.cpp does not write.
#pragma once

#include <cstdio>  // before jpeglib.h, which needs FILE

#include <jpeglib.h>
#include <png.h>
#include <webp/encode.h>

#include <cstdlib>

#include "data/picture_support.hpp"

namespace alexnet {

struct JpegKind {
  J_COLOR_SPACE input = JCS_RGB;  // of `samples`
  J_COLOR_SPACE stored = JCS_YCbCr;
  bool progressive = false, adobe = true, arithmetic = false;
};

// samples: (height, width, channels of kind.input). Quality 100 and no subsampling.
inline Bytes make_jpeg(const Bytes& samples, std::int64_t height, std::int64_t width, const JpegKind& kind) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = kind.input == JCS_GRAYSCALE ? 1 : kind.input == JCS_CMYK ? 4 : 3;
  info.in_color_space = kind.input;
  jpeg_set_defaults(&info);
  jpeg_set_colorspace(&info, kind.stored);
  jpeg_set_quality(&info, 100, TRUE);
  for (int c = 0; c < info.num_components; ++c) info.comp_info[c].h_samp_factor = info.comp_info[c].v_samp_factor = 1;
  if (kind.progressive) jpeg_simple_progression(&info);
  if (!kind.adobe) info.write_Adobe_marker = FALSE;
  info.arith_code = kind.arithmetic ? TRUE : FALSE;
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    JSAMPROW row =
        const_cast<std::uint8_t*>(samples.data()) + info.next_scanline * info.image_width * static_cast<JDIMENSION>(info.input_components);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  Bytes result(buffer, buffer + size);
  jpeg_destroy_compress(&info);
  std::free(buffer);
  return result;
}

inline Bytes make_png(const void* samples, std::int64_t height, std::int64_t width, png_uint_32 format, const void* palette = nullptr,
                      int colors = 0) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = format;
  image.colormap_entries = static_cast<png_uint_32>(colors);
  png_alloc_size_t size = 0;
  EXPECT_NE(png_image_write_to_memory(&image, nullptr, &size, 0, samples, 0, palette), 0) << image.message;
  Bytes result(size);
  EXPECT_NE(png_image_write_to_memory(&image, result.data(), &size, 0, samples, 0, palette), 0) << image.message;
  result.resize(size);
  return result;
}

// `rows` null: the file ends where the pixels begin.
inline Bytes make_png_of_kind(int height, int width, int bits, int color_type, int interlace, png_bytepp rows) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  Bytes file;
  png_set_write_fn(
      png, &file,
      [](png_structp p, png_bytep data, std::size_t count) {
        auto* to = static_cast<Bytes*>(png_get_io_ptr(p));
        to->insert(to->end(), data, data + count);
      },
      nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), bits, color_type, interlace,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  if (rows != nullptr) {
    png_write_image(png, rows);
    png_write_end(png, info);
  } else {
    file.insert(file.end(), {0, 0, 0, 9, 'I', 'D', 'A', 'T'});
  }
  png_destroy_write_struct(&png, &info);
  return file;
}

inline Bytes make_webp(const Picture& picture, bool lossless) {
  std::uint8_t* buffer = nullptr;
  const int width = static_cast<int>(picture.width), height = static_cast<int>(picture.height);
  const std::size_t size = lossless ? WebPEncodeLosslessRGB(picture.rgb.data(), width, height, width * 3, &buffer)
                                    : WebPEncodeRGB(picture.rgb.data(), width, height, width * 3, 95, &buffer);
  Bytes result(buffer, buffer + size);
  WebPFree(buffer);
  return result;
}

inline Bytes grey_of(const Picture& picture) {
  Bytes grey;
  for (std::size_t i = 0; i < picture.rgb.size(); i += 3) grey.push_back(picture.rgb[i]);
  return grey;
}

inline Picture grey_picture(const Picture& picture) {
  Picture result = picture;
  for (std::size_t i = 0; i < result.rgb.size(); ++i) result.rgb[i] = picture.rgb[i / 3 * 3];
  return result;
}

}  // namespace alexnet
