#include "alexnet/ops/backend.hpp"

#include <array>

#include "alexnet/core/error.hpp"
#include "alexnet/core/log.hpp"
#include "ops/onednn_ops.hpp"

namespace alexnet {
namespace {

struct KnownBackend {
  std::string_view name;
  std::unique_ptr<Backend> (*make)(int num_threads);  // nullptr: not in this build
  std::string_view missing;                           // what the build lacks then
};

// In the order in which `auto` takes them.
constexpr std::array kKnownBackends{
    KnownBackend{"cuda", nullptr, "CUDA"},
    KnownBackend{"cudnn", nullptr, "cuDNN"},
    KnownBackend{"onednn", make_backend_onednn, ""},
};

std::unique_ptr<Backend> make_automatically(int num_threads) {
  std::string missing;
  for (const KnownBackend& known : kKnownBackends) {
    if (known.make == nullptr) {
      missing += fmt::format("{}{}", missing.empty() ? "built without " : " and ", known.missing);
      continue;
    }
    auto backend = known.make(num_threads);
    log::info("backend {}{}: {}", known.name, missing.empty() ? "" : fmt::format(" ({})", missing), backend->description());
    return backend;
  }
  fail(ExitCode::internal, "backend auto: this program was built without any backend");
}

}  // namespace

std::unique_ptr<Backend> make_backend(const std::string& name, int num_threads) {
  if (name == "auto") return make_automatically(num_threads);
  std::vector<std::string> names{"auto"};
  for (const KnownBackend& known : kKnownBackends) {
    names.emplace_back(known.name);
    if (known.name != name) continue;
    if (known.make != nullptr) return known.make(num_threads);
    fail(ExitCode::unavailable, "backend {}: this program was built without {}: reconfigure with cmake --preset cuda", name, known.missing);
  }
  const std::string nearest = nearest_name(name, names);
  fail(ExitCode::configuration, "backend {}: unknown{}; choose auto, onednn, cuda or cudnn", name,
       nearest.empty() ? "" : fmt::format(" (did you mean {}?)", nearest));
}

std::vector<std::string> built_backends() {
  std::vector<std::string> names;
  for (const KnownBackend& known : kKnownBackends) {
    if (known.make != nullptr) names.emplace_back(known.name);
  }
  return names;
}

}  // namespace alexnet
