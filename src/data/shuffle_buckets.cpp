#include "data/shuffle_buckets.hpp"

#include <array>
#include <filesystem>

#include "alexnet/core/error.hpp"

namespace alexnet {
namespace {

using RecordHead = std::array<std::uint32_t, 4>;  // rank, bytes, height, width

}  // namespace

std::string BucketLayout::path(std::uint64_t bucket) const { return fmt::format("{}-{:03}", stem, bucket); }

BucketWriter::BucketWriter(const BucketLayout& layout, const std::vector<std::uint64_t>& lengths) : layout_(layout) {
  files_.reserve(lengths.size());
  for (std::uint64_t b = 0; b < lengths.size(); ++b) files_.emplace_back(layout.path(b), lengths[b]);
}

void BucketWriter::add(std::uint64_t rank, std::int64_t height, std::int64_t width, std::span<const std::uint8_t> picture) {
  const RecordHead head = {static_cast<std::uint32_t>(rank), static_cast<std::uint32_t>(picture.size()), static_cast<std::uint32_t>(height),
                           static_cast<std::uint32_t>(width)};
  AppendFile& file = files_[layout_.bucket_of(rank)];
  file.write(head.data(), sizeof head);
  file.write(picture.data(), picture.size());
}

std::vector<std::uint64_t> BucketWriter::sync() {
  std::vector<std::uint64_t> lengths;
  for (AppendFile& file : files_) {
    file.sync();
    lengths.push_back(file.length());
  }
  return lengths;
}

BucketReader::BucketReader(const BucketLayout& layout, std::uint64_t bucket)
    : path_(layout.path(bucket)),
      file_(path_, std::ios::binary),
      first_rank_(layout.first_rank(bucket)),
      places_(layout.first_rank(bucket + 1) - first_rank_) {
  std::error_code error;
  const std::uint64_t bytes = std::filesystem::file_size(path_, error);
  if (!file_ || error) fail(ExitCode::io_failed, "{}: cannot be read: {}", path_, error ? error.message() : "not opened");
  RecordHead head;
  for (std::uint64_t at = 0; at < bytes;) {
    if (!file_.seekg(static_cast<std::streamoff>(at)) || !file_.read(reinterpret_cast<char*>(head.data()), sizeof head)) fail_damaged();
    at += sizeof head;
    const bool ours = head[0] >= first_rank_ && head[0] < end_rank();
    if (!ours || head[1] > bytes - at) fail_damaged();
    places_[head[0] - first_rank_] = {at, head[1], head[2], head[3]};
    at += head[1];
  }
}

std::optional<BucketReader::Picture> BucketReader::read(std::uint64_t rank) {
  if (!has(rank)) return std::nullopt;
  const Place& place = places_[rank - first_rank_];
  buffer_.resize(place.bytes);
  if (!file_.seekg(static_cast<std::streamoff>(place.offset)) || !file_.read(reinterpret_cast<char*>(buffer_.data()), place.bytes)) {
    fail_damaged();
  }
  return Picture{place.height, place.width, buffer_};
}

void BucketReader::fail_damaged() const {
  fail(ExitCode::io_failed, "{}: damaged or not readable: remove {} and start again", path_, path_.substr(0, path_.rfind('/')));
}

}  // namespace alexnet
