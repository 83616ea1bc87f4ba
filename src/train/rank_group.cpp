#include "train/rank_group.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace alexnet {
namespace {

// Where a rank runs: ranks with the same name of the host share its devices, and those with a core in common its cores.
struct Whereabouts {
  std::array<char, 64> host{};
  cpu_set_t cores;
};

Whereabouts whereabouts() {
  Whereabouts w;
  gethostname(w.host.data(), w.host.size() - 1);
  CPU_ZERO(&w.cores);
  sched_getaffinity(0, sizeof w.cores, &w.cores);
  return w;
}

RankPlace find_place(const std::vector<Whereabouts>& ranks, std::size_t own) {
  RankPlace place{0, 0, 0};
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    if (ranks[r].host != ranks[own].host) continue;
    ++place.num_on_host;
    if (r < own) ++place.index;
    cpu_set_t common;
    CPU_AND(&common, &ranks[r].cores, &ranks[own].cores);
    if (r == own || CPU_COUNT(&common) > 0) ++place.num_sharing;
  }
  return place;
}

}  // namespace

RankGroup::RankGroup(Communicator& world, const RankLayout& layout) : world_(world), layout_(layout) {
  if (size() != layout.num_ranks()) fail(ExitCode::internal, "{} ranks in a layout of {}", size(), layout.num_ranks());
  if (size() == 1) return;
  place_ = find_place(gather(whereabouts()), static_cast<std::size_t>(rank()));
}

// Gradients are summed beside the backward pass, so their exchange has a queue of its own.
void RankGroup::connect(std::shared_ptr<Backend> backend) {
  if (size() == 1) return;
  backend_ = std::move(backend);
  std::unique_ptr<Communicator> columns = world_.split(replica()), replicas = world_.split(column());
  if (layout_.columns > 1) {
    columns_memory_ = backend_->make_device_memory(false);
    columns_ = make_device_communicator(std::move(columns), columns_memory_.get());
  }
  if (layout_.replicas > 1) {
    replicas_memory_ = backend_->make_device_memory(true);
    replicas_ = make_device_communicator(std::move(replicas), replicas_memory_.get());
  }
}

std::vector<double> RankGroup::gather_all(std::span<const double> values) {
  std::vector<double> all(values.size() * static_cast<std::size_t>(size()));
  world_.all_gather(values.data(), all.data(), values.size_bytes());
  return all;
}

void RankGroup::sum_over_replicas(std::span<double> values) {
  if (layout_.replicas == 1) return;
  const std::vector<double> all = gather_all(values);
  const std::size_t stride = values.size() * static_cast<std::size_t>(layout_.columns);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = 0;
    for (std::size_t at = i; at < all.size(); at += stride) values[i] += all[at];
  }
}

std::string broadcast_text(Communicator& world, std::string text) {
  if (world.size() == 1) return text;
  std::uint64_t length = text.size();
  world.broadcast(&length, sizeof length, 0);
  text.resize(length);
  if (length > 0) world.broadcast(text.data(), length, 0);
  return text;
}

}  // namespace alexnet
