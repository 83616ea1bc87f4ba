// What a file that is not what was expected looks like, in words for a message.
#pragma once

#include <string>
#include <string_view>

namespace alexnet {

// From the first bytes of a file: "a zip archive, such as a PyTorch .pt file"; "" when nothing is recognised.
std::string describe_file_kind(std::string_view head);

}  // namespace alexnet
