// libjpeg's fatal errors as a longjmp that carries its message: what decoding and encoding do instead of its exit().
#pragma once

#include <cstddef>
#include <cstdio>
// libjpeg's header wants the two above first.
#include <jpeglib.h>
#include <csetjmp>

namespace alexnet {

struct JpegErrorManager {
  jpeg_error_mgr base;  // first: libjpeg hands back a pointer to it
  jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

// For jpeg_error_mgr::error_exit.
[[noreturn]] inline void on_jpeg_error(j_common_ptr info) {
  auto* manager = reinterpret_cast<JpegErrorManager*>(info->err);
  info->err->format_message(info, manager->message);
  std::longjmp(manager->jump, 1);
}

}  // namespace alexnet
