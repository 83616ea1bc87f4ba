// Ranks that would train apart are stopped before the first step: each compares what it has with what rank 0 has. All are collective.
#pragma once

#include <string>

#include "alexnet/comm/communicator.hpp"
#include "alexnet/config/config.hpp"

namespace alexnet {

// version_json: of the program. Throw Error(configuration) with the first keys that differ.
void check_same_program(Communicator& world, const std::string& version_json);
void check_same_config(Communicator& world, const Config& config);

// The name of this rank's backend. Throws Error(unavailable).
void check_same_backend(Communicator& world, const std::string& name);

// By the data set's manifest, which holds the hashes of its files. Throws Error(bad_data).
void check_same_data_set(Communicator& world, const std::string& folder);

// By the hash of its tensors and by what else it holds. Throws Error(bad_data).
void check_same_checkpoint(Communicator& world, const std::string& path);

}  // namespace alexnet
