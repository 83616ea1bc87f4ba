// How a test looks at a message. Every message looked at is noted for scripts/messages, which lists them with their tests.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "alexnet/core/error.hpp"
#include "support/run_command.hpp"

namespace alexnet {

// Runs `call`, which must throw Error(code) in one line that holds all of `words`.
void expect_error(ExitCode code, const std::vector<std::string>& words, const std::function<void()>& call);

// The program must have ended with this code, with nothing on stdout, and said why in one line "error: ..." that holds all of `words`.
void expect_refused(const CommandResult& result, ExitCode code, const std::vector<std::string>& words);

}  // namespace alexnet
