// Headers are the same on every machine (mtime 0, owner 0, mode 0644), so that a shard's bytes depend on its samples alone.
#include "data/shard_writer.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "alexnet/core/error.hpp"
#include "alexnet/io/files.hpp"
#include "alexnet/io/hash.hpp"
#include "data/shard_index.hpp"

namespace alexnet {
namespace {

std::uint64_t padded(std::uint64_t bytes) { return (bytes + kTarBlock - 1) / kTarBlock * kTarBlock; }

}  // namespace

struct ShardWriter::Shard {
  explicit Shard(const std::string& tar_path) : path(tar_path), tar(archive_write_new()), member(archive_entry_new()) {
    if (tar == nullptr || member == nullptr) {
      release();
      throw std::bad_alloc();
    }
    descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor < 0) {
      const int reason = errno;
      release();
      fail(ExitCode::io_failed, "{}: cannot be made: {}", path, std::strerror(reason));
    }
    archive_write_set_format_ustar(tar);
    archive_write_set_bytes_per_block(tar, 1 << 18);
    archive_write_set_bytes_in_last_block(tar, static_cast<int>(kTarBlock));
    if (archive_write_open(tar, this, nullptr, write_block, nullptr) != ARCHIVE_OK) {
      release();
      throw std::bad_alloc();
    }
  }
  ~Shard() { release(); }
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Returns the offset of the content.
  std::uint64_t add(const std::string& name, std::span<const std::uint8_t> content) {
    archive_entry_clear(member);
    archive_entry_set_pathname(member, name.c_str());
    archive_entry_set_size(member, static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(member, AE_IFREG);
    archive_entry_set_perm(member, 0644);
    archive_entry_set_mtime(member, 0, 0);
    check(archive_write_header(tar, member));
    check(archive_write_data(tar, content.data(), content.size()) < 0 ? ARCHIVE_FATAL : ARCHIVE_OK);
    const std::uint64_t offset = bytes + kTarBlock;
    bytes = offset + padded(content.size());
    return offset;
  }
  void close() {
    check(archive_write_close(tar));
    if (::fsync(descriptor) != 0) fail(ExitCode::io_failed, "{}: writing failed: {}", path, std::strerror(errno));
  }

  std::string path;
  archive* tar;
  archive_entry* member;
  Xxh3Hash hash;
  int descriptor = -1;
  int write_error = 0;
  std::uint64_t bytes = 0;    // before the end-of-archive blocks
  std::uint64_t written = 0;  // to the file
  std::uint64_t num_samples = 0;
  std::string index;  // lines of the .idx

 private:
  // An error is kept for check(), and what follows is swallowed: libarchive 3.6 never frees its buffer after a failed write.
  static la_ssize_t write_block(archive*, void* self, const void* data, std::size_t count) {
    auto* shard = static_cast<Shard*>(self);
    const auto* from = static_cast<const char*>(data);
    for (std::size_t done = 0; done < count && shard->write_error == 0;) {
      const ssize_t got = ::write(shard->descriptor, from + done, count - done);
      if (got >= 0) {
        done += static_cast<std::size_t>(got);
      } else if (errno != EINTR) {
        shard->write_error = errno;
      }
    }
    shard->hash.update(data, count);
    shard->written += count;
    return static_cast<la_ssize_t>(count);
  }
  void check(int status) const {
    if (write_error != 0) fail(ExitCode::io_failed, "{}: writing failed: {}", path, std::strerror(write_error));
    if (status == ARCHIVE_OK) return;
    const char* text = archive_error_string(tar);
    fail(ExitCode::io_failed, "{}: writing failed: {}", path, text != nullptr ? text : "unknown reason");
  }
  void release() noexcept {
    if (write_error == 0) write_error = ECANCELED;  // nothing more is written
    if (tar != nullptr) archive_write_free(tar);
    if (member != nullptr) archive_entry_free(member);
    if (descriptor >= 0) ::close(descriptor);
  }
};

ShardWriter::ShardWriter(const std::string& folder, const std::string& split, const std::string& extension, std::uint64_t max_shard_bytes,
                         SplitInfo closed)
    : folder_(folder), split_(split), extension_(extension), max_shard_bytes_(max_shard_bytes), info_(std::move(closed)) {}

ShardWriter::~ShardWriter() = default;

ShardWriter::Place ShardWriter::add(std::span<const std::uint8_t> picture, std::int32_t label) {
  const std::string label_text = fmt::format("{}", label);
  const std::uint64_t needed = 2 * kTarBlock + padded(picture.size()) + padded(label_text.size());
  if (shard_ && shard_->num_samples > 0 && shard_->bytes + needed + 2 * kTarBlock > max_shard_bytes_) close_shard();
  if (!shard_) open_shard();
  const std::string key = fmt::format("{:08}", info_.num_samples);
  const std::string picture_name = fmt::format("{}.{}", key, extension_), label_name = fmt::format("{}.cls", key);
  const std::uint64_t picture_offset = shard_->add(picture_name, picture);
  const std::uint64_t label_offset = shard_->add(label_name, {reinterpret_cast<const std::uint8_t*>(label_text.data()), label_text.size()});
  shard_->index += fmt::format("{} {} {} {} cls {} {} {}\n", extension_, picture_offset, picture.size(), picture_name, label_offset,
                               label_text.size(), label_name);
  ++shard_->num_samples;
  ++info_.num_samples;
  return {key, fmt::format("{}-{:06}.tar", split_, info_.shards.size())};
}

void ShardWriter::open_shard() { shard_ = std::make_unique<Shard>(fmt::format("{}/{}-{:06}.tar", folder_, split_, info_.shards.size())); }

void ShardWriter::close_shard() {
  shard_->close();
  const std::string stem = fmt::format("{}-{:06}", split_, info_.shards.size());
  write_file_atomically(fmt::format("{}/{}.idx", folder_, stem), fmt::format("v1.2 {}\n{}", shard_->num_samples, shard_->index));
  info_.shards.push_back({stem + ".tar", shard_->num_samples, shard_->written, shard_->hash.hex()});
  shard_.reset();
}

SplitInfo ShardWriter::finish() {
  if (shard_) close_shard();
  return std::move(info_);
}

}  // namespace alexnet
