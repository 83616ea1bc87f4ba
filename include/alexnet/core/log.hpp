// Progress and warnings, to stderr and to the files added with add_file (RUN/train.log, --log-file).
// Results of a command go to stdout and never through here.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace alexnet::log {

enum class Level { debug, info, warning, error, quiet };

void set_level(Level level);             // of stderr; files get everything from info on
Level level();                           // what was set last
void quiet_this_thread();                // what it writes below `error`, and its status lines, count as debug from now on
void add_file(const std::string& path);  // appends; throws Error(io_failed) when it can't be opened
void remove_file(const std::string& path);
bool stderr_is_terminal();
void status_line(std::string_view text);         // overwritten by the next one; only on a terminal, ignored elsewhere; "" clears it
void write(Level level, std::string_view text);  // one line

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace alexnet::log
