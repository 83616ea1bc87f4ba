// What signals ask of a running training: SIGINT: checkpoint and leave with 130 (a second one: at once); SIGTERM, SIGUSR1: checkpoint
// and leave with 75; SIGHUP: checkpoint and go on.
#pragma once

namespace alexnet {

enum class StopRequest { none, interrupt, terminate };

// Installs the handlers for its lifetime; one at a time.
class SignalGuard {
 public:
  SignalGuard();
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

  StopRequest stop_request() const;
  bool take_snapshot_request();  // true once after a SIGHUP
};

}  // namespace alexnet
