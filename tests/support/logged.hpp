#pragma once

#include <functional>
#include <string>

namespace alexnet {

// What the log says while `call` runs; its warnings count as seen.
std::string logged(const std::function<void()>& call);

}  // namespace alexnet
