#include "data/shard_index.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>

#include "alexnet/core/error.hpp"

namespace alexnet {
namespace {

constexpr std::string_view kRebuild = "; delete the .idx, and it is found from the tar again";

bool is_picture(std::string_view extension) { return extension == "jpg" || extension == "jpeg" || extension == "ppm"; }

std::string_view extension_of(std::string_view name) {
  const std::string_view key = sample_key(name);
  const auto end = static_cast<std::size_t>(key.data() + key.size() - name.data());
  return end < name.size() ? name.substr(end + 1) : std::string_view{};
}

struct Part {
  std::uint64_t offset, bytes;
};

// The parts seen so far of the sample at hand.
struct Parts {
  std::string key;
  std::optional<Part> picture, label;
};

// Says what is missing, or "".
const char* missing_part(const Parts& parts) {
  if (!parts.picture) return "no picture (.jpg or .ppm)";
  return parts.label ? "" : "no .cls";
}

void append(ShardIndex& index, const Parts& parts) {
  index.entries.push_back({parts.picture->offset, parts.label->offset, static_cast<std::uint32_t>(parts.picture->bytes),
                           static_cast<std::uint32_t>(parts.label->bytes), static_cast<std::uint32_t>(index.keys.size()),
                           static_cast<std::uint32_t>(parts.key.size())});
  index.keys += parts.key;
}

bool fits(const Part& part, std::uint64_t tar_bytes) {
  return part.offset >= kTarBlock && part.bytes <= std::numeric_limits<std::uint32_t>::max() && part.offset <= tar_bytes &&
         part.bytes <= tar_bytes - part.offset;
}

// Cuts the next word off the line.
std::string_view next_word(std::string_view& line) {
  const std::size_t begin = std::min(line.find_first_not_of(" \t\r"), line.size());
  const std::size_t end = std::min(line.find_first_of(" \t\r", begin), line.size());
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

std::optional<std::uint64_t> whole_number(std::string_view word) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace

std::string_view sample_key(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  return name.substr(0, name.find('.'));
}

std::string_view tar_member_name(const std::uint8_t* header) {
  const auto* name = reinterpret_cast<const char*>(header);
  return {name, strnlen(name, 100)};
}

ShardIndex parse_shard_index(std::string_view text, const std::string& path, std::uint64_t tar_bytes) {
  std::string_view head = next_line(text);
  const std::string_view version = next_word(head);
  const std::optional<std::uint64_t> count = whole_number(next_word(head));
  if (!version.starts_with("v1.") || !count) fail(ExitCode::bad_data, "{}: line 1: must be `v1.2 N`{}", path, kRebuild);
  ShardIndex index;
  std::size_t number = 1;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    ++number;
    Parts parts;
    bool blank = true;
    for (std::string_view extension = next_word(line); !extension.empty(); extension = next_word(line)) {
      blank = false;
      const std::optional<std::uint64_t> offset = whole_number(next_word(line)), bytes = whole_number(next_word(line));
      const std::string_view name = next_word(line);
      if (!offset || !bytes || name.empty())
        fail(ExitCode::bad_data, "{}: line {}: must be EXTENSION OFFSET SIZE NAME, repeated{}", path, number, kRebuild);
      const Part part{*offset, *bytes};
      if (!fits(part, tar_bytes))
        fail(ExitCode::bad_data, "{}: line {}: {} bytes at {} do not lie in a tar of {} bytes{}", path, number, part.bytes, part.offset,
             tar_bytes, kRebuild);
      if (is_picture(extension)) {
        parts.picture = part;
        parts.key = sample_key(name);
      } else if (extension == "cls") {
        parts.label = part;
      }
    }
    if (blank) continue;
    if (const char* missing = missing_part(parts); *missing != 0)
      fail(ExitCode::bad_data, "{}: line {}: {}{}", path, number, missing, kRebuild);
    append(index, parts);
  }
  if (index.entries.size() != *count)
    fail(ExitCode::bad_data, "{}: line 1 promises {} samples, there are {}{}", path, *count, index.entries.size(), kRebuild);
  return index;
}

ShardIndex index_tar(const TarWalk::ReadAt& read, std::uint64_t tar_bytes, const std::string& path) {
  ShardIndex index;
  Parts parts;
  const auto finish = [&] {
    if (!parts.picture && !parts.label) return;
    if (const char* missing = missing_part(parts); *missing != 0)
      fail(ExitCode::bad_data, "{}: picture {}: {} in the tar", path, parts.key, missing);
    append(index, parts);
  };
  TarWalk walk(read, 0, tar_bytes, path, "make the data set again");
  for (TarMember member; walk.next(member);) {
    const Part part{member.offset, member.bytes};
    const std::string_view key = sample_key(member.name), extension = extension_of(member.name);
    if (!member.is_file || !fits(part, tar_bytes) || (!is_picture(extension) && extension != "cls")) continue;
    if (key != parts.key) {
      finish();
      parts = {std::string(key), {}, {}};
    }
    (extension == "cls" ? parts.label : parts.picture) = part;
  }
  finish();
  return index;
}

ShardIndex index_tar(std::span<const std::uint8_t> tar, const std::string& path) {
  const auto read = [&](std::uint64_t offset, std::uint8_t* to, std::size_t count) { std::memcpy(to, tar.data() + offset, count); };
  return index_tar(read, tar.size(), path);
}

}  // namespace alexnet
