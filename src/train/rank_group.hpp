// A rank of a training among the others: who it is, whom it speaks to, and the small exchanges of numbers by which all ranks come to the
// same decisions.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "alexnet/comm/communicator.hpp"
#include "alexnet/core/step_parameters.hpp"
#include "alexnet/data/loader.hpp"
#include "alexnet/model/device.hpp"

namespace alexnet {

class RankGroup {
 public:
  // Collective, as all below that are not const. world: of layout.num_ranks() ranks, in host memory; it must outlive this.
  RankGroup(Communicator& world, const RankLayout& layout);

  // Connects the devices of the columns and of the replicas: columns() and replicas() are there from then on. Collective.
  void connect(std::shared_ptr<Backend> backend);

  Communicator& world() const { return world_; }
  int rank() const { return world_.rank(); }
  int size() const { return world_.size(); }
  bool is_first() const { return rank() == 0; }
  int replica() const { return layout_.replica_of(rank()); }
  int column() const { return layout_.column_of(rank()); }
  const RankLayout& layout() const { return layout_; }
  const RankPlace& place() const { return place_; }
  Share share() const { return {replica(), layout_.replicas}; }
  Communicator* columns() const { return columns_.get(); }    // of this replica; nullptr: one column device
  Communicator* replicas() const { return replicas_.get(); }  // of this column; nullptr: one replica

  // What every rank said, in the order of the ranks.
  template <class T>
  std::vector<T> gather(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::vector<T> values(static_cast<std::size_t>(size()));
    world_.all_gather(&value, values.data(), sizeof value);
    return values;
  }
  // The same numbers of every rank.
  std::vector<double> gather_all(std::span<const double> values);
  // values become their sums over the replicas, whose columns hold the same. One replica: left as they are.
  void sum_over_replicas(std::span<double> values);

 private:
  Communicator& world_;
  RankLayout layout_;
  RankPlace place_;
  std::shared_ptr<Backend> backend_;                                // outlives the memory below
  std::unique_ptr<DeviceMemory> columns_memory_, replicas_memory_;  // of a GPU
  std::unique_ptr<Communicator> columns_, replicas_;
};

// Rank 0's text, on every rank. Collective.
std::string broadcast_text(Communicator& world, std::string text);

}  // namespace alexnet
