// A tar, as a shard without an index and as a source of pictures.
#include "data/shard_index.hpp"
#include "fuzz_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace alexnet;
  refuse_or_read([&] {
    const ShardIndex index = index_tar(std::span(data, size), "fuzz.tar");
    for (const ShardEntry& entry : index.entries) {
      if (entry.data_offset > size || entry.data_bytes > size - entry.data_offset) std::abort();
      if (entry.label_offset > size || entry.label_bytes > size - entry.label_offset) std::abort();
    }
  });
  return 0;
}
