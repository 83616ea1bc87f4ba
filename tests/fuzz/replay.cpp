// Gives a fuzz target every file of the folders named on the command line, and each of them cut short in a few places.
#include <filesystem>
#include <iostream>
#include <set>

#include "alexnet/io/files.hpp"
#include "fuzz_target.hpp"

int main(int argc, char** argv) {
  std::size_t num_files = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      const std::vector<std::uint8_t> bytes = alexnet::read_binary_file(entry.path().string());
      for (const std::size_t size :
           std::set<std::size_t>{0, bytes.size() / 3, bytes.size() / 2, bytes.size() - bytes.size() / 8, bytes.size()}) {
        const std::vector<std::uint8_t> exact(bytes.begin(),
                                              bytes.begin() + static_cast<std::ptrdiff_t>(size));  // so that overruns are seen
        LLVMFuzzerTestOneInput(exact.data(), exact.size());
      }
      ++num_files;
    }
  }
  std::cout << num_files << " inputs\n";
  return num_files > 0 ? 0 : 1;
}
