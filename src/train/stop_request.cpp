#include "train/stop_request.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>

#include "alexnet/core/error.hpp"

namespace alexnet {
namespace {

std::atomic<int> stop_signal = 0;
std::atomic<bool> snapshot_wanted = false;
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free, "signal handlers touch them");

void on_signal(int signal) {
  if (signal == SIGHUP) {
    snapshot_wanted = true;
  } else {
    if (signal == SIGINT && stop_signal == SIGINT) _exit(static_cast<int>(ExitCode::interrupted));
    stop_signal = signal;
  }
}

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGUSR1, SIGHUP};

}  // namespace

SignalGuard::SignalGuard() {
  stop_signal = 0;
  snapshot_wanted = false;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : kSignals) sigaction(signal, &action, nullptr);
}

SignalGuard::~SignalGuard() {
  for (const int signal : kSignals) std::signal(signal, SIG_DFL);
  stop_signal = 0;
  snapshot_wanted = false;
}

StopRequest stop_request() {
  const int signal = stop_signal;
  if (signal == 0) return StopRequest::none;
  return signal == SIGINT ? StopRequest::interrupt : StopRequest::terminate;
}

bool take_snapshot_request() { return snapshot_wanted.exchange(false); }

}  // namespace alexnet
