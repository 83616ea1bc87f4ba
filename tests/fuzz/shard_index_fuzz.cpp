// A shard's .idx.
#include "data/shard_index.hpp"
#include "fuzz_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace alexnet;
  constexpr std::uint64_t kTarBytes = 1 << 20;
  refuse_or_read([&] {
    const ShardIndex index = parse_shard_index(as_text(data, size), "train-000000.idx", kTarBytes);
    for (const ShardEntry& entry : index.entries) {
      if (entry.data_offset + entry.data_bytes > kTarBytes || entry.label_offset + entry.label_bytes > kTarBytes) std::abort();
      if (entry.data_offset < kTarBlock || entry.label_offset < kTarBlock) std::abort();
      if (index.key(entry).size() != entry.key_bytes) std::abort();
    }
  });
  return 0;
}
