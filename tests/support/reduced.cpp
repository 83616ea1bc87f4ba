#include "support/reduced.hpp"

#include <cstdlib>

namespace alexnet {

bool reduced() { return std::getenv("ALEXNET_TEST_REDUCED") != nullptr; }

}  // namespace alexnet
