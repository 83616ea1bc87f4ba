// --set key.path=value and model.file: what happens to the tree before it is read.
#pragma once

#include <string>

#include "config/tree.hpp"

namespace alexnet {

// Applies one "key.path=value"; the value is YAML. Layers are addressed by name: model.layers.conv1.stride=2. Throws
// Error(command_line) when there is no '=' or no key, Error(configuration) when the path leads nowhere. `model.file` replaces the model.
void apply_set(Tree& tree, const std::string& set);

// Where `model` has `file`: takes the model of that YAML, whose columns, num_classes and remove may be overridden beside it.
// A relative path starts in `folder`, the one of the YAML that says it.
void expand_model_file(Tree& tree, const std::string& folder);

// Throws Error(no_input) when it cannot be read, Error(configuration) when it is too large. `what` begins the message.
std::string read_yaml_file(const std::string& path, const std::string& what);

}  // namespace alexnet
