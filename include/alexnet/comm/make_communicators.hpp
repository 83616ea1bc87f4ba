// The implementations behind Communicator, each by itself; run_ranks and make_device_communicator choose among them.
#pragma once

#include <memory>
#include <vector>

#include "alexnet/comm/communicator.hpp"

namespace alexnet {

// One rank of its own. `memory`: of its device; nullptr for the host's.
std::unique_ptr<Communicator> make_single_communicator(DeviceMemory* memory = nullptr);

// The ranks of this process, one for each thread.
std::vector<std::unique_ptr<Communicator>> make_thread_communicators(int size, double time_limit_s);

// The same threads, for memory of the one device that they share; nullptr when `host` is of another kind. `host`
// must outlive it.
std::unique_ptr<Communicator> make_thread_communicator_on_device(const Communicator& host, DeviceMemory& memory);

// The same ranks, each with a GPU of its own. Collective. Throws Error(unavailable) without NCCL.
std::unique_ptr<Communicator> make_nccl_communicator(std::unique_ptr<Communicator> host, DeviceMemory& memory);

}  // namespace alexnet
