// Reads, decodes, resizes and encodes on all cores; writes in order on the calling thread.
//
// A source that is a baseline JPEG of the right size keeps its bytes when the encoding is jpeg. Statistics are those of the pictures as
// they are stored, that is, as training will see them.
#include "alexnet/data/prepare.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "alexnet/core/error.hpp"
#include "alexnet/core/log.hpp"
#include "alexnet/io/files.hpp"
#include "alexnet/io/hash.hpp"
#include "data/decode_formats.hpp"
#include "data/ordered_work.hpp"
#include "data/output_folder.hpp"
#include "data/prepare_plan.hpp"
#include "data/prepare_report.hpp"
#include "data/shard_writer.hpp"
#include "data/statistics_accumulator.hpp"

namespace alexnet {
namespace {

// One picture, ready to be written.
struct Prepared {
  std::vector<std::uint8_t> bytes;
  std::int64_t height = 0, width = 0;  // of the source
  std::string bad;                     // the reason, "" when all is well
};

class Preparation {
 public:
  explicit Preparation(const PrepareOptions& options)
      : options_(options),
        plan_(plan_preparation(options)),
        num_workers_(options.workers > 0 ? options.workers : std::max(1, static_cast<int>(std::thread::hardware_concurrency()))),
        output_(options.out),
        report_(options.source, plan_.num_items(), plan_.max_bad),
        statistics_(static_cast<std::size_t>(num_workers_), StatisticsAccumulator(plan_.size, plan_.size)) {}

  PrepareResult run() {
    constexpr double kTarBytesPerPicture = 2048;  // two headers, a label, padding
    const double pixels = static_cast<double>(plan_.size) * static_cast<double>(plan_.size);
    if (plan_.encoding == "raw") output_.require_free_bytes(static_cast<double>(plan_.num_items()) * (3 * pixels + kTarBytesPerPicture));
    PrepareResult result;
    for (const SplitPlan& split : plan_.splits) {
      SplitInfo info = write_split(split);
      for (const ShardInfo& shard : info.shards) result.bytes += shard.bytes;
      if (info.num_samples > 0) result.manifest.splits[split.name] = std::move(info);
    }
    report_.finish();
    report_.check_limit();
    StatisticsAccumulator& all = statistics_.front();
    for (std::size_t i = 1; i < statistics_.size(); ++i) all.merge(statistics_[i]);
    write_statistics(output_.partial(), all.finish());
    if (report_.num_bad() > 0) write_file_atomically(output_.partial() + "/bad_files.jsonl", report_.json_lines());
    fill_manifest(result.manifest);
    output_.move_files();
    write_manifest(options_.out, result.manifest);
    output_.commit();
    result.seconds = report_.seconds();
    return result;
  }

 private:
  Prepared produce(const SplitPlan& split, std::size_t worker, const SourceItem& item) {
    Prepared prepared;
    try {
      auto loaded = plan_.source->load(split.name, item);
      auto* encoded = std::get_if<EncodedPicture>(&loaded);
      Picture picture = encoded != nullptr ? decode_picture(*encoded) : std::move(std::get<Picture>(loaded));
      prepared.height = picture.height;
      prepared.width = picture.width;
      const bool keep = encoded != nullptr && plan_.encoding == "jpeg" && picture.height == plan_.size && picture.width == plan_.size &&
                        formats::is_baseline_jpeg(*encoded);
      if (keep) {
        prepared.bytes = std::move(*encoded);
      } else {
        picture = resize_and_crop(picture, plan_.size);
        prepared.bytes = plan_.encoding == "jpeg" ? encode_jpeg(picture, options_.quality) : encode_ppm(picture);
      }
      if (split.name == "train") {
        if (!keep && plan_.encoding == "jpeg") picture = decode_picture(prepared.bytes);
        statistics_[worker].add(picture.rgb.data());
      }
    } catch (const Error& error) {
      if (error.code() != ExitCode::bad_data) throw;
      prepared = {};
      prepared.bad = error.what();
    }
    return prepared;
  }

  SplitInfo write_split(const SplitPlan& split) {
    ShardWriter writer(output_.partial(), split.name, plan_.encoding == "jpeg" ? "jpg" : "ppm", options_.shard_mib << 20);
    TextFile table(output_.partial() + "/" + split.name + ".tsv");
    std::vector<std::uint64_t> per_class(plan_.classes.size());
    const auto consume = [&](std::uint64_t i, const Prepared& prepared) {
      const SourceItem& item = split.items[i];
      const ClassInfo& info = plan_.classes[static_cast<std::size_t>(item.label)];
      if (!prepared.bad.empty()) return report_.bad(split.name, item.path, info.id, prepared.bad);
      if (!report_.good(split.name)) return false;
      if (report_.over_limit()) return true;  // only looking for more bad files
      const ShardWriter::Place place = writer.add(prepared.bytes, item.label);
      table.write(fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\n", place.key, place.shard, item.label, escaped(info.id), escaped(item.path),
                              prepared.width, prepared.height));
      ++per_class[static_cast<std::size_t>(item.label)];
      return true;
    };
    const std::size_t window = static_cast<std::size_t>(num_workers_) * 4 + 16;
    ordered_work<Prepared>(
        split.items.size(), num_workers_, window,
        [&](int worker, std::uint64_t i) { return produce(split, static_cast<std::size_t>(worker), split.items[i]); }, consume);
    table.close();
    if (split.name == "train" && !report_.over_limit()) {
      for (std::size_t c = 0; c < per_class.size(); ++c) {
        if (per_class[c] == 0)
          fail(ExitCode::bad_data, "{}: class {}: none of its training pictures could be read", options_.source, plan_.classes[c].id);
      }
    }
    return writer.finish();
  }

  void fill_manifest(DatasetManifest& manifest) const {
    manifest.layout = plan_.source->layout;
    manifest.source = options_.source;
    manifest.size = plan_.size;
    manifest.encoding = plan_.encoding;
    manifest.quality = plan_.encoding == "jpeg" ? options_.quality : 0;
    manifest.resampler = resampler_description();
    manifest.seed = options_.seed;
    manifest.classes = plan_.classes;
    manifest.num_bad_files = report_.num_bad();
  }

  const PrepareOptions& options_;
  PreparePlan plan_;
  int num_workers_;
  OutputFolder output_;
  PrepareReport report_;
  std::vector<StatisticsAccumulator> statistics_;  // one a worker
};

}  // namespace

PrepareResult prepare_dataset(const PrepareOptions& options) {
  if (options.out.empty()) fail(ExitCode::command_line, "OUT: the folder to write is missing");
  OutputFolder::require_free_name(options.out);
  return Preparation(options).run();
}

std::vector<std::string> verify_dataset(const std::string& folder) {
  const DatasetManifest manifest = read_manifest(folder);
  std::vector<std::string> damage;
  std::vector<char> buffer(1 << 20);
  for (const auto& [name, split] : manifest.splits) {
    for (const ShardInfo& shard : split.shards) {
      std::ifstream file(folder + "/" + shard.file, std::ios::binary);
      if (!file) {
        damage.push_back(fmt::format("{}: missing or not readable", shard.file));
        continue;
      }
      Xxh3Hash state;
      std::uint64_t bytes = 0;
      while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())), file.gcount() > 0) {
        state.update(buffer.data(), static_cast<std::size_t>(file.gcount()));
        bytes += static_cast<std::uint64_t>(file.gcount());
      }
      const std::string hash = state.hex();
      if (bytes != shard.bytes) {
        damage.push_back(fmt::format("{}: {} bytes instead of {}", shard.file, bytes, shard.bytes));
      } else if (hash != shard.xxh3_128) {
        damage.push_back(fmt::format("{}: its hash is {} instead of {}", shard.file, hash, shard.xxh3_128));
      }
    }
  }
  return damage;
}

}  // namespace alexnet
