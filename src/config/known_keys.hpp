// All keys that the configuration knows, for suggestions.
#pragma once

#include <string>
#include <vector>

namespace alexnet {

// "data", "data.crop", ... without layers.
const std::vector<std::string>& known_keys();
// Keys of a layer of this type ("weights.std" included); of any type for "".
std::vector<std::string> known_layer_keys(const std::string& type);

}  // namespace alexnet
