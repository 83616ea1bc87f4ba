// Tree -> struct: one block of keys. Each read says what is wrong with file, line, key and value.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "alexnet/core/error.hpp"
#include "config/fields.hpp"
#include "config/tree.hpp"

namespace alexnet {

class Reader {
 public:
  // `path`: of the block, "" for the whole document. Throws when `block` is no map.
  Reader(const Tree& block, std::string path);

  template <class T>
  void operator()(const char* key, T&& field, const Rule& rule = {}) {
    seen_.emplace_back(key);
    const Tree* value = block_.find(key);
    if constexpr (is_block<T>) {
      const Tree empty = empty_block();
      read(value != nullptr ? *value : empty, path_of(key), field, rule);
    } else if (value != nullptr) {
      read(*value, path_of(key), field, rule);
    } else if (rule.required) {
      fail_missing(path_of(key));
    }
  }
  void layers(const char* key, ModelConfig& model);

  // Refuses the keys that were not asked for. `layer_type`: of a layer, for a better message.
  void finish(const std::string& layer_type = {}) const;

 private:
  template <class T>
  static constexpr bool is_block = requires(Reader& below, T& block) {
    describe(below, block);
  };

  Tree empty_block() const;
  std::string path_of(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }
  [[noreturn]] void fail_missing(const std::string& path) const;

  static void read(const Tree& node, const std::string& path, bool& value, const Rule& rule);
  static void read(const Tree& node, const std::string& path, std::int64_t& value, const Rule& rule);
  static void read(const Tree& node, const std::string& path, std::uint64_t& value, const Rule& rule);
  static void read(const Tree& node, const std::string& path, double& value, const Rule& rule);
  static void read(const Tree& node, const std::string& path, std::string& value, const Rule& rule);
  static void read(const Tree& node, const std::string& path, TimedValue& value, const Rule& rule);
  static void read(const Tree& node, const std::string& path, Padding& value, const Rule& rule);

  template <class N, class F>
  static void read(const Tree& node, const std::string& path, CountOrClasses<N, F>& value, const Rule& rule) {
    value.is_classes = node.kind == Tree::Kind::scalar && node.text == "num_classes";
    if (!value.is_classes) read(node, path, value.count, rule);
  }

  template <class T>
  static void read(const Tree& node, const std::string& path, std::optional<T>& value, const Rule& rule) {
    const bool absent = rule.absent == "null" ? is_null(node) : node.kind == Tree::Kind::scalar && node.text == rule.absent;
    value.reset();
    if (!absent) read(node, path, value.emplace(), rule);
  }

  template <class T>
  static void read(const Tree& node, const std::string& path, std::vector<T>& values, const Rule& rule) {
    if (node.kind != Tree::Kind::sequence) fail_type(node, path, "a list: [a, b]");
    values.clear();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      T value{};
      const std::string item_path = path + "[" + std::to_string(i) + "]";
      read(node.items[i], item_path, value, rule);
      if constexpr (requires { value < values[0]; }) {
        if (rule.ascending && !values.empty() && value <= values.back())
          fail_value(node.items[i], item_path, "larger than the one before it");
      }
      values.push_back(value);
    }
  }

  template <class T>
  requires is_block<T>
  static void read(const Tree& node, const std::string& path, T& block, const Rule&) {
    Reader below(node, path);
    describe(below, block);
    below.finish();
  }

  static bool is_null(const Tree& node);
  static void check_range(const Tree& node, const std::string& path, double value, const Rule& rule);
  static void check_words(const Tree& node, const std::string& path, const Rule& rule);
  // "FILE:LINE: key PATH must be WHAT, not NODE"
  [[noreturn]] static void fail_type(const Tree& node, const std::string& path, const std::string& what, const std::string& advice = {});
  // "FILE:LINE: key PATH is NODE; it must be WHAT"
  [[noreturn]] static void fail_value(const Tree& node, const std::string& path, const std::string& what);

  const Tree& block_;
  std::string path_;
  std::vector<std::string> seen_;
};

// The whole document, checked (read_config.cpp).
Config read_config(const Tree& tree);

}  // namespace alexnet
