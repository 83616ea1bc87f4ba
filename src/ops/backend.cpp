#include "alexnet/ops/backend.hpp"

#include <array>

#include "alexnet/core/error.hpp"
#include "alexnet/core/log.hpp"
#include "ops/onednn_ops.hpp"
#include "ops/ops_cuda.hpp"
#include "ops/ops_cudnn.hpp"

namespace alexnet {
namespace {

struct KnownBackend {
  std::string_view name;
  std::unique_ptr<Backend> (*make)(const BackendOptions& options);  // nullptr: not in this build
  std::string_view missing;                                         // what the build lacks then
};

#ifdef ALEXNET_CUDNN
constexpr auto kMakeBackendCudnn = make_backend_cudnn;
#else
constexpr std::unique_ptr<Backend> (*kMakeBackendCudnn)(const BackendOptions&) = nullptr;
#endif
#ifdef ALEXNET_CUDA
constexpr auto kMakeBackendCuda = make_backend_cuda;
#else
constexpr std::unique_ptr<Backend> (*kMakeBackendCuda)(const BackendOptions&) = nullptr;
#endif

// In the order in which `auto` takes them.
constexpr std::array kKnownBackends{
    KnownBackend{"cuda", kMakeBackendCuda, "CUDA"},
    KnownBackend{"cudnn", kMakeBackendCudnn, "cuDNN"},
    KnownBackend{"onednn", make_backend_onednn, ""},
};

std::unique_ptr<Backend> make_automatically(const BackendOptions& options) {
  std::string reasons;  // why none before it
  const auto add = [&](const std::string& reason) { reasons += (reasons.empty() ? "" : "; ") + reason; };
  for (const KnownBackend& known : kKnownBackends) {
    if (known.make == nullptr) {
      add(fmt::format("built without {}", known.missing));
      continue;
    }
    try {
      auto backend = known.make(options);
      log::info("backend {}{}: {}", known.name, reasons.empty() ? "" : fmt::format(" ({})", reasons), backend->description());
      return backend;
    } catch (const Error& error) {
      if (error.code() != ExitCode::unavailable) throw;
      add(error.what());
    }
  }
  fail(ExitCode::internal, "backend auto: this program was built without any backend");
}

}  // namespace

std::unique_ptr<Backend> make_backend(const std::string& name, const BackendOptions& options) {
  if (name == "auto") return make_automatically(options);
  std::vector<std::string> names{"auto"};
  for (const KnownBackend& known : kKnownBackends) {
    names.emplace_back(known.name);
    if (known.name != name) continue;
    if (known.make != nullptr) return known.make(options);
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
