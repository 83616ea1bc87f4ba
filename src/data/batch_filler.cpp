#include "data/batch_filler.hpp"

#include <algorithm>
#include <limits>
#include <string_view>

#include "alexnet/core/error.hpp"
#include "alexnet/core/rng.hpp"
#include "data/decode_formats.hpp"

namespace alexnet {
namespace {

constexpr std::int64_t kMaxBatch = 1 << 20;
constexpr std::uint64_t kNoEpoch = std::numeric_limits<std::uint64_t>::max();

void check_share(std::int64_t batch_size, const Share& share) {
  if (share.num_ranks < 1 || share.rank < 0 || share.rank >= share.num_ranks)
    fail(ExitCode::internal, "loader: rank {} of {}", share.rank, share.num_ranks);
  if (batch_size < share.num_ranks || batch_size > kMaxBatch)
    fail(ExitCode::configuration, "train.batch_size: {}; must be from {}, an image for each rank, to {}", batch_size, share.num_ranks,
         kMaxBatch);
}

std::uint64_t limited(std::uint64_t size, std::uint64_t limit) { return limit == 0 ? size : std::min(size, limit); }

}  // namespace

std::int64_t Share::begin(std::int64_t batch_size) const {
  return rank * (batch_size / num_ranks) + std::min<std::int64_t>(rank, batch_size % num_ranks);
}

std::int64_t Share::size(std::int64_t batch_size) const { return batch_size / num_ranks + (rank < batch_size % num_ranks ? 1 : 0); }

BatchFiller::BatchFiller(std::shared_ptr<const Shards> shards, const DatasetManifest& manifest, std::int64_t batch_size,
                         std::uint64_t limit, Share share, std::optional<TrainingOrder> order, std::optional<Augmenter> augmenter,
                         SampleTransform centre)
    : shards_(std::move(shards)),
      extent_(manifest.size),
      num_images_(limited(shards_->size(), limit)),
      order_(order),
      augmenter_(std::move(augmenter)),
      centre_(centre),
      epoch_(kNoEpoch) {
  check_share(batch_size, share);
  stride_ = static_cast<std::uint64_t>(batch_size);
  part_begin_ = static_cast<std::uint64_t>(share.begin(batch_size));
  size_ = share.size(batch_size);
  if (num_images_ == 0) fail(ExitCode::bad_data, "data set: the split holds no pictures");
  if (num_images_ > std::numeric_limits<std::uint32_t>::max()) fail(ExitCode::internal, "loader: {} pictures", num_images_);
  if (manifest.encoding == "raw") raw_header_ = formats::ppm_header(extent_, extent_);
  if (order_) epoch_order_.resize(num_images_);
}

std::uint64_t BatchFiller::num_batches() const {
  return order_ ? std::numeric_limits<std::uint64_t>::max() : (num_images_ + stride_ - 1) / stride_;
}

std::uint64_t BatchFiller::picture_at(std::uint64_t position) {
  if (!order_) return position;
  const std::uint64_t epoch = position / num_images_;
  if (epoch != epoch_) {
    random_permutation(order_->seed, RandomStream::shuffle, static_cast<std::uint32_t>(epoch), epoch_order_);
    epoch_ = epoch;
  }
  return epoch_order_[position % num_images_];
}

void BatchFiller::choose(Batch& b, std::uint64_t number) {
  b.first_sample = (order_ ? order_->first_sample : 0) + number * stride_ + part_begin_;
  b.valid = size_;
  if (!order_) {
    const auto left = static_cast<std::int64_t>(num_images_) - static_cast<std::int64_t>(b.first_sample);
    b.valid = std::clamp<std::int64_t>(left, 0, size_);
  }
  b.indices.resize(static_cast<std::size_t>(b.valid));
  for (std::uint64_t i = 0; i < b.indices.size(); ++i) b.indices[i] = picture_at(b.first_sample + i);
  const auto valid = static_cast<std::ptrdiff_t>(b.valid);
  std::fill(b.pixels.begin() + valid * static_cast<std::ptrdiff_t>(picture_bytes()), b.pixels.end(), std::uint8_t{0});
  std::fill(b.labels.begin() + valid, b.labels.end(), 0);
  std::fill(b.transforms.begin() + valid, b.transforms.end(), centre_);
}

void BatchFiller::load(const Batch& b, std::size_t i) const {
  const bool raw = !raw_header_.empty();
  const std::span<std::uint8_t> pixels = b.pixels.subspan(i * picture_bytes(), picture_bytes());
  Shards::Sample sample = shards_->sample(b.indices[i], raw ? pixels : std::span<std::uint8_t>());
  if (!raw || std::string_view(reinterpret_cast<const char*>(sample.data), sample.bytes) != raw_header_) {
    if (raw) sample = shards_->sample(b.indices[i]);  // something else than what we write
    try {
      decode_picture_into({sample.data, sample.bytes}, extent_, extent_, pixels.data());
    } catch (const Error& e) {
      fail(e.code(), "{}: picture {}: {}; make the data set again with `alexnet prepare`", sample.shard, sample.key, e.what());
    }
  }
  b.labels[i] = sample.label;
  b.transforms[i] = augmenter_ ? augmenter_->draw(b.first_sample + i, num_images_) : centre_;
}

}  // namespace alexnet
