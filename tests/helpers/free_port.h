// TCP ports of 127.0.0.1 for servers that cannot choose one themselves.

#ifndef HOLDFAST_TESTS_HELPERS_FREE_PORT_H_
#define HOLDFAST_TESTS_HELPERS_FREE_PORT_H_

#include <cstdint>

#include "absl/time/time.h"
#include "holdfast/tests/helpers/patience.h"

namespace holdfast::test {

// A port that is free and, for a minute, given to nobody who does not ask for
// it by number. A server must set SO_REUSEADDR to take it; all do. 0 if there
// is none.
uint16_t ReserveFreePort();

// A socket listens on `port` of 127.0.0.1. Looks without connecting, so that
// the server never sees it.
bool IsListening(uint16_t port);

// Waits for IsListening(). False if it does not come to that in time.
bool WaitUntilListening(uint16_t port, absl::Duration timeout = LongEnough());

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_FREE_PORT_H_
