// True when ALEXNET_TEST_REDUCED is set: sanitizer builds, ten times slower, run the same tests over smaller shapes.
#pragma once

namespace alexnet {

bool reduced();

}  // namespace alexnet
