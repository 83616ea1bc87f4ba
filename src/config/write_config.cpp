#include "config/write_config.hpp"

#include <concepts>
#include <string>

#include "config/fields.hpp"
#include "config/scalar.hpp"

namespace alexnet {
namespace {

Tree number(double value) { return Tree::scalar(format_double(value)); }

class Writer {
 public:
  template <class T>
  void operator()(const char* key, T&& field, const Rule& rule = {}) {
    map_.set(key, write(field, rule));
  }
  void layers(const char* key, const ModelConfig& model) { map_.set(key, write(model.layers, {})); }
  Tree take() { return std::move(map_); }

 private:
  static Tree write(bool value, const Rule&) { return Tree::scalar(value ? "true" : "false"); }
  template <std::integral T>
  static Tree write(T value, const Rule&) {
    return Tree::scalar(std::to_string(value));
  }
  static Tree write(double value, const Rule&) { return number(value); }
  static Tree write(const std::string& value, const Rule&) { return Tree::scalar(value, true); }
  template <class T>
  static Tree write(const std::optional<T>& value, const Rule& rule) {
    if (value) return write(*value, rule);
    return rule.absent == "null" ? Tree() : Tree::scalar(rule.absent);
  }
  template <class T>
  static Tree write(const std::vector<T>& values, const Rule& rule) {
    Tree list = Tree::sequence();
    for (const T& value : values) list.items.push_back(write(value, rule));
    return list;
  }
  static Tree write(const TimedValue& value, const Rule&) {
    if (value.points.size() == 1) return number(value.points[0].second);
    Tree map = Tree::map();
    for (const auto& [epoch, v] : value.points) {
      std::string key = format_double(epoch);
      if (key.ends_with(".0")) key.resize(key.size() - 2);  // 67, not 67.0
      map.set(key, number(v));
    }
    return map;
  }
  static Tree write(const Padding& pad, const Rule& rule) {
    if (pad == Padding{pad.top, pad.top, pad.top, pad.top}) return write(pad.top, rule);
    Tree map = Tree::map();
    map.set("top", write(pad.top, rule));
    map.set("left", write(pad.left, rule));
    map.set("bottom", write(pad.bottom, rule));
    map.set("right", write(pad.right, rule));
    return map;
  }
  template <class N, class F>
  static Tree write(const CountOrClasses<N, F>& value, const Rule& rule) {
    return value.is_classes ? Tree::scalar("num_classes") : write(value.count, rule);
  }
  template <class T>
  requires requires(Writer& below, const T& block) { describe(below, block); }
  static Tree write(const T& block, const Rule&) {
    Writer below;
    describe(below, block);
    return below.take();
  }

  Tree map_ = Tree::map();
};

}  // namespace

Tree write_config(const Config& config) {
  Config resolved = config;
  resolved.model.file.reset();
  resolved.model.remove.clear();
  Writer writer;
  const Config& c = resolved;
  describe(writer, c);
  return writer.take();
}

std::string dump_config(const Config& config) { return emit_tree(write_config(config)); }

}  // namespace alexnet
