// The factory of the cudnn backend: that of cuda with cuDNN's convolutions.
#pragma once

#include <memory>

#include "alexnet/ops/backend.hpp"

namespace alexnet {

std::unique_ptr<Backend> make_backend_cudnn(const BackendOptions& options);

}  // namespace alexnet
