// Errors of oneDNN become errors of the program.
#include "ops/onednn_common.hpp"

#include "support/expect_error.hpp"

#include <gtest/gtest.h>

namespace alexnet {
namespace {

TEST(OnednnCommon, MemoryThatIsShortIsToldFromBugs) {
  expect_error(ExitCode::out_of_memory, {"conv1: oneDNN: no room"},
               [] { onednn::guarded("conv1", [] { throw dnnl::error(dnnl_out_of_memory, "no room"); }); });
  expect_error(ExitCode::internal, {"conv1: oneDNN: no such primitive"},
               [] { onednn::guarded("conv1", [] { throw dnnl::error(dnnl_unimplemented, "no such primitive"); }); });
}

}  // namespace
}  // namespace alexnet
