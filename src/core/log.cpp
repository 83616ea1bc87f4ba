#include "alexnet/core/log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <memory>
#include <mutex>

#include "alexnet/core/error.hpp"

namespace alexnet::log {
namespace {

struct State {
  std::mutex mutex;
  Level stderr_level = Level::info;
  std::map<std::string, std::shared_ptr<spdlog::logger>> files;
  std::shared_ptr<spdlog::logger> console;
  bool status_shown = false;

  State() : console(std::make_shared<spdlog::logger>("stderr", std::make_shared<spdlog::sinks::stderr_sink_st>())) {
    console->set_pattern("%v");
    console->set_level(spdlog::level::trace);
    console->flush_on(spdlog::level::trace);
  }
};

thread_local bool thread_is_quiet = false;

State& state() {
  static State instance;
  return instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
    case Level::quiet:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

void clear_status_locked(State& s) {
  if (!s.status_shown) return;
  std::fputs("\r\033[K", stderr);
  s.status_shown = false;
}

}  // namespace

void set_level(Level level) {
  const std::lock_guard lock(state().mutex);
  state().stderr_level = level;
}

Level level() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  return s.stderr_level;
}

void quiet_this_thread() { thread_is_quiet = true; }

void add_file(const std::string& path) {
  const std::lock_guard lock(state().mutex);
  try {
    auto logger = std::make_shared<spdlog::logger>(path, std::make_shared<spdlog::sinks::basic_file_sink_st>(path, false));
    logger->set_pattern("%Y-%m-%d %H:%M:%S %v");
    logger->flush_on(spdlog::level::info);
    logger->set_error_handler([](const std::string&) {});  // a full disk must not end a training run
    state().files[path] = std::move(logger);
  } catch (const spdlog::spdlog_ex& e) {
    fail(ExitCode::io_failed, "log file {}: cannot be opened: {}", path, e.what());
  }
}

void remove_file(const std::string& path) {
  const std::lock_guard lock(state().mutex);
  state().files.erase(path);
}

bool stderr_is_terminal() { return isatty(STDERR_FILENO) == 1; }

void status_line(std::string_view text) {
  if (thread_is_quiet || !stderr_is_terminal()) return;
  State& s = state();
  const std::lock_guard lock(s.mutex);
  clear_status_locked(s);
  if (text.empty() || s.stderr_level > Level::info) return;
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
  s.status_shown = true;
}

void write(Level level, std::string_view text) {
  if (thread_is_quiet && level < Level::error) level = Level::debug;
  State& s = state();
  const std::lock_guard lock(s.mutex);
  const char* prefix = level == Level::warning ? "warning: " : level == Level::error ? "error: " : "";
  const std::string line = fmt::format("{}{}", prefix, text);
  if (level >= s.stderr_level) {
    clear_status_locked(s);
    s.console->log(to_spdlog(level), line);
  }
  for (auto& [path, logger] : s.files) logger->log(to_spdlog(level), line);
}

}  // namespace alexnet::log
