// What every implementation of Communicator must do, called on each of its ranks.
#pragma once

#include "alexnet/comm/communicator.hpp"

namespace alexnet::test {

void check_collectives(Communicator& world);       // values, for counts that divide nothing, 0 and 1 among them
void check_sums_are_ordered(Communicator& world);  // bit for bit, and twice the same
void check_split(Communicator& world);
void check_two_threads(Communicator& world);
void check_traffic(Communicator& world);

}  // namespace alexnet::test
