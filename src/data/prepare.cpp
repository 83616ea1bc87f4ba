// Two passes, each of which can be stopped at any moment and gone on with (prepare_progress.hpp):
//
//   gather   reads the source from front to end; decodes, resizes and encodes on all cores; puts the pictures into buckets
//   write    takes each bucket's pictures in the order of the shuffle and writes them into shards
//
// Progress is saved about every `save_seconds` and after each shard. Saved means: what it speaks of is on disk, and whatever lies
// beyond is cut off by the next run. So the files are the same however often a preparation was killed, and whatever number of workers
// it had. Statistics are those of the pictures as they are stored, that is, as training will see them.
#include "alexnet/data/prepare.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <thread>
#include <utility>

#include "alexnet/core/error.hpp"
#include "alexnet/core/log.hpp"
#include "alexnet/io/hash.hpp"
#include "data/file_hash.hpp"
#include "data/ordered_work.hpp"
#include "data/output_folder.hpp"
#include "data/picture_preparer.hpp"
#include "data/prepare_plan.hpp"
#include "data/prepare_progress.hpp"
#include "data/prepare_report.hpp"
#include "data/shard_writer.hpp"
#include "data/shuffle_buckets.hpp"
#include "data/statistics_accumulator.hpp"
#include "data/text_lines.hpp"

namespace alexnet {
namespace {

namespace fs = std::filesystem;

constexpr double kTarBytesPerPicture = 2048;  // two headers, a label, padding
constexpr double kMiB = 1 << 20, kGiB = 1 << 30;

class Preparation {
 public:
  explicit Preparation(const PrepareOptions& options)
      : options_(options),
        plan_(plan_preparation(options)),
        num_workers_(options.workers > 0 ? options.workers : std::max(1, static_cast<int>(std::thread::hardware_concurrency()))),
        output_(options.out),
        report_(options.source, plan_.num_items(), plan_.max_bad, output_.partial() + "/bad_files.jsonl"),
        statistics_(static_cast<std::size_t>(num_workers_), StatisticsAccumulator(plan_.size, plan_.size)) {}

  PrepareResult run() {
    resume();
    if (!output_.is_finished()) {
      check_space();
      for (const SplitPlan& split : plan_.splits) gather(split);
      report_.finish();
      report_.check_limit(output_.is_kept() ? output_.partial() : "");
      for (const SplitPlan& split : plan_.splits) write(split);
      report_.finish();
      write_statistics(output_.partial(), statistics_.front().finish());
      write_manifest(output_.partial(), manifest());
    }
    output_.commit();
    PrepareResult result;
    result.manifest = read_manifest(options_.out);
    for (const auto& [name, split] : result.manifest.splits) {
      for (const ShardInfo& shard : split.shards) result.bytes += shard.bytes;
    }
    result.seconds = report_.seconds();
    return result;
  }

 private:
  void resume() {
    progress_ = fresh_progress(plan_, options_);
    progress_.statistics = statistics_.front().sums();
    auto saved = load_progress(output_.progress_path(), progress_);
    if (output_.is_finished()) return;
    if (saved) {
      progress_ = std::move(*saved);
      statistics_.front().restore(progress_.statistics);
      std::uint64_t num_read = 0;
      for (const auto& [name, split] : progress_.splits) num_read += split.num_read;
      report_.resume(num_read, progress_.num_bad, progress_.bad_bytes);
      if (report_.over_limit())  // --max-bad is lower than then; nothing is thrown away for that
        fail(ExitCode::bad_data,
             "{}: an earlier run found {} bad files (bad_files.jsonl there), --max-bad allows {}: raise it, or remove the "
             "folder to start again",
             output_.partial(), progress_.num_bad, plan_.max_bad);
      log::info("{}: going on after {} of {} pictures of an earlier run", options_.out, num_read, plan_.num_items());
    } else {
      output_.clear_partial();
    }
  }

  void save() {
    progress_.num_bad = report_.num_bad();
    progress_.bad_bytes = report_.sync();
    save_progress(output_.progress_path(), progress_);
    output_.keep(true);
  }

  // Bytes of an encoded picture: exact for raw ones, else the mean of some of them.
  double estimated_picture_bytes() const {
    if (plan_.encoding == "raw") return 3 * static_cast<double>(plan_.size * plan_.size);
    constexpr std::size_t kSamples = 16;
    const SplitPlan& train = plan_.splits.front();
    double bytes = 0, count = 0;
    for (std::size_t i = 0; i < std::min(kSamples, train.items.size()); ++i) {
      const PreparedPicture prepared = prepare_picture(plan_, train.name, train.items[i], false);
      if (!prepared.bad.empty()) continue;
      bytes += static_cast<double>(prepared.bytes.size());
      ++count;
    }
    return count > 0 ? bytes / count : 0;
  }

  void check_space() {
    picture_bytes_ = estimated_picture_bytes() + kTarBytesPerPicture;
    const double total = picture_bytes_ * static_cast<double>(plan_.num_items());
    double there = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(output_.partial(), error)) {
      const std::uintmax_t bytes = entry.file_size(error);
      if (!error) there += static_cast<double>(bytes);
    }
    // While a bucket becomes shards, both lie on the disk.
    const double needed = total + total / static_cast<double>(num_buckets(plan_.splits.front())) - there;
    log::info("about {:.1f} {} will be written to {}", total / (total < kGiB ? kMiB : kGiB), total < kGiB ? "MiB" : "GiB", options_.out);
    output_.require_free_bytes(needed);
  }

  std::uint64_t num_buckets(const SplitPlan& split) const {
    constexpr double kBucketBytes = 1 << 28;
    constexpr double kMaxBuckets = 128;  // open at once
    const double wanted = std::ceil(picture_bytes_ * static_cast<double>(split.items.size()) / kBucketBytes);
    return static_cast<std::uint64_t>(std::clamp(wanted, 1.0, kMaxBuckets));
  }

  BucketLayout buckets_of(const SplitPlan& split, std::uint64_t num_buckets) const {
    return {fmt::format("{}/{}-bucket", output_.partial(), split.name), split.items.size(), num_buckets};
  }

  void gather(const SplitPlan& split) {
    SplitProgress& progress = progress_.splits.at(split.name);
    const std::uint64_t n = split.items.size();
    if (progress.num_read == n) return;
    std::vector<std::uint32_t> order(n);  // ranks in the order of the source
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::stable_sort(order, {}, [&](std::uint32_t rank) { return split.items[rank].position; });
    if (progress.bucket_bytes.empty()) progress.bucket_bytes.resize(num_buckets(split));
    BucketWriter buckets(buckets_of(split, progress.bucket_bytes.size()), progress.bucket_bytes);
    BlockSize block(options_.save_seconds);
    while (progress.num_read < n) {
      const double begin_s = report_.seconds();
      const std::uint64_t count = std::min(block.get(), n - progress.num_read);
      gather_block(split, std::span(order).subspan(progress.num_read, count), buckets);
      if (report_.over_limit()) return;  // what was saved before stays, for a higher --max-bad
      progress.num_read += count;
      progress.bucket_bytes = buckets.sync();
      if (progress.num_read == n) require_every_class(split, progress);
      for (std::size_t w = 1; w < statistics_.size(); ++w) {
        statistics_.front().merge(statistics_[w]);
        statistics_[w] = StatisticsAccumulator(plan_.size, plan_.size);
      }
      progress_.statistics = statistics_.front().sums();
      save();
      block.took(report_.seconds() - begin_s);
    }
  }

  void gather_block(const SplitPlan& split, std::span<const std::uint32_t> ranks, BucketWriter& buckets) {
    const bool train = split.name == "train";
    const auto produce = [&](int worker, std::uint64_t i) {
      PreparedPicture prepared = prepare_picture(plan_, split.name, split.items[ranks[i]], train);
      if (train && prepared.bad.empty()) statistics_[static_cast<std::size_t>(worker)].add(prepared.stored.rgb.data());
      prepared.stored = {};
      return prepared;
    };
    const auto consume = [&](std::uint64_t i, const PreparedPicture& prepared) {
      const SourceItem& item = split.items[ranks[i]];
      if (!prepared.bad.empty())
        return report_.bad(split.name, item.path, plan_.classes[static_cast<std::size_t>(item.label)].id, prepared.bad);
      if (plan_.takes_native_size && (prepared.height != plan_.size || prepared.width != plan_.size)) warn_of_other_size(item, prepared);
      if (!report_.good()) return false;
      if (!report_.over_limit()) buckets.add(ranks[i], prepared.height, prepared.width, prepared.bytes);  // else only looking for more
      return true;
    };
    const std::size_t window = static_cast<std::size_t>(num_workers_) * 4 + 16;
    ordered_work<PreparedPicture>(ranks.size(), num_workers_, window, produce, consume);
  }

  // Only some of the pictures were looked at when the size was chosen.
  void warn_of_other_size(const SourceItem& item, const PreparedPicture& prepared) {
    if (std::exchange(warned_of_size_, true)) return;
    log::warning(
        "{}: {} x {} pixels, where those looked at first had {} x {}: it and all others of another size are resized; --size chooses",
        escaped(item.path), prepared.width, prepared.height, plan_.size, plan_.size);
  }

  void require_every_class(const SplitPlan& split, const SplitProgress& progress) {
    if (split.name != "train") return;
    std::vector<char> seen(plan_.classes.size(), 0);
    const BucketLayout layout = buckets_of(split, progress.bucket_bytes.size());
    for (std::uint64_t b = 0; b < layout.num_buckets; ++b) {
      const BucketReader bucket(layout, b);
      for (std::uint64_t rank = bucket.first_rank(); rank < bucket.end_rank(); ++rank) {
        if (bucket.has(rank)) seen[static_cast<std::size_t>(split.items[rank].label)] = 1;
      }
    }
    const auto unseen = std::ranges::find(seen, 0);
    if (unseen == seen.end()) return;
    output_.clear_partial();
    fail(ExitCode::bad_data, "{}: class {}: none of its training pictures could be read", options_.source,
         plan_.classes[static_cast<std::size_t>(unseen - seen.begin())].id);
  }

  void write(const SplitPlan& split) {
    SplitProgress& progress = progress_.splits.at(split.name);
    const BucketLayout layout = buckets_of(split, progress.bucket_bytes.size());
    if (progress.next_rank == split.items.size()) return remove_buckets(layout, layout.num_buckets);  // a kill may have left some
    ShardWriter writer(output_.partial(), split.name, plan_.encoding == "jpeg" ? "jpg" : "ppm", options_.shard_mib << 20, progress.written);
    AppendFile table(fmt::format("{}/{}.tsv", output_.partial(), split.name), progress.table_bytes);
    const auto save_shards = [&](std::vector<ShardInfo> shards, std::uint64_t next_rank) {
      progress.written = {0, std::move(shards)};
      for (const ShardInfo& shard : progress.written.shards) progress.written.num_samples += shard.num_samples;
      progress.next_rank = next_rank;
      table.sync();
      progress.table_bytes = table.length();
      save();
    };
    for (std::uint64_t b = layout.bucket_of(progress.next_rank); b < layout.num_buckets; ++b) {
      BucketReader bucket(layout, b);
      for (std::uint64_t rank = std::max(bucket.first_rank(), progress.next_rank); rank < bucket.end_rank(); ++rank) {
        const auto picture = bucket.read(rank);
        if (!picture) continue;
        const SourceItem& item = split.items[rank];
        const std::size_t num_closed = writer.closed().size();
        const ShardWriter::Place place = writer.add(picture->bytes, item.label);
        if (writer.closed().size() > num_closed) {
          save_shards(writer.closed(), rank);
          remove_buckets(layout, b);
        }
        table.write(fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", place.key, place.shard, item.label,
                                escaped(plan_.classes[static_cast<std::size_t>(item.label)].id), escaped(item.path), picture->width,
                                picture->height, xxh3_of(picture->bytes.data(), picture->bytes.size())));
        report_.show(split.name, "written into shards", rank, split.items.size());
      }
    }
    save_shards(writer.finish().shards, split.items.size());
    remove_buckets(layout, layout.num_buckets);
  }

  static void remove_buckets(const BucketLayout& layout, std::uint64_t end) {
    std::error_code error;
    for (std::uint64_t b = 0; b < end; ++b) fs::remove(layout.path(b), error);
  }

  DatasetManifest manifest() const {
    DatasetManifest manifest;
    manifest.layout = plan_.source->layout;
    manifest.source = options_.source;
    manifest.size = plan_.size;
    manifest.encoding = plan_.encoding;
    manifest.quality = plan_.encoding == "jpeg" ? plan_.quality : 0;
    manifest.resampler = resampler_description() + (plan_.exif_orientation ? "; turned as EXIF says" : "");
    manifest.seed = options_.seed;
    manifest.classes = plan_.classes;
    manifest.num_bad_files = report_.num_bad();
    for (const auto& [name, split] : progress_.splits) {
      if (split.written.num_samples > 0) manifest.splits[name] = split.written;
    }
    for (const auto& entry : fs::directory_iterator(output_.partial())) {
      const std::string name = entry.path().filename().string(), extension = entry.path().extension().string();
      if (extension == ".idx" || extension == ".tsv" || extension == ".safetensors" || extension == ".jsonl")
        manifest.files[name] = hash_file(entry.path().string()).xxh3_128;
    }
    return manifest;
  }

  const PrepareOptions& options_;
  PreparePlan plan_;
  int num_workers_;
  OutputFolder output_;
  PrepareReport report_;
  PrepareProgress progress_;
  std::vector<StatisticsAccumulator> statistics_;  // one a worker
  double picture_bytes_ = 0;
  bool warned_of_size_ = false;
};

}  // namespace

PrepareResult prepare_dataset(const PrepareOptions& options) {
  if (options.out.empty()) fail(ExitCode::command_line, "OUT: the folder to write is missing");
  OutputFolder::require_free_name(options.out);
  return Preparation(options).run();
}

}  // namespace alexnet
