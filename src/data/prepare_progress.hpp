// How far a preparation has come, saved in OUT/.partial so that the same command goes on after a kill or a full disk.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "alexnet/data/dataset.hpp"
#include "data/prepare_plan.hpp"

namespace alexnet {

struct SplitProgress {
  // First the source is read into buckets (shuffle_buckets.hpp) ...
  std::uint64_t num_read = 0;  // pictures, in the order of the source
  std::vector<std::uint64_t> bucket_bytes;
  // ... then the buckets are written into shards.
  std::uint64_t next_rank = 0;    // the first that is in no closed shard
  SplitInfo written;              // closed shards
  std::uint64_t table_bytes = 0;  // of <split>.tsv
};

struct PrepareProgress {
  std::string plan;                          // fingerprint of all that the output depends on
  std::string options;                       // the same in words, as far as they are options
  std::uint64_t num_bad = 0, bad_bytes = 0;  // bad files, and bytes of bad_files.jsonl
  std::map<std::string, SplitProgress> splits;
  std::vector<std::uint64_t> statistics;  // StatisticsAccumulator::sums()
};

// How many pictures lie between two savings: those that take about `seconds`, from how long the last ones took.
class BlockSize {
 public:
  explicit BlockSize(double seconds) : seconds_(seconds) {}
  std::uint64_t get() const { return size_; }
  void took(double seconds) {
    const double wanted = static_cast<double>(size_) * seconds_ / std::max(seconds, 1e-6);
    size_ = static_cast<std::uint64_t>(std::clamp(wanted, 16.0, 4.0 * static_cast<double>(size_)));
  }

 private:
  double seconds_;
  std::uint64_t size_ = 16;
};

// Of a preparation that has not begun.
PrepareProgress fresh_progress(const PreparePlan& plan, const PrepareOptions& options);

// What was saved; none: nothing was. Throws Error(output_exists) when it belongs to another plan than `fresh`,
// Error(io_failed) when it is damaged.
std::optional<PrepareProgress> load_progress(const std::string& path, const PrepareProgress& fresh);

// Replaces what was saved. Throws Error(io_failed).
void save_progress(const std::string& path, const PrepareProgress& progress);

}  // namespace alexnet
