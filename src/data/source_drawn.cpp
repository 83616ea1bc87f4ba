// drawn:classes=10,train=2000,val=500: pictures drawn by the program (drawn.cpp). Picture i of a split is of class i % classes; val is
// drawn with another seed than train.
#include <charconv>
#include <map>

#include "alexnet/core/error.hpp"
#include "alexnet/core/rng.hpp"
#include "data/drawn.hpp"
#include "data/source.hpp"

namespace alexnet {
namespace {

constexpr std::int64_t kDefaultSize = 64, kMinSize = 16, kMaxSize = 1024;

struct Key {
  std::uint64_t value, low, high;
};

std::map<std::string, Key> parse(const std::string& text) {
  std::map<std::string, Key> keys = {
      {"classes", {10, 2, drawn_shapes().size()}}, {"train", {2000, 1, 10'000'000}}, {"val", {500, 0, 10'000'000}}};
  constexpr std::string_view kExample = "; for example drawn:classes=10,train=2000,val=500";
  std::map<std::string, bool> seen;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    begin = end + 1;
    const std::size_t equals = part.find('=');
    const std::string name = part.substr(0, equals);
    const auto key = keys.find(name);
    if (key == keys.end()) fail(ExitCode::command_line, "drawn: unknown key '{}'; known are classes, train and val{}", name, kExample);
    if (std::exchange(seen[name], true)) fail(ExitCode::command_line, "drawn: key '{}' is given twice", name);
    const std::string value = equals == std::string::npos ? "" : part.substr(equals + 1);
    const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), key->second.value);
    if (error != std::errc() || stop != value.data() + value.size() || key->second.value < key->second.low ||
        key->second.value > key->second.high) {
      fail(ExitCode::command_line, "drawn: {}={}: must be a whole number from {} to {}{}", name, value, key->second.low, key->second.high,
           kExample);
    }
  }
  return keys;
}

class DrawnSource : public Source {
 public:
  DrawnSource(std::uint64_t seed, std::int64_t size) : size_(size) {
    for (std::uint32_t tag = 0; tag < 2; ++tag) {
      // Of a reserved index, so that no picture shares its numbers.
      const RandomBlock block = random_block(seed, RandomStream::drawn_picture, ~std::uint64_t{0}, tag);
      split_seeds_[tag] = static_cast<std::uint64_t>(block[0]) << 32 | block[1];
    }
  }
  std::variant<EncodedPicture, Picture> load(const std::string& split, const SourceItem& item) const override {
    return draw_picture(split_seeds_[split == "train" ? 0 : 1], item.position, item.label, size_);
  }

 private:
  std::array<std::uint64_t, 2> split_seeds_{};
  std::int64_t size_;
};

}  // namespace

std::unique_ptr<Source> open_drawn_source(const std::string& text, std::uint64_t seed, std::int64_t size) {
  if (size == 0) size = kDefaultSize;
  if (size < kMinSize || size > kMaxSize)
    fail(ExitCode::command_line, "--size {}: drawn pictures have from {} to {} pixels a side", size, kMinSize, kMaxSize);
  const auto keys = parse(text);
  auto source = std::make_unique<DrawnSource>(seed, size);
  source->layout = "drawn";
  source->native_size = size;
  const std::uint64_t num_classes = keys.at("classes").value;
  for (std::uint64_t c = 0; c < num_classes; ++c) source->classes.push_back({drawn_shapes()[c], drawn_shapes()[c]});
  for (const char* split : {"train", "val"}) {
    const std::uint64_t count = keys.at(split).value;
    if (count == 0) continue;
    auto& items = source->splits[split];
    items.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i)
      items.push_back({fmt::format("drawn:{}/{}", split, i), static_cast<std::int32_t>(i % num_classes), i});
  }
  source->summary = fmt::format("{} shapes", num_classes);
  return source;
}

}  // namespace alexnet
