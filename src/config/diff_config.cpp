// What differs between two resolved configurations; layers are matched by name.
#include <fmt/format.h>

#include <algorithm>

#include "alexnet/config/config.hpp"
#include "config/scalar.hpp"
#include "config/write_config.hpp"

namespace alexnet {
namespace {

using Lines = std::vector<std::string>;

void diff(const std::string& path, const Tree* a, const Tree* b, Lines& lines);

std::vector<std::string> layer_names(const Tree& layers) {
  std::vector<std::string> names;
  for (const Tree& layer : layers.items) names.push_back(layer.find("name")->text);
  return names;
}

const Tree* layer_named(const Tree& layers, const std::string& name) {
  const auto layer = std::find_if(layers.items.begin(), layers.items.end(), [&](const Tree& l) { return l.find("name")->text == name; });
  return layer == layers.items.end() ? nullptr : &*layer;
}

std::vector<std::string> names_in_both(const Tree& own, const Tree& other) {
  std::vector<std::string> names = layer_names(own);
  std::erase_if(names, [&](const std::string& name) { return layer_named(other, name) == nullptr; });
  return names;
}

// "act1 lrn1 pool1 -> lrn1 pool1 act1": the stretch from the first to the last difference of two orders of the same names.
std::string diff_order(std::vector<std::string> a, std::vector<std::string> b) {
  while (!a.empty() && a.back() == b.back()) {
    a.pop_back();
    b.pop_back();
  }
  const auto first = std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin();
  return fmt::format("{} -> {}", fmt::join(a.begin() + first, a.end(), " "), fmt::join(b.begin() + first, b.end(), " "));
}

void diff_layers(const std::string& path, const Tree& a, const Tree& b, Lines& lines) {
  const std::vector<std::string> a_order = names_in_both(a, b), b_order = names_in_both(b, a);
  if (a_order != b_order) lines.push_back(path + ": order " + diff_order(a_order, b_order));
  for (const std::string& name : layer_names(a)) {
    const Tree* other = layer_named(b, name);
    if (other == nullptr) {
      lines.push_back(fmt::format("{}.{}: only in the first", path, name));
    } else {
      diff(fmt::format("{}.{}", path, name), layer_named(a, name), other, lines);
    }
  }
  for (const std::string& name : layer_names(b)) {
    if (layer_named(a, name) == nullptr) lines.push_back(fmt::format("{}.{}: only in the second", path, name));
  }
}

void diff(const std::string& path, const Tree* a, const Tree* b, Lines& lines) {
  // Timed values, {0: 0.1, 67: 0}, are compared as a whole.
  const auto is_block = [](const Tree* t) {
    return t != nullptr && t->kind == Tree::Kind::map && !t->entries.empty() && !parse_number(t->entries[0].key);
  };
  if (path == "model.layers") {
    diff_layers(path, *a, *b, lines);
  } else if (is_block(a) && is_block(b)) {
    const std::string prefix = path.empty() ? "" : path + ".";
    for (const Tree::Entry& entry : a->entries) diff(prefix + entry.key, &entry.value, b->find(entry.key), lines);
    for (const Tree::Entry& entry : b->entries) {
      if (a->find(entry.key) == nullptr) diff(prefix + entry.key, nullptr, &entry.value, lines);
    }
  } else {
    const std::string old_text = a != nullptr ? emit_flow(*a) : "absent", new_text = b != nullptr ? emit_flow(*b) : "absent";
    if (old_text != new_text) lines.push_back(path + ": " + old_text + " -> " + new_text);
  }
}

}  // namespace

std::vector<std::string> diff_configs(const Config& a, const Config& b) {
  const Tree tree_a = write_config(a), tree_b = write_config(b);
  Lines lines;
  diff("", &tree_a, &tree_b, lines);
  return lines;
}

}  // namespace alexnet
