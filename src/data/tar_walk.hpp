// The members of a tar, found from their headers: ustar, GNU (long names, sizes of any length), pax (path, size), the oldest form too.
// Contents are passed over.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace alexnet {

// Bytes. A member of a tar is a header of one block and its contents, padded to whole blocks.
inline constexpr std::size_t kTarBlock = 512;

struct TarMember {
  std::string name;
  std::uint64_t offset = 0, bytes = 0;  // of the contents; they lie inside what is walked
  bool is_file = false;                 // no folder, link or device
};

class TarWalk {
 public:
  using ReadAt = std::function<void(std::uint64_t offset, std::uint8_t* to, std::size_t count)>;

  // The tar lies in [begin, end) of what `read` reads. Errors name `path` and the byte, and end with `advice`.
  TarWalk(ReadAt read, std::uint64_t begin, std::uint64_t end, std::string path, std::string advice);

  // False at the end. Throws Error(bad_data) when something is damaged or cut short, and when a name is absolute or holds `..`: nothing
  // is unpacked, but no honest archive has such names.
  bool next(TarMember& member);
  // After the end: false when the block that marks it is missing, as in a tar that was cut between two members.
  bool has_end_mark() const { return has_end_mark_; }

 private:
  struct Extension;
  void read_extension(char type, std::uint64_t offset, std::uint64_t bytes, Extension& extension) const;

  ReadAt read_;
  std::uint64_t at_, end_;
  std::string path_, advice_;
  bool has_end_mark_ = false;
};

// Whether 512 bytes are the header of a member.
bool is_tar_header(const std::uint8_t* block);

}  // namespace alexnet
