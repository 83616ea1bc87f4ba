#include "data/tar_walk.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "alexnet/core/error.hpp"
#include "data/text_lines.hpp"

namespace alexnet {
namespace {

constexpr std::uint64_t kMaxExtensionBytes = 1 << 20;

// Octal digits, ended by space or NUL.
std::optional<std::uint64_t> octal(const std::uint8_t* field, std::size_t width) {
  std::uint64_t value = 0;
  std::size_t i = 0;
  while (i < width && field[i] == ' ') ++i;
  for (; i < width && field[i] != ' ' && field[i] != 0; ++i) {
    if (field[i] < '0' || field[i] > '7') return std::nullopt;
    value = value << 3 | static_cast<std::uint64_t>(field[i] - '0');
  }
  return value;
}

// GNU's sizes beyond 8 GiB are binary, big end first, marked by the highest bit.
std::optional<std::uint64_t> size_field(const std::uint8_t* field) {
  constexpr std::size_t kWidth = 12;
  if ((field[0] & 0x80) == 0) return octal(field, kWidth);
  std::uint64_t value = 0;
  for (std::size_t i = 1; i < kWidth; ++i) {
    if (value >> 56 != 0) return std::nullopt;
    value = value << 8 | field[i];
  }
  return field[0] == 0x80 ? std::optional(value) : std::nullopt;
}

std::string text_field(const std::uint8_t* field, std::size_t width) {
  const auto* text = reinterpret_cast<const char*>(field);
  return {text, strnlen(text, width)};
}

std::string header_name(const std::uint8_t* header) {
  std::string name = text_field(header, 100);
  if (std::memcmp(header + 257, "ustar\0", 6) == 0 && header[345] != 0) name = text_field(header + 345, 155) + "/" + name;
  return name;
}

bool leads_outside(std::string_view name) {
  if (name.starts_with('/')) return true;
  while (!name.empty()) {
    const std::size_t slash = std::min(name.find('/'), name.size());
    if (name.substr(0, slash) == "..") return true;
    name.remove_prefix(std::min(slash + 1, name.size()));
  }
  return false;
}

}  // namespace

// What goes before a header to say more of it than its fields can hold.
struct TarWalk::Extension {
  std::optional<std::string> name;
  std::optional<std::uint64_t> bytes;
  bool is_sparse = false;
};

bool is_tar_header(const std::uint8_t* block) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kTarBlock; ++i) sum += i >= 148 && i < 156 ? ' ' : block[i];  // the field itself counts as spaces
  return sum != 8 * ' ' && octal(block + 148, 8) == sum;
}

TarWalk::TarWalk(ReadAt read, std::uint64_t begin, std::uint64_t end, std::string path, std::string advice)
    : read_(std::move(read)), at_(begin), end_(end), path_(std::move(path)), advice_(std::move(advice)) {}

bool TarWalk::next(TarMember& member) {
  Extension extension;
  while (at_ < end_ && end_ - at_ >= kTarBlock) {
    std::uint8_t header[kTarBlock];
    const std::uint64_t header_at = at_;
    read_(header_at, header, kTarBlock);
    if (std::ranges::all_of(header, [](std::uint8_t b) { return b == 0; })) {
      has_end_mark_ = true;
      return false;
    }
    if (!is_tar_header(header)) fail(ExitCode::bad_data, "{}: no tar header at byte {}; {}", path_, header_at, advice_);
    const auto type = static_cast<char>(header[156]);
    const bool extends = type == 'x' || type == 'g' || type == 'L' || type == 'K';
    const std::optional<std::uint64_t> told = extension.bytes && !extends ? extension.bytes : size_field(header + 124);
    if (!told) fail(ExitCode::bad_data, "{}: tar header at byte {}: no size; {}", path_, header_at, advice_);
    member.offset = header_at + kTarBlock;
    member.bytes = type >= '1' && type <= '6' ? 0 : *told;  // links, devices and folders have no contents, whatever the field says
    if (member.bytes > end_ - member.offset)
      fail(ExitCode::bad_data, "{}: tar header at byte {}: {} bytes run past the end at byte {}: cut short; {}", path_, header_at,
           member.bytes, end_, advice_);
    at_ = member.offset + member.bytes + (kTarBlock - member.bytes % kTarBlock) % kTarBlock;
    if (extends) {
      if (member.bytes > kMaxExtensionBytes)
        fail(ExitCode::bad_data, "{}: tar header at byte {}: an extension of {} bytes, {} at most; {}", path_, header_at, member.bytes,
             kMaxExtensionBytes, advice_);
      read_extension(type, member.offset, member.bytes, extension);
      continue;
    }
    member.name = extension.name ? *extension.name : header_name(header);
    if (leads_outside(member.name))
      fail(ExitCode::bad_data,
           "{}: tar header at byte {}: the member is called '{}': absolute names and .. are refused; make the tar again", path_, header_at,
           escaped(member.name));
    if (type == 'S' || extension.is_sparse)
      fail(ExitCode::bad_data, "{}: tar header at byte {}: {} is stored with holes, which is not read; make the tar again without --sparse",
           path_, header_at, escaped(member.name));
    member.is_file = (type == '0' || type == 0 || type == '7') && !member.name.ends_with('/');
    return true;
  }
  return false;
}

void TarWalk::read_extension(char type, std::uint64_t offset, std::uint64_t bytes, Extension& extension) const {
  if (type != 'x' && type != 'L') return;  // for all members, or the target of a link: nothing that is asked for here
  std::string text(bytes, '\0');
  read_(offset, reinterpret_cast<std::uint8_t*>(text.data()), text.size());
  if (type == 'L') {
    extension.name = text.substr(0, text.find('\0'));
    return;
  }
  std::string_view rest = text;  // records "LENGTH KEY=VALUE\n", the length being that of the whole record
  while (!rest.empty()) {
    std::size_t length = 0;
    const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
    const auto digits = static_cast<std::size_t>(stop - rest.data());
    const std::size_t equals = rest.find('=');
    if (error != std::errc() || length > rest.size() || length < digits + 4 || rest[digits] != ' ' || equals >= length ||
        equals < digits + 2 || rest[length - 1] != '\n')
      fail(ExitCode::bad_data, "{}: the tar's extended header at byte {} is damaged; {}", path_, offset - kTarBlock, advice_);
    const std::string_view key = rest.substr(digits + 1, equals - digits - 1), value = rest.substr(equals + 1, length - equals - 2);
    if (key == "path") {
      extension.name = std::string(value);
    } else if (key == "size") {
      std::uint64_t size = 0;
      const auto [end, wrong] = std::from_chars(value.data(), value.data() + value.size(), size);
      if (wrong != std::errc() || end != value.data() + value.size())
        fail(ExitCode::bad_data, "{}: the tar's extended header at byte {}: no size '{}'; {}", path_, offset - kTarBlock, escaped(value),
             advice_);
      extension.bytes = size;
    } else if (key.starts_with("GNU.sparse.")) {
      extension.is_sparse = true;
    }
    rest.remove_prefix(length);
  }
}

}  // namespace alexnet
