// What `alexnet --version` prints and what goes into RUN/environment.json.
#pragma once

#include <string>

namespace alexnet {

std::string version_text(bool json);

// "Never run on a GPU: conv2d, lrn." or "Every op has run on a GPU.": the selftest's ops without those that a report in docs/gpu proves.
// The README says the same.
std::string gpu_proof_text();

}  // namespace alexnet
