// What `prepare` is going to write: which pictures, in which splits, in which order, at which size.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "alexnet/data/prepare.hpp"
#include "data/source.hpp"

namespace alexnet {

struct SplitPlan {
  std::string name;
  std::vector<SourceItem> items;  // in the order of the shards
};

struct PreparePlan {
  std::unique_ptr<Source> source;
  std::vector<ClassInfo> classes;
  std::vector<SplitPlan> splits;  // "train" first
  std::int64_t size = 0;
  bool takes_native_size = false;  // `size` is that of the pictures, as far as they were looked at
  std::string encoding;            // "jpeg" | "raw"
  int quality = 0;                 // of jpeg
  bool exif_orientation = false;
  std::uint64_t max_bad = 0;
  std::uint64_t num_items() const;
};

// Checks the options, opens the source, picks and shuffles. Says on the log what it decided.
PreparePlan plan_preparation(const PrepareOptions& options);

}  // namespace alexnet
