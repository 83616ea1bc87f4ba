#include "config/reader.hpp"

#include <algorithm>
#include <cmath>

#include "config/known_keys.hpp"
#include "config/scalar.hpp"

namespace alexnet {
namespace {

std::string join(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

// 4096 and 0.5, not 4096.0.
std::string bound(double value) {
  std::string text = format_double(value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

bool is_scalar(const Tree& node) { return node.kind == Tree::Kind::scalar; }

// The name of the layer of an item of model.layers, or its position.
std::string layer_path(const std::string& path, const Tree& item, std::size_t i) {
  const Tree* name = item.kind == Tree::Kind::map ? item.find("name") : nullptr;
  return name != nullptr && is_scalar(*name) && !name->text.empty() ? path + "." + name->text : path + "[" + std::to_string(i) + "]";
}

}  // namespace

Reader::Reader(const Tree& block, std::string path) : block_(block), path_(std::move(path)) {
  if (block.kind == Tree::Kind::map) return;
  if (path_.empty())
    fail(ExitCode::configuration, "{}: a configuration is a block of keys (seed, data, model, ...), not {}", block.where(),
         describe_node(block));
  fail_type(block, path_, "a block of keys");
}

Tree Reader::empty_block() const {
  Tree empty = Tree::map();
  empty.origin = block_.origin;
  empty.line = block_.line;
  return empty;
}

void Reader::fail_missing(const std::string& path) const {
  fail(ExitCode::configuration, "{}: key {} is missing; it has no default", block_.where(), path);
}

void Reader::fail_type(const Tree& node, const std::string& path, const std::string& what, const std::string& advice) {
  fail(ExitCode::configuration, "{}: key {} must be {}, not {}{}{}", node.where(), path, what, describe_node(node),
       advice.empty() ? "" : "; ", advice);
}

void Reader::fail_value(const Tree& node, const std::string& path, const std::string& what) {
  fail(ExitCode::configuration, "{}: key {} is {}; it must be {}", node.where(), path, is_scalar(node) ? node.text : describe_node(node),
       what);
}

bool Reader::is_null(const Tree& node) {
  return node.kind == Tree::Kind::null || (is_scalar(node) && !node.quoted && (node.text == "null" || node.text == "~"));
}

void Reader::check_range(const Tree& node, const std::string& path, double value, const Rule& rule) {
  const bool low = rule.above_min ? value <= rule.min : value < rule.min, high = rule.below_max ? value >= rule.max : value > rule.max;
  if (!low && !high) return;
  fail_value(
      node, path,
      (rule.above_min ? "above " : "at least ") + bound(rule.min) + " and " + (rule.below_max ? "below " : "at most ") + bound(rule.max));
}

void Reader::check_words(const Tree& node, const std::string& path, const Rule& rule) {
  if (rule.words.empty() || std::find(rule.words.begin(), rule.words.end(), node.text) != rule.words.end()) return;
  const std::string nearest = nearest_name(node.text, rule.words);
  fail_value(node, path, "one of " + join(rule.words) + (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
}

void Reader::read(const Tree& node, const std::string& path, bool& value, const Rule&) {
  if (!is_scalar(node) || node.quoted || (node.text != "true" && node.text != "false")) {
    fail_type(node, path, "true or false", is_scalar(node) ? boolean_advice(node.text) : "");
  }
  value = node.text == "true";
}

void Reader::read(const Tree& node, const std::string& path, std::int64_t& value, const Rule& rule) {
  if (!is_scalar(node) || node.quoted || !is_integer(node.text)) {
    const std::string what = rule.absent == "null" ? "an integer" : "an integer or " + rule.absent;
    fail_type(node, path, what);
  }
  const auto number = parse_int64(node.text);
  check_range(node, path, number ? static_cast<double>(*number) : node.text[0] == '-' ? -1e30 : 1e30, rule);
  if (!number) fail_value(node, path, "an integer of 64 bits");
  value = *number;
  check_words(node, path, rule);
}

void Reader::read(const Tree& node, const std::string& path, std::uint64_t& value, const Rule&) {
  if (!is_scalar(node) || node.quoted || !is_integer(node.text)) fail_type(node, path, "an integer");
  const auto number = parse_uint64(node.text);
  if (!number) fail_value(node, path, "between 0 and 18446744073709551615");
  value = *number;
}

void Reader::read(const Tree& node, const std::string& path, double& value, const Rule& rule) {
  const auto number = is_scalar(node) && !node.quoted ? parse_number(node.text) : std::nullopt;
  if (!number) fail_type(node, path, "a number", is_scalar(node) ? number_advice(node.text) : "");
  check_range(node, path, *number, rule);
  value = *number;
}

void Reader::read(const Tree& node, const std::string& path, std::string& value, const Rule& rule) {
  if (!is_scalar(node)) fail_type(node, path, rule.words.empty() ? "text" : "one of " + join(rule.words));
  if (node.text.empty()) fail(ExitCode::configuration, "{}: key {} is an empty text", node.where(), path);
  if (!node.quoted && is_ambiguous_text(node.text)) fail_type(node, path, "text", "to mean the text, write it in quotes");
  if (std::any_of(node.text.begin(), node.text.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; })) {
    fail(ExitCode::configuration, "{}: key {} holds a control character", node.where(), path);
  }
  check_words(node, path, rule);
  const bool is_name = node.text[0] >= 'a' && node.text[0] <= 'z' &&
                       node.text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos && node.text.size() <= 64;
  if (rule.name && !is_name)
    fail_value(node, path, "a name of at most 64 small letters, digits and _ that begins with a letter, like conv1");
  value = node.text;
}

void Reader::read(const Tree& node, const std::string& path, TimedValue& value, const Rule& rule) {
  if (node.kind != Tree::Kind::map) {
    double number = 0;
    if (!is_scalar(node)) fail_type(node, path, "a number or a map {first epoch: number}");
    read(node, path, number, rule);
    value = number;
    return;
  }
  value.points.clear();
  for (const Tree::Entry& entry : node.entries) {
    const auto epoch = parse_number(entry.key);
    if (!epoch || *epoch < 0)
      fail(ExitCode::configuration, "{}: key {}: {} is no epoch; a timed value is a map {{first epoch: number}} with epochs from 0",
           entry.value.where(), path, entry.key);
    double number = 0;
    read(entry.value, path + "." + entry.key, number, rule);
    value.points.emplace_back(*epoch, number);
  }
  std::sort(value.points.begin(), value.points.end());
  if (value.points.empty() || value.points[0].first != 0)
    fail(ExitCode::configuration, "{}: key {}: a timed value must say what holds from epoch 0: {{0: number, ...}}", node.where(), path);
  for (std::size_t i = 1; i < value.points.size(); ++i) {
    if (value.points[i].first == value.points[i - 1].first)
      fail(ExitCode::configuration, "{}: key {} has two values from epoch {}", node.where(), path, bound(value.points[i].first));
  }
}

void Reader::read(const Tree& node, const std::string& path, Padding& value, const Rule& rule) {
  value = {};
  if (is_scalar(node)) {
    read(node, path, value.top, rule);
    value.left = value.bottom = value.right = value.top;
    return;
  }
  if (node.kind != Tree::Kind::map) fail_type(node, path, "an integer or a map {top, left, bottom, right}");
  Reader edges(node, path);
  edges("top", value.top, rule);
  edges("left", value.left, rule);
  edges("bottom", value.bottom, rule);
  edges("right", value.right, rule);
  edges.finish();
}

void Reader::layers(const char* key, ModelConfig& model) {
  seen_.emplace_back(key);
  const std::string path = path_of(key);
  const Tree* list = block_.find(key);
  if (list == nullptr) fail_missing(path);
  if (list->kind != Tree::Kind::sequence || list->items.empty())
    fail_type(*list, path, "a list of layers, one or more: - {name: conv1, type: conv2d, ...}");
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Tree& item = list->items[i];
    LayerConfig layer;
    layer.where = item.where();
    layer.weights = model.default_weights;
    layer.bias = model.default_bias;
    Reader reader(item, layer_path(path, item, i));
    describe(reader, layer);
    reader.finish(layer.type);
    model.layers.push_back(std::move(layer));
  }
}

void Reader::finish(const std::string& layer_type) const {
  for (const Tree::Entry& entry : block_.entries) {
    if (std::find(seen_.begin(), seen_.end(), entry.key) != seen_.end()) continue;
    Tree here;  // the key's own line
    here.origin = entry.value.origin;
    here.line = entry.value.line > 0 ? entry.line : 0;  // a value from --set has none
    const std::string path = path_of(entry.key);
    if (!layer_type.empty()) {
      const std::vector<std::string> any = known_layer_keys("");
      if (std::find(any.begin(), any.end(), entry.key) != any.end()) {
        fail(ExitCode::configuration, "{}: key {}: a layer of type {} has no {}; it has {}", here.where(), path, layer_type, entry.key,
             join(seen_));
      }
    }
    // The same word in another block is the likeliest mistake, then a slip of the pen.
    const std::string suffix = "." + entry.key;
    for (const std::string& known : known_keys()) {
      if (known.ends_with(suffix) && layer_type.empty())
        fail(ExitCode::configuration, "{}: key {} is unknown; did you mean {}?", here.where(), path, known);
    }
    const std::string nearest = nearest_name(entry.key, seen_);
    const std::string hint = nearest.empty() ? "known here: " + join(seen_) : "did you mean " + path_of(nearest) + "?";
    fail(ExitCode::configuration, "{}: key {} is unknown; {}", here.where(), path, hint);
  }
}

}  // namespace alexnet
