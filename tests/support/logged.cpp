#include "support/logged.hpp"

#include <fstream>

#include "alexnet/core/log.hpp"
#include "support/messages_seen.hpp"
#include "support/temporary_folder.hpp"

namespace alexnet {

std::string logged(const std::function<void()>& call) {
  const TemporaryFolder folder;
  log::add_file(folder / "log");
  call();
  log::remove_file(folder / "log");
  std::ifstream file(folder / "log");
  std::string text;
  for (std::string line; std::getline(file, line); text += line + "\n") {
    const std::size_t warning = line.find("warning: ");
    if (warning != std::string::npos) note_message_seen(0, line.substr(warning));
  }
  return text;
}

}  // namespace alexnet
