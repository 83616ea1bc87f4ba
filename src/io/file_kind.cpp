#include "io/file_kind.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace alexnet {

namespace {

using namespace std::string_view_literals;

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  const char* kind;
};

constexpr std::array kMagics = {
    Magic{0, "PK\x03\x04"sv, "a zip archive, such as a PyTorch .pt file"},
    Magic{0, "\x80\x02"sv, "a Python pickle, such as an old PyTorch file"},
    Magic{0, "\x80\x03"sv, "a Python pickle"},
    Magic{0, "\x80\x04"sv, "a Python pickle"},
    Magic{0, "\x80\x05"sv, "a Python pickle"},
    Magic{0, "\x89HDF\r\n\x1a\n"sv, "an HDF5 file"},
    Magic{0, "\x93NUMPY"sv, "a NumPy array"},
    Magic{0, "\x1f\x8b"sv, "a gzip file"},
    Magic{0, "\x28\xb5\x2f\xfd"sv, "a Zstandard file"},
    Magic{0, "GGUF"sv, "a GGUF model"},
    Magic{0, "\xff\xd8\xff"sv, "a JPEG picture"},
    Magic{0, "\x89PNG"sv, "a PNG picture"},
    Magic{0, "version https://git-lfs"sv, "a pointer of Git LFS; fetch the file itself with 'git lfs pull'"},
    Magic{257, "ustar"sv, "a tar archive"},
};

bool is_printable(char c) { return std::isprint(static_cast<unsigned char>(c)) != 0; }
bool is_text(char c) { return is_printable(c) || c == '\n' || c == '\r' || c == '\t'; }

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
           return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
         });
}

bool looks_like_html(std::string_view head) {
  const std::size_t start = head.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (start == std::string_view::npos) return false;
  head.remove_prefix(start);
  return starts_with_ignoring_case(head, "<!doctype html") || starts_with_ignoring_case(head, "<html") ||
         starts_with_ignoring_case(head, "<head");
}

// NetParameter: field 1, the name, then a layer (field 100, or 2 in old files), an input (3) or its shape (4, 8).
bool looks_like_caffe_model(std::string_view head) {
  if (head.size() < 4 || head[0] != '\x0a') return false;
  const auto name_bytes = static_cast<unsigned char>(head[1]);
  if (name_bytes == 0 || name_bytes > 127 || head.size() < name_bytes + std::size_t{4}) return false;
  const std::string_view name = head.substr(2, name_bytes);
  const std::string_view next = head.substr(2 + name_bytes);
  if (!std::all_of(name.begin(), name.end(), is_printable)) return false;
  return next.substr(0, 2) == "\xa2\x06"sv || next[0] == '\x12' || next[0] == '\x1a' || next[0] == '\x20' || next[0] == '\x42';
}

// ModelProto: field 1, the version of the format as a small number, then the producer's name (2), the graph (7) or the opset (8).
bool looks_like_onnx_model(std::string_view head) {
  return head.size() >= 4 && head[0] == '\x08' && head[1] > 0 && head[1] < 32 &&
         (head[2] == '\x12' || head[2] == '\x3a' || head[2] == '\x42');
}

}  // namespace

std::string describe_file_kind(std::string_view head) {
  head = head.substr(0, 512);
  if (head.empty()) return "an empty file";
  for (const Magic& magic : kMagics) {
    if (head.size() >= magic.offset && head.substr(magic.offset, magic.bytes.size()) == magic.bytes) return magic.kind;
  }
  if (looks_like_html(head)) return "an HTML page, as a failed download leaves it";
  if (looks_like_caffe_model(head)) return "a Caffe model";
  if (looks_like_onnx_model(head)) return "an ONNX model";
  if (std::all_of(head.begin(), head.end(), is_text)) return "a text file";
  if (std::all_of(head.begin(), head.end(), [](char c) { return c == '\0'; })) return "a file of zero bytes, as a crash leaves it";
  return "";
}

}  // namespace alexnet
