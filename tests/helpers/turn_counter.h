// A relay between a client and a server that counts round trips on the wire.
//
// It runs on the client's own loop. What the client writes in one callback is
// therefore passed on as a whole, and nothing of the server's is passed on
// while the client is at work: the count does not depend on how fast anybody
// is.

#ifndef HOLDFAST_TESTS_HELPERS_TURN_COUNTER_H_
#define HOLDFAST_TESTS_HELPERS_TURN_COUNTER_H_

#include <cstdint>
#include <memory>

#include "holdfast/core/base/event_loop.h"
#include "holdfast/core/base/unique_fd.h"

namespace holdfast::test {

// For one connection. Thread safety: the loop's thread.
class TurnCounter {
 public:
  // In front of 127.0.0.1:`server_port`; listens when it returns.
  TurnCounter(EventLoop* loop, uint16_t server_port);

  uint16_t port() const { return port_; }
  // Each time that the client had to wait for the server: for TCP, and for the
  // first bytes that come after its own, or after none.
  int turns() const { return turns_; }

 private:
  void Accept();
  void PassOn(const UniqueFd& from, const UniqueFd& to,
              std::unique_ptr<EventLoop::Registration>* watch);

  EventLoop* const loop_;
  const uint16_t server_port_;
  uint16_t port_ = 0;
  UniqueFd listener_;
  UniqueFd client_;
  UniqueFd server_;
  int turns_ = 0;
  bool client_waits_ = true;
  std::unique_ptr<EventLoop::Registration> accepting_;
  std::unique_ptr<EventLoop::Registration> from_client_;
  std::unique_ptr<EventLoop::Registration> from_server_;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_TURN_COUNTER_H_
