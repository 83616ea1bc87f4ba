// What a rank says after a step, and, from what all said, what all of them do then.
#pragma once

#include "alexnet/core/step_parameters.hpp"
#include "train/rank_group.hpp"
#include "train/stop_request.hpp"

namespace alexnet {

struct StepReport {
  LossTotals totals;  // since the last interval
  StopRequest stop = StopRequest::none;
  bool snapshot_wanted = false, out_of_time = false, checkpoint_due = false;
};

// The same on every rank: totals of all replicas, signals whoever got them, and rank 0's clock, for clocks differ. Collective.
StepReport agree(RankGroup& ranks, const StepReport& own);

}  // namespace alexnet
