// What the columns of a graph that lies over several devices know together. Collective: all of them call it.
#include <algorithm>

#include "alexnet/core/error.hpp"
#include "model/graph_impl.hpp"

namespace alexnet {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{16} << 20;  // that a device gives at a time: a small addition to a full card's memory

Communicator& communicator_of(const ColumnShare& share) {
  if (share.communicator == nullptr) fail(ExitCode::internal, "a network of {} devices is read without a communicator", share.count);
  return *share.communicator;
}

}  // namespace

std::vector<float> Graph::read_whole(const Parameter& parameter, const Tensor& tensor) const {
  const ColumnShare& share = impl_->network.share;
  if (share.count == 1) return read(tensor);
  Communicator& columns = communicator_of(share);
  Backend& backend = *impl_->backend;
  const ParameterSpec& spec = parameter.spec;
  const std::int64_t row_values = spec.shape.count() / spec.rows.total, each = spec.rows.total / share.count;
  const std::size_t row_bytes = static_cast<std::size_t>(row_values) * sizeof(float);
  const auto rows_of = [&](int device) { return own_channels(spec.rows.total, {device, share.count}); };
  const std::int64_t piece_rows =
      std::clamp<std::int64_t>(static_cast<std::int64_t>(kPieceBytes / row_bytes), 1, std::max<std::int64_t>(each, 1));
  const Buffer received =
      backend.allocate(static_cast<std::size_t>(share.count * piece_rows) * row_bytes, "a piece of " + spec.name + " from every column");
  std::vector<float> whole(share.index == 0 ? static_cast<std::size_t>(spec.shape.count()) : 0);
  const auto keep = [&](std::int64_t row, std::int64_t rows, const std::byte* from) {
    if (share.index == 0) backend.copy_to_host(whole.data() + row * row_values, from, static_cast<std::size_t>(rows) * row_bytes);
  };
  auto* const own = static_cast<std::byte*>(tensor.raw());
  backend.synchronize();
  for (std::int64_t row = 0; row < each; row += piece_rows) {
    const std::int64_t rows = std::min(piece_rows, each - row);
    const std::size_t bytes = static_cast<std::size_t>(rows) * row_bytes;
    columns.all_gather(own + static_cast<std::size_t>(row) * row_bytes, received.data(), bytes);
    for (int device = 0; device < share.count; ++device)
      keep(rows_of(device).first + row, rows, received.data() + static_cast<std::size_t>(device) * bytes);
  }
  // The last row of those that have one more.
  for (int device = 0; device < spec.rows.total % share.count; ++device) {
    std::byte* const last = share.index == device ? own + static_cast<std::size_t>(each) * row_bytes : received.data();
    columns.broadcast(last, row_bytes, device);
    keep(rows_of(device).first + each, 1, last);
  }
  return whole;
}

std::vector<double> Graph::sum_over_columns(std::vector<double> values) const {
  const ColumnShare& share = impl_->network.share;
  if (share.count == 1 || values.empty()) return values;
  Backend& backend = *impl_->backend;
  const std::size_t bytes = values.size() * sizeof(double);
  const Buffer memory = backend.allocate((static_cast<std::size_t>(share.count) + 1) * bytes, "sums over the columns");
  backend.copy_to_device(memory.data(), values.data(), bytes);
  backend.synchronize();
  communicator_of(share).all_gather(memory.data(), memory.data() + bytes, bytes);
  std::vector<double> all(values.size() * static_cast<std::size_t>(share.count));
  backend.copy_to_host(all.data(), memory.data() + bytes, all.size() * sizeof(double));
  std::fill(values.begin(), values.end(), 0.0);
  for (std::size_t i = 0; i < all.size(); ++i) values[i % values.size()] += all[i];
  return values;
}

}  // namespace alexnet
