// JPEG by libjpeg-turbo: grey, YCbCr and RGB; CMYK and YCCK (which Adobe stores inverted) become RGB by r = c k / 255.
//
// Each picture has a decompressor of its own: one that is kept would lend a picture without tables those of the picture before.
// libjpeg reports errors by longjmp: the functions that call setjmp hold only trivial objects. Warnings that mean lost pixels are
// errors here.
#include <cstdio>  // before jpeglib.h, which needs FILE

#include <jpeglib.h>

#include <jerror.h>

#include <cstring>
#include <new>

#include "data/decode_formats.hpp"
#include "data/jpeg_error.hpp"

namespace alexnet::formats {
namespace {

constexpr int kMaxScans = 200;  // a small progressive file can ask for thousands of passes over a big picture

void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;  // trace
  switch (info->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
    case JWRN_BOGUS_ICC:
      return;  // the pixels are whole
    default:
      on_jpeg_error(info);
  }
}

void on_progress(j_common_ptr info) {
  auto* manager = reinterpret_cast<JpegErrorManager*>(info->err);
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMaxScans) return;
  info->err->msg_code = JERR_BAD_PROGRESSION;
  std::snprintf(manager->message, sizeof manager->message, "more than %d scans", kMaxScans);
  std::longjmp(manager->jump, 1);
}

// For one picture.
class JpegReader {
 public:
  JpegReader() {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = on_jpeg_error;
    errors_.base.emit_message = on_message;
    progress_.progress_monitor = on_progress;
    if (!create()) throw std::bad_alloc();
  }
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  const jpeg_decompress_struct& open(Bytes bytes) {
    if (!read_header(bytes)) fail_jpeg();
    check_extents("JPEG", info_.image_height, info_.image_width);
    if (info_.num_components != 1 && info_.num_components != 3 && info_.num_components != 4) {
      fail(ExitCode::bad_data, "JPEG with {} components (1, 3 and 4 are read)", info_.num_components);
    }
    // A Huffman code takes a bit at least for each 8x8 block: a short file that promises a big picture costs no memory.
    const std::size_t pixels = static_cast<std::size_t>(info_.image_height) * info_.image_width;
    if (!info_.arith_code && pixels / 512 > bytes.size()) fail(ExitCode::bad_data, "truncated JPEG");
    return info_;
  }
  void read(std::uint8_t* rgb) {
    if (!read_rows(rgb)) fail_jpeg();
  }

 private:
  bool create() {
    if (setjmp(errors_.jump)) return false;
    jpeg_create_decompress(&info_);
    return true;
  }
  bool read_header(Bytes bytes) {
    if (setjmp(errors_.jump)) return false;
    info_.progress = &progress_;
    jpeg_mem_src(&info_, bytes.data(), bytes.size());
    jpeg_read_header(&info_, TRUE);
    return true;
  }
  bool read_rows(std::uint8_t* rgb) {
    if (setjmp(errors_.jump)) return false;
    const bool cmyk = info_.num_components == 4;
    info_.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&info_);
    const std::size_t row_bytes = static_cast<std::size_t>(info_.output_width) * 3;
    JSAMPARRAY inks = nullptr;
    if (cmyk) inks = info_.mem->alloc_sarray(reinterpret_cast<j_common_ptr>(&info_), JPOOL_IMAGE, info_.output_width * 4, 1);
    while (info_.output_scanline < info_.output_height) {
      std::uint8_t* row = rgb + row_bytes * info_.output_scanline;
      if (cmyk) {
        jpeg_read_scanlines(&info_, inks, 1);
        inks_to_rgb(inks[0], row);
      } else {
        JSAMPROW rows[4];
        const JDIMENSION left = info_.output_height - info_.output_scanline;
        const JDIMENSION count = left < 4 ? left : 4;
        for (JDIMENSION i = 0; i < count; ++i) rows[i] = row + row_bytes * i;
        jpeg_read_scanlines(&info_, rows, count);
      }
    }
    jpeg_finish_decompress(&info_);
    return true;
  }
  void inks_to_rgb(const std::uint8_t* inks, std::uint8_t* rgb) const {
    const int flip = info_.saw_Adobe_marker ? 0 : 255;  // Adobe stores 255 - ink
    for (JDIMENSION x = 0; x < info_.output_width; ++x, inks += 4, rgb += 3) {
      const int k = inks[3] ^ flip;
      for (int c = 0; c < 3; ++c) rgb[c] = static_cast<std::uint8_t>(((inks[c] ^ flip) * k + 127) / 255);
    }
  }
  [[noreturn]] void fail_jpeg() {
    const int code = errors_.base.msg_code;
    if (code == JERR_OUT_OF_MEMORY) throw std::bad_alloc();
    if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JERR_INPUT_EOF || code == JERR_INPUT_EMPTY) {
      fail(ExitCode::bad_data, "truncated JPEG: {}", errors_.message);
    }
    if (code == JERR_SOF_UNSUPPORTED || code == JERR_BAD_PRECISION || code == JERR_ARITH_NOTIMPL) {
      fail(ExitCode::bad_data, "a JPEG of a rare kind ({}; not read: convert it to PNG)", errors_.message);
    }
    fail(ExitCode::bad_data, "damaged JPEG: {}", errors_.message);
  }

  jpeg_decompress_struct info_{};
  JpegErrorManager errors_{};
  jpeg_progress_mgr progress_{};
};

}  // namespace

bool is_jpeg(Bytes bytes) { return begins_with(bytes, "\xff\xd8\xff"); }

Picture decode_jpeg(Bytes bytes) {
  JpegReader reader;
  const auto& info = reader.open(bytes);
  Picture picture{info.image_height, info.image_width, {}};
  picture.rgb.resize(static_cast<std::size_t>(picture.height * picture.width) * 3);
  reader.read(picture.rgb.data());
  return picture;
}

void decode_jpeg_into(Bytes bytes, std::int64_t height, std::int64_t width, std::uint8_t* rgb) {
  JpegReader reader;
  const auto& info = reader.open(bytes);
  check_promised(info.image_height, info.image_width, height, width);
  reader.read(rgb);
}

bool is_baseline_jpeg(Bytes bytes) {
  if (!is_jpeg(bytes)) return false;
  JpegReader reader;
  const auto& info = reader.open(bytes);
  return !info.progressive_mode && !info.arith_code && (info.num_components == 1 || info.num_components == 3);
}

}  // namespace alexnet::formats
