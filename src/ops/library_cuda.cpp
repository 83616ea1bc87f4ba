#include "ops/library_cuda.hpp"

#include <dlfcn.h>

#include <utility>

#include "alexnet/core/error.hpp"

namespace alexnet {

LibraryCuda::LibraryCuda(std::string backend, std::string file, const std::vector<std::string>& folders, const std::string& advice)
    : backend_(std::move(backend)), file_(std::move(file)) {
  std::string why;
  for (const std::string& folder : folders) {
    library_ = dlopen((folder.empty() ? file_ : folder + "/" + file_).c_str(), RTLD_NOW);
    if (library_ != nullptr) return;
    if (why.empty()) why = dlerror();
  }
  fail(ExitCode::unavailable, "backend {}: {}; {}", backend_, why, advice);
}

void* LibraryCuda::symbol(const char* name) const {
  void* found = dlsym(library_, name);
  if (found == nullptr) fail(ExitCode::unavailable, "backend {}: {} has no function {}: another version?", backend_, file_, name);
  return found;
}

}  // namespace alexnet
