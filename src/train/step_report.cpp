#include "train/step_report.hpp"

#include <algorithm>

namespace alexnet {

StepReport agree(RankGroup& ranks, const StepReport& own) {
  const std::vector<StepReport> all = ranks.gather(own);
  StepReport agreed = all.front();
  agreed.totals = {};
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    agreed.stop = std::max(agreed.stop, all[rank].stop);
    agreed.snapshot_wanted = agreed.snapshot_wanted || all[rank].snapshot_wanted;
    const LossTotals& t = all[rank].totals;
    agreed.totals.finite = std::min(agreed.totals.finite, t.finite);
    if (ranks.layout().column_of(static_cast<int>(rank)) != 0) continue;  // the columns of a replica have the same
    agreed.totals.loss += t.loss;
    agreed.totals.top1_errors += t.top1_errors;
    agreed.totals.top5_errors += t.top5_errors;
    agreed.totals.images += t.images;
  }
  return agreed;
}

}  // namespace alexnet
