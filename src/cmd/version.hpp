// What `alexnet --version` prints and what goes into RUN/environment.json.
#pragma once

#include <string>

namespace alexnet {

std::string version_text(bool json);

}  // namespace alexnet
