// Config -> Tree, every key resolved and in the order of `describe`.
#pragma once

#include "alexnet/config/config.hpp"
#include "config/tree.hpp"

namespace alexnet {

// `file` and `remove` of the model have done their work and are written as empty: the tree stands for the same network again.
Tree write_config(const Config& config);

}  // namespace alexnet
