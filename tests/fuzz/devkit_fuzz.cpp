// The devkit's meta.mat.
#include "data/devkit.hpp"
#include "fuzz_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace alexnet;
  refuse_or_read([&] {
    for (const Synset& synset : read_synsets(std::span(data, size), "meta.mat")) {
      if (!is_wnid(synset.wnid)) std::abort();
    }
  });
  return 0;
}
