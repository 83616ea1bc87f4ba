// dataset.json: what is accepted is written and read again.
#include "alexnet/data/dataset.hpp"

#include "fuzz_file.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace alexnet;
  static const FuzzFile file("dataset.json");
  file.write(data, size);
  refuse_or_read([&] {
    const DatasetManifest manifest = read_manifest(file.folder());
    for (const auto& [name, split] : manifest.splits) {
      for (const ShardInfo& shard : split.shards) {
        if (shard.file.find('/') != std::string::npos || shard.file.front() == '.') std::abort();
      }
    }
    write_manifest(file.folder(), manifest);
    if (read_manifest(file.folder()).classes != manifest.classes) std::abort();
  });
  return 0;
}
