#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "alexnet/comm/ranks.hpp"
#include "alexnet/ops/backend.hpp"
#include "alexnet/selftest/selftest.hpp"
#include "cmd/version.hpp"
#include "version_info.hpp"  // generated

namespace alexnet {
namespace {

std::vector<std::string> never_run_on_gpu() {
  const std::string proven = fmt::format(",{},", kProvenOnGpu);
  std::vector<std::string> ops, known = selftest_ops();
  known.emplace_back("ranks");  // a training by several
  known.emplace_back("cudnn");  // the backend: its convolutions and a training with them
  for (const std::string& op : known) {
    if (proven.find("," + op + ",") == std::string::npos) ops.push_back(op);
  }
  return ops;
}

}  // namespace

std::string gpu_proof_text() {
  const std::vector<std::string> ops = never_run_on_gpu();
  return ops.empty() ? "Every op has run on a GPU." : fmt::format("Never run on a GPU: {}.", fmt::join(ops, ", "));
}

std::string version_text(bool json) {
  const std::vector<std::string> backends = built_backends();
  const bool cuda = std::find(backends.begin(), backends.end(), "cuda") != backends.end();
  if (json) {
    const nlohmann::ordered_json object = {{"version", kVersion},
                                           {"commit", kCommit},
                                           {"backends", backends},
                                           {"cuda", cuda},
                                           {"communicators", built_communicators()},
                                           {"selftest_ops", selftest_ops()},
                                           {"never_run_on_gpu", never_run_on_gpu()},
                                           {"compiler", kCompiler},
                                           {"build_type", kBuildType}};
    return object.dump() + "\n";
  }
  return fmt::format("alexnet {}\ncommit    {}\nbackends  {}\nranks     {}\ncompiler  {}, {}\n{}", kVersion, kCommit,
                     fmt::join(backends, ", "), fmt::join(built_communicators(), ", "), kCompiler, kBuildType,
                     cuda ? gpu_proof_text() + "\n" : "");
}

}  // namespace alexnet
