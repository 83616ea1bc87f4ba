// Selection of classes and pictures, the stratified validation split, the shuffle. Every choice is drawn from the seed alone.
#include "data/prepare_plan.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "alexnet/core/error.hpp"
#include "alexnet/core/log.hpp"
#include "alexnet/core/rng.hpp"
#include "alexnet/io/files.hpp"
#include "data/text_lines.hpp"

namespace alexnet {
namespace {

constexpr std::int64_t kMinSize = 8, kMaxSize = 8192, kDefaultSize = 256, kLargestRaw = 64;
constexpr std::uint32_t kLimitTag = 1U << 24;  // tags of RandomStream::split: class for the split, class + split * kLimitTag for limits

std::uint32_t split_tag(const std::string& split) { return split == "train" ? 0 : split == "val" ? 1 : 2; }

void check_options(const PrepareOptions& options) {
  if (options.size != 0 && (options.size < kMinSize || options.size > kMaxSize)) {
    fail(ExitCode::command_line, "--size {}: must be from {} to {}", options.size, kMinSize, kMaxSize);
  }
  if (!options.encoding.empty() && options.encoding != "jpeg" && options.encoding != "raw") {
    fail(ExitCode::command_line, "--encoding {}: must be jpeg or raw", options.encoding);
  }
  if (options.quality < 1 || options.quality > 100) fail(ExitCode::command_line, "--quality {}: must be from 1 to 100", options.quality);
  if (options.shard_mib < 1 || options.shard_mib > 65536)
    fail(ExitCode::command_line, "--shard-mib {}: must be from 1 to 65536", options.shard_mib);
  if (!(options.val_fraction >= 0 && options.val_fraction <= 0.9)) {
    fail(ExitCode::command_line, "--val-fraction {}: must be from 0 to 0.9", options.val_fraction);
  }
  if (!(options.save_seconds >= 0 && options.save_seconds <= 3600))
    fail(ExitCode::command_line, "--save-seconds {}: must be from 0 to 3600", options.save_seconds);
  if (options.workers < 0 || options.workers > 1024)
    fail(ExitCode::command_line, "--workers {}: must be from 0 (all cores) to 1024", options.workers);
}

// "12" or "0.5%".
std::uint64_t parse_max_bad(const std::string& text, std::uint64_t num_items) {
  const bool percent = text.ends_with('%');
  const char* end = text.data() + text.size() - (percent ? 1 : 0);
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  const bool whole = percent || value == std::floor(value);
  if (error != std::errc() || stop != end || !(value >= 0) || !whole || value > (percent ? 100.0 : 1e15)) {
    fail(ExitCode::command_line, "--max-bad {}: must be a number of files such as 5, or a share such as 0.5%", text);
  }
  return static_cast<std::uint64_t>(percent ? std::floor(value / 100.0 * static_cast<double>(num_items)) : value);
}

void apply_class_file(PreparePlan& plan, const std::string& path) {
  const std::vector<ClassInfo>& known = plan.source->classes;
  std::vector<std::int32_t> new_label(known.size(), -1);
  const std::string text = read_text_file(path, 1 << 24);
  for_each_line(text, [&](std::size_t number, std::string_view line) {
    if (line.front() == '#') return;
    const std::size_t tab = line.find('\t');
    const std::string id(line.substr(0, tab));
    const auto found = std::ranges::find(known, id, &ClassInfo::id);
    if (found == known.end()) fail(ExitCode::bad_data, "{}:{}: class '{}' is not in {}", path, number, id, plan.source->layout);
    auto& label = new_label[static_cast<std::size_t>(found - known.begin())];
    if (label >= 0) fail(ExitCode::bad_data, "{}:{}: class '{}' is listed twice", path, number, id);
    label = static_cast<std::int32_t>(plan.classes.size());
    plan.classes.push_back({id, tab == std::string_view::npos ? found->name : std::string(line.substr(tab + 1))});
  });
  for (auto& [split, items] : plan.source->splits) {
    std::erase_if(items, [&](const SourceItem& item) { return new_label[static_cast<std::size_t>(item.label)] < 0; });
    for (SourceItem& item : items) item.label = new_label[static_cast<std::size_t>(item.label)];
  }
}

std::vector<std::vector<std::uint32_t>> positions_by_class(const std::vector<SourceItem>& items, std::size_t num_classes) {
  std::vector<std::vector<std::uint32_t>> positions(num_classes);
  for (std::size_t i = 0; i < items.size(); ++i)
    positions[static_cast<std::size_t>(items[i].label)].push_back(static_cast<std::uint32_t>(i));
  return positions;
}

// Moves items whose place is marked to the result; both keep their order.
std::vector<SourceItem> take_marked(std::vector<SourceItem>& items, const std::vector<char>& marked) {
  std::vector<SourceItem> taken, kept;
  for (std::size_t i = 0; i < items.size(); ++i) (marked[i] != 0 ? taken : kept).push_back(std::move(items[i]));
  items = std::move(kept);
  return taken;
}

void limit_classes(std::vector<SourceItem>& items, std::uint64_t limit, std::uint64_t seed, std::uint32_t tag, std::size_t num_classes) {
  std::vector<char> kept(items.size(), 0);
  const auto positions = positions_by_class(items, num_classes);
  for (std::size_t c = 0; c < num_classes; ++c) {
    const auto count = static_cast<std::uint32_t>(positions[c].size());
    const auto order = random_permutation(seed, RandomStream::split, (1 + tag) * kLimitTag + static_cast<std::uint32_t>(c), count);
    for (std::size_t i = 0; i < std::min<std::uint64_t>(count, limit); ++i) kept[positions[c][order[i]]] = 1;
  }
  items = take_marked(items, kept);
}

// round(fraction * n) of each class, but at least one where there are two, and never all.
std::vector<SourceItem> split_off(std::vector<SourceItem>& items, double fraction, std::uint64_t seed, std::size_t num_classes) {
  std::vector<char> marked(items.size(), 0);
  std::size_t num_single = 0;
  const auto positions = positions_by_class(items, num_classes);
  for (std::size_t c = 0; c < num_classes; ++c) {
    const auto count = static_cast<std::uint32_t>(positions[c].size());
    if (count < 2) {
      ++num_single;
      continue;
    }
    const auto share = std::clamp<std::int64_t>(std::llround(fraction * count), 1, count - 1);
    const auto order = random_permutation(seed, RandomStream::split, static_cast<std::uint32_t>(c), count);
    for (std::int64_t i = 0; i < share; ++i) marked[positions[c][order[static_cast<std::size_t>(i)]]] = 1;
  }
  if (num_single > 0)
    log::warning("{} of {} classes have a single picture: it stays in train, none is left to validate them", num_single, num_classes);
  return take_marked(items, marked);
}

void shuffle(std::vector<SourceItem>& items, std::uint64_t seed, const std::string& split) {
  if (items.size() > std::numeric_limits<std::uint32_t>::max())
    fail(ExitCode::bad_data, "{}: {} pictures are too many", split, items.size());
  const auto order = random_permutation(seed, RandomStream::pack_shuffle, split_tag(split), static_cast<std::uint32_t>(items.size()));
  std::vector<SourceItem> shuffled;
  shuffled.reserve(items.size());
  for (const std::uint32_t i : order) shuffled.push_back(std::move(items[i]));
  items = std::move(shuffled);
}

void choose_size(PreparePlan& plan, const PrepareOptions& options) {
  const std::int64_t native = plan.source->native_size;
  plan.size = options.size != 0 ? options.size : native != 0 ? native : kDefaultSize;
  plan.encoding = !options.encoding.empty() ? options.encoding : plan.size <= kLargestRaw ? "raw" : "jpeg";
  plan.quality = options.quality;
  plan.exif_orientation = options.exif_orientation;
  plan.takes_native_size = options.size == 0 && native != 0;
  log::info("stored as {} of {} x {} pixels{}",
            plan.encoding == "raw" ? "raw pixels (PPM)" : fmt::format("JPEG, quality {},", options.quality), plan.size, plan.size,
            plan.takes_native_size ? ", the source's own size (--size and --encoding change it)" : "");
}

void check_classes(const PreparePlan& plan, const std::string& source) {
  if (plan.classes.size() < 2) {
    fail(ExitCode::bad_data, "{}: one class only{}; a classifier needs two at least", source,
         plan.classes.empty() ? "" : " ('" + plan.classes.front().id + "')");
  }
  std::vector<std::string> empty;
  const auto positions = positions_by_class(plan.splits.front().items, plan.classes.size());
  for (std::size_t c = 0; c < positions.size(); ++c) {
    if (positions[c].empty()) empty.push_back(plan.classes[c].id);
  }
  if (!empty.empty()) fail(ExitCode::bad_data, "{}: no training picture of class {}", source, fmt::join(empty, ", "));
}

}  // namespace

std::uint64_t PreparePlan::num_items() const {
  std::uint64_t count = 0;
  for (const SplitPlan& split : splits) count += split.items.size();
  return count;
}

PreparePlan plan_preparation(const PrepareOptions& options) {
  check_options(options);
  parse_max_bad(options.max_bad, 0);  // its text, before anything is read
  PreparePlan plan;
  plan.source = open_source(options.source, {options.layout, options.seed, options.size});
  log::info("{}: layout {}: {}", options.source, plan.source->layout, plan.source->summary);
  for (const std::string& remark : plan.source->remarks) log::warning("{}", remark);
  if (options.classes_file.empty()) {
    plan.classes = plan.source->classes;
  } else {
    apply_class_file(plan, options.classes_file);
  }
  for (const char* name : {"train", "val", "test"}) {
    const auto found = plan.source->splits.find(name);
    if (found == plan.source->splits.end() && std::string(name) != "train") continue;
    plan.splits.push_back({name, {}});
    auto& items = plan.splits.back().items;
    if (found != plan.source->splits.end()) items = std::move(found->second);
    if (items.empty() && std::string(name) != "train") {  // by --classes
      plan.splits.pop_back();
      continue;
    }
    if (options.limit_per_class > 0) limit_classes(items, options.limit_per_class, options.seed, split_tag(name), plan.classes.size());
  }
  plan.source->splits.clear();
  check_classes(plan, options.source);
  if (plan.splits.size() == 1 && options.val_fraction > 0) {
    std::vector<SourceItem> val = split_off(plan.splits.front().items, options.val_fraction, options.seed, plan.classes.size());
    if (!val.empty()) {
      log::info("no validation pictures in the source: {} of {} are set apart, the same share of each class (--val-fraction)", val.size(),
                val.size() + plan.splits.front().items.size());
      plan.splits.push_back({"val", std::move(val)});
    }
  }
  if (plan.splits.size() == 1) log::warning("no validation split: `train` cannot measure its error on pictures it has not seen");
  for (SplitPlan& split : plan.splits) shuffle(split.items, options.seed, split.name);
  plan.max_bad = parse_max_bad(options.max_bad, plan.num_items());
  choose_size(plan, options);
  return plan;
}

const std::vector<std::string>& prepare_layouts() { return source_layouts(); }

}  // namespace alexnet
