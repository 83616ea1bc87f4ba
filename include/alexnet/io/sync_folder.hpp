// Names in a folder, made to last.
#pragma once

#include <string>

namespace alexnet {

// Without it a power cut may forget a rename, or that a file was made. Returns false, with errno, when it fails.
bool sync_folder(const std::string& path);

}  // namespace alexnet
