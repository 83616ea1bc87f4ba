// What signals ask of a running training: SIGINT: checkpoint and leave with 130 (a second one: at once); SIGTERM, SIGUSR1: checkpoint
// and leave with 75; SIGHUP: checkpoint and go on.
#pragma once

namespace alexnet {

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
