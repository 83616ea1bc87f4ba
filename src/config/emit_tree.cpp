// Tree -> YAML text. A map that holds maps, or a list of maps, is a block; everything below is written in flow style.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "config/scalar.hpp"
#include "config/tree.hpp"

namespace alexnet {
namespace {

constexpr std::size_t kMaxWidth = 140;

bool is_map(const Tree& tree) { return tree.kind == Tree::Kind::map; }

bool has_maps(const Tree& tree) {
  return std::any_of(tree.items.begin(), tree.items.end(), is_map) ||
         std::any_of(tree.entries.begin(), tree.entries.end(), [](const Tree::Entry& e) { return is_map(e.value) || has_maps(e.value); });
}

// One item of a list of maps: "- {a: 1, b: 2}", broken before what would run over the width.
std::string emit_item(const Tree& item, int indent) {
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  std::string text, line = margin + "- {";
  for (std::size_t i = 0; i < item.entries.size(); ++i) {
    const Tree::Entry& entry = item.entries[i];
    const std::string part = entry.key + ": " + emit_flow(entry.value) + (i + 1 < item.entries.size() ? "," : "}");
    if (i > 0 && line.size() + 1 + part.size() > kMaxWidth) {
      text += line + "\n";
      line = margin + "   ";
    } else if (i > 0) {
      line += " ";
    }
    line += part;
  }
  return text + line + (item.entries.empty() ? "}\n" : "\n");
}

std::string emit_block(const Tree& map, int indent) {
  std::string text;
  for (const Tree::Entry& entry : map.entries) {
    text += std::string(static_cast<std::size_t>(indent), ' ') + entry.key + ":";
    const Tree& value = entry.value;
    const bool top_level = indent == 0 && is_map(value) && !value.entries.empty();
    if (is_map(value) && (top_level || has_maps(value))) {
      text += "\n";
      text += emit_block(value, indent + 2);
    } else if (value.kind == Tree::Kind::sequence && has_maps(value)) {
      text += "\n";
      for (const Tree& item : value.items) text += emit_item(item, indent + 2);
    } else {
      text += fmt::format(" {}\n", emit_flow(value));
    }
    if (indent == 0 && top_level) text += "\n";
  }
  return text;
}

}  // namespace

std::string emit_flow(const Tree& tree) {
  std::string text;
  switch (tree.kind) {
    case Tree::Kind::null:
      return "null";
    case Tree::Kind::scalar:
      return tree.quoted ? format_text(tree.text) : tree.text;
    case Tree::Kind::sequence:
      for (const Tree& item : tree.items) text += (text.empty() ? "" : ", ") + emit_flow(item);
      return "[" + text + "]";
    case Tree::Kind::map:
      for (const Tree::Entry& entry : tree.entries) text += (text.empty() ? "" : ", ") + entry.key + ": " + emit_flow(entry.value);
      return "{" + text + "}";
  }
  return text;
}

std::string emit_tree(const Tree& tree) { return emit_block(tree, 0); }

}  // namespace alexnet
