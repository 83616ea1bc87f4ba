#include "train/stop_request.hpp"

#include <unistd.h>

#include <csignal>

#include "alexnet/core/error.hpp"

namespace alexnet {
namespace {

volatile std::sig_atomic_t stop_signal = 0;
volatile std::sig_atomic_t snapshot_wanted = 0;

void on_signal(int signal) {
  if (signal == SIGHUP) {
    snapshot_wanted = 1;
  } else {
    if (signal == SIGINT && stop_signal == SIGINT) _exit(static_cast<int>(ExitCode::interrupted));
    stop_signal = signal;
  }
}

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGUSR1, SIGHUP};

}  // namespace

SignalGuard::SignalGuard() {
  stop_signal = 0;
  snapshot_wanted = 0;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : kSignals) sigaction(signal, &action, nullptr);
}

SignalGuard::~SignalGuard() {
  for (const int signal : kSignals) std::signal(signal, SIG_DFL);
}

StopRequest SignalGuard::stop_request() const {
  if (stop_signal == 0) return StopRequest::none;
  return stop_signal == SIGINT ? StopRequest::interrupt : StopRequest::terminate;
}

bool SignalGuard::take_snapshot_request() {
  const bool wanted = snapshot_wanted != 0;
  snapshot_wanted = 0;
  return wanted;
}

}  // namespace alexnet
