// Notes of the messages that tests have looked at, for scripts/messages.
#pragma once

#include <string>

namespace alexnet {

// Appends {"test": "folder.Suite.Name", "exit_code": N, "message": "..."} as one line to the file that the environment variable
// ALEXNET_MESSAGES_SEEN names; without it does nothing.
void note_message_seen(int exit_code, const std::string& message);

}  // namespace alexnet
