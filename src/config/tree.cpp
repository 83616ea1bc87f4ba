#include "config/tree.hpp"

#include <algorithm>
#include <utility>

#include "config/scalar.hpp"

namespace alexnet {

Tree Tree::scalar(std::string text, bool quoted) {
  Tree tree;
  tree.kind = Kind::scalar;
  tree.text = std::move(text);
  tree.quoted = quoted;
  return tree;
}

Tree Tree::sequence() {
  Tree tree;
  tree.kind = Kind::sequence;
  return tree;
}

Tree Tree::map() {
  Tree tree;
  tree.kind = Kind::map;
  return tree;
}

const Tree* Tree::find(std::string_view key) const {
  const auto entry = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.key == key; });
  return entry == entries.end() ? nullptr : &entry->value;
}

Tree* Tree::find(std::string_view key) { return const_cast<Tree*>(std::as_const(*this).find(key)); }

Tree& Tree::at_or_insert(const std::string& key) {
  if (Tree* existing = find(key)) return *existing;
  Tree value;
  value.origin = origin;
  value.line = line;
  entries.push_back({key, line, std::move(value)});
  return entries.back().value;
}

void Tree::set(const std::string& key, Tree value) {
  if (Tree* existing = find(key)) {
    *existing = std::move(value);
  } else {
    const int value_line = value.line;
    entries.push_back({key, value_line, std::move(value)});
  }
}

std::string Tree::where() const {
  const std::string name = origin ? *origin : "configuration";
  return line > 0 ? name + ":" + std::to_string(line) : name;
}

std::string describe_node(const Tree& node) {
  switch (node.kind) {
    case Tree::Kind::null:
      return "empty";
    case Tree::Kind::sequence:
      return "a list";
    case Tree::Kind::map:
      return "a block of keys";
    case Tree::Kind::scalar:
      break;
  }
  std::string shown = node.text.size() > 60 ? node.text.substr(0, 60) + "..." : node.text;
  if (node.quoted) return "the text \"" + shown + "\"";
  if (parse_number(node.text)) return "the number " + shown;
  if (node.text == "true" || node.text == "false") return shown;
  return "the text " + shown;
}

}  // namespace alexnet
