#include "config/set_value.hpp"

#include <utility>
#include <vector>

#include "alexnet/core/error.hpp"

namespace alexnet {
namespace {

std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> parts(1);
  for (const char c : path) {
    if (c == '.') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

Tree& layer_named(Tree& layers, const std::string& name, const std::string& key) {
  std::vector<std::string> names;
  for (Tree& layer : layers.items) {
    const Tree* own = layer.kind == Tree::Kind::map ? layer.find("name") : nullptr;
    if (own == nullptr) continue;
    if (own->text == name) return layer;
    names.push_back(own->text);
  }
  const std::string nearest = nearest_name(name, names);
  fail(ExitCode::configuration, "--set {}: there is no layer {}; {}layers: {}", key, name,
       nearest.empty() ? "" : "did you mean " + nearest + "? ", fmt::join(names, ", "));
}

// `pad: 2` becomes a map with four edges, so that one of them can be set.
void expand_pad(Tree& pad) {
  const Tree number = pad;
  pad = Tree::map();
  pad.origin = number.origin;
  pad.line = number.line;
  for (const char* edge : {"top", "left", "bottom", "right"}) pad.set(edge, number);
}

// A new layer in an old one's place keeps its name.
void keep_name(Tree& layer, const Tree& name) {
  if (layer.kind == Tree::Kind::map && layer.find("name") == nullptr)
    layer.entries.insert(layer.entries.begin(), {"name", name.line, name});
}

}  // namespace

void apply_set(Tree& tree, const std::string& set) {
  const std::size_t equals = set.find('=');
  if (equals == std::string::npos) fail(ExitCode::command_line, "--set {}: there is no '='; write --set key.path=value", set);
  const std::string key = set.substr(0, equals);
  const std::vector<std::string> parts = split_path(key);
  for (const std::string& part : parts) {
    if (part.empty()) fail(ExitCode::command_line, "--set {}: a part of the key is empty; write --set key.path=value", set);
  }
  if (parts.size() > static_cast<std::size_t>(kMaxTreeDepth))
    fail(ExitCode::command_line, "--set {}: no key has {} parts", key, parts.size());
  const std::string origin = fmt::format("--set {}", set.size() > 100 ? set.substr(0, 100) + "..." : set);
  Tree value = parse_tree(set.substr(equals + 1), origin, false);
  const Tree& replacement = value;

  if (key == "model.file" && value.kind == Tree::Kind::scalar && (value.quoted || (value.text != "null" && value.text != "~"))) {
    Tree model = Tree::map();
    model.origin = value.origin;
    model.set("file", std::move(value));
    tree.set("model", std::move(model));
    expand_model_file(tree, "");
    return;
  }

  Tree* node = &tree;
  Tree name;  // of the layer that `node` is
  std::string path;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (node->kind == Tree::Kind::null) {
      *node = Tree::map();
      node->origin = value.origin;
    }
    if (node->kind == Tree::Kind::scalar && i > 0 && parts[i - 1] == "pad") expand_pad(*node);
    if (node->kind == Tree::Kind::sequence && path == "model.layers") {
      node = &layer_named(*node, parts[i], key);
      name = *node->find("name");
    } else if (node->kind == Tree::Kind::map) {
      node = &node->at_or_insert(parts[i]);
      if (i + 1 < parts.size()) name = Tree();
    } else {
      fail(ExitCode::configuration, "--set {}: {} is {}, no block of keys; set {} as a whole", key, path, describe_node(*node), path);
    }
    path += (i == 0 ? "" : ".") + parts[i];
  }
  *node = replacement;
  if (parts.size() == 3 && name.kind == Tree::Kind::scalar) keep_name(*node, name);
  if (key == "model") expand_model_file(tree, "");
}

}  // namespace alexnet
