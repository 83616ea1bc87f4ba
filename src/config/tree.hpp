// A YAML document as a plain tree that knows the file and line of every node. Only parse_tree.cpp knows the YAML library.
//
// Scalars stay text: what a plain scalar means depends on the field that wants it (scalar.hpp).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace alexnet {

struct Tree {
  enum class Kind { null, scalar, sequence, map };
  struct Entry;

  Kind kind = Kind::null;
  std::string text;                           // of a scalar
  bool quoted = false;                        // scalar in quotes: text, whatever it looks like
  std::vector<Tree> items;                    // of a sequence
  std::vector<Entry> entries;                 // of a map, in the file's order
  std::shared_ptr<const std::string> origin;  // file name, or "--set key=value"
  int line = 0;                               // from 1; 0: the origin has no lines

  static Tree scalar(std::string text, bool quoted = false);
  static Tree sequence();
  static Tree map();

  const Tree* find(std::string_view key) const;  // of a map; nullptr when absent
  Tree* find(std::string_view key);
  Tree& at_or_insert(const std::string& key);  // of a map; a new entry has this map's origin
  void set(const std::string& key, Tree value);
  std::string where() const;  // "configs/alexnet.yaml:41"
};

struct Tree::Entry {
  std::string key;
  int line = 0;
  Tree value;
};

inline constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20;
inline constexpr int kMaxTreeNodes = 20000;  // after aliases are expanded
inline constexpr int kMaxTreeDepth = 32;

// Parses one YAML document. `origin` is used in messages; without `has_lines` they name no line. Throws Error(configuration) for what
// is not YAML, doubled keys, tags, merge keys, more than one document, and documents beyond the limits above.
Tree parse_tree(const std::string& yaml, const std::string& origin, bool has_lines = true);

// YAML that parse_tree and PyYAML read as `tree` again: blocks for maps of maps and lists of maps, flow style below.
std::string emit_tree(const Tree& tree);
std::string emit_flow(const Tree& tree);  // in one line

// "a list", "a block of keys", "the text x", "the number 5": what a node is, for messages.
std::string describe_node(const Tree& node);

}  // namespace alexnet
