// The event loops that Holdfast is tested on, each with what runs it: its own
// (libuv), libuv's as an embedder runs it, and those of docs/examples.

#ifndef HOLDFAST_TESTS_HELPERS_EVENT_LOOPS_H_
#define HOLDFAST_TESTS_HELPERS_EVENT_LOOPS_H_

#include <vector>

#include "holdfast/tests/helpers/event_loop_conformance.h"

namespace holdfast::test {

// "uv", "uv_wrapped", "poll", "glib".
std::vector<LoopKind> AllLoopKinds();

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_EVENT_LOOPS_H_
