// SPDX-License-Identifier: MPL-2.0

// What the fallback may do, and how long it may take: every number with its
// reason.

#ifndef HOLDFAST_FALLBACK_FALLBACK_POLICY_H_
#define HOLDFAST_FALLBACK_FALLBACK_POLICY_H_

#include "absl/time/time.h"
#include "holdfast/core/base/tls_version.h"
#include "holdfast/fallback/host_record.h"

#pragma GCC visibility push(default)
namespace holdfast {

struct FallbackPolicy {
  // What the user allows. No rung goes below the minimum (promise 2), the
  // ladder starts at the maximum (promise 6: the user's own choice).
  TlsVersionRange versions;

  // False: one attempt, no reduction, the cache is not asked for one.
  bool fallback = true;

  // Enough for every rung with a repeat and promise 6's full-range attempt,
  // and few enough not to be taken for an attack by the server.
  int max_attempts = 8;

  // A host of proven tolerance is not offered less. It gets the full offer on
  // so many addresses before the error (promise 8): one bad machine behind a
  // name is common, three are an outage.
  int addresses_for_proven_host = 3;

  // An attempt may take what remains of the deadline divided by the rungs that
  // remain, but no less than this: under bad radio links a TLS handshake takes
  // three seconds.
  absl::Duration min_attempt = absl::Seconds(4);

  // With implicit TLS, a server that leaves a first hello unanswered for so
  // long is offered less beside it. A healthy one answers within one round
  // trip, on the worst links within a second; who waits for mail gives up after
  // ten.
  absl::Duration hedge_delay = absl::Seconds(2);

  RecordLifetimes lifetimes;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_FALLBACK_FALLBACK_POLICY_H_
