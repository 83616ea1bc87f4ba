// What signals ask of a running training: SIGINT: checkpoint and leave with 130 (a second one: at once); SIGTERM, SIGUSR1: checkpoint
// and leave with 75; SIGHUP: checkpoint and go on.
#pragma once

#include <csignal>
#include <future>
#include <thread>

namespace alexnet {

// A thread that computes nothing takes these signals; the calling thread and those that it starts from then on never do. oneDNN's
// matrix products of f32 (before version 3.12) keep the address of a buffer in the stack pointer, and a handler that interrupts them
// writes its frame over what lies before that buffer in the heap. To be made before the threads that compute, OpenMP's among them; one
// at a time in a process. Until there is a SignalGuard the signals end the process, as they always do.
class SignalThread {
 public:
  SignalThread();
  ~SignalThread();
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  std::promise<void> end_;
  std::thread thread_;
  sigset_t before_;
};

enum class StopRequest { none, terminate, interrupt };  // the larger one counts where two ranks got different ones

// Installs the handlers for its lifetime; one at a time in a process, whose ranks all ask the functions below.
class SignalGuard {
 public:
  SignalGuard();
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;
};

StopRequest stop_request();
bool take_snapshot_request();  // true once after a SIGHUP

}  // namespace alexnet
