#include "train/stop_request.hpp"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <system_error>

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

SignalThread::SignalThread() {
  try {
    thread_ = std::thread([ended = end_.get_future()] { ended.wait(); });
  } catch (const std::system_error& e) {
    fail(ExitCode::unavailable, "the thread that takes signals did not start: {}", e.what());
  }
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : kSignals) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, &before_);
}

SignalThread::~SignalThread() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  end_.set_value();
  thread_.join();
}

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
