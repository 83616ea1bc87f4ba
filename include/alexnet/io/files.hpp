// Small files: whole-file reads and writes whose errors name the path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace alexnet {

// Throws Error(no_input) when absent or unreadable, Error(bad_data) when larger than max_bytes.
std::string read_text_file(const std::string& path, std::size_t max_bytes = std::size_t{1} << 26);
std::vector<std::uint8_t> read_binary_file(const std::string& path, std::size_t max_bytes = std::size_t{1} << 28);
// Temporary name, sync, rename. Throws Error(io_failed) with path and reason; the old file is then untouched.
void write_file_atomically(const std::string& path, std::string_view content);
// 8-bit RGB PNG, (height, width, 3).
void write_png(const std::string& path, const std::uint8_t* rgb, std::int64_t height, std::int64_t width);

}  // namespace alexnet
