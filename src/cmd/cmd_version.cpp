#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "alexnet/ops/backend.hpp"
#include "cmd/version.hpp"
#include "version_info.hpp"  // generated

namespace alexnet {

std::string version_text(bool json) {
  const std::vector<std::string> backends = built_backends();
  const bool cuda = std::find(backends.begin(), backends.end(), "cuda") != backends.end();
  if (json) {
    const nlohmann::ordered_json object = {{"version", kVersion}, {"commit", kCommit},     {"backends", backends},
                                           {"cuda", cuda},        {"compiler", kCompiler}, {"build_type", kBuildType}};
    return object.dump() + "\n";
  }
  return fmt::format("alexnet {}\ncommit    {}\nbackends  {}\ncompiler  {}, {}\n", kVersion, kCommit, fmt::join(backends, ", "), kCompiler,
                     kBuildType);
}

}  // namespace alexnet
