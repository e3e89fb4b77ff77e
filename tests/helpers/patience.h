// How long tests wait.
//
// The waits in the tests are those of an idle machine. On a busy or slow one,
// and under a sanitizer, all of them grow by one factor:
//
//   process->Wait(Scaled(absl::Seconds(5)))
//
// tests/run measures the factor when it starts, and says it by
// HOLDFAST_TEST_PATIENCE. Without that it is 1.

#ifndef HOLDFAST_TESTS_HELPERS_PATIENCE_H_
#define HOLDFAST_TESTS_HELPERS_PATIENCE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "holdfast/tests/helpers/sanitizers.h"

namespace holdfast::test {

// What a sanitizer makes of a second.
inline constexpr double kSanitizerPatience =
    kAddressSanitizer || kThreadSanitizer ? 3 : 1;

// The factor; at least 1.
inline double Patience() {
  static const double patience = [] {
    const char* text = std::getenv("HOLDFAST_TEST_PATIENCE");
    double measured = 1;
    if (text == nullptr || !absl::SimpleAtod(text, &measured) ||
        !std::isfinite(measured)) {
      measured = 1;
    }
    return std::max(measured, 1.0) * kSanitizerPatience;
  }();
  return patience;
}

// `wait`, which suits an idle machine, on this one.
inline absl::Duration Scaled(absl::Duration wait) { return wait * Patience(); }

// For functions that take an int.
inline int ScaledMilliseconds(int wait) {
  return static_cast<int>(
      absl::ToInt64Milliseconds(Scaled(absl::Milliseconds(wait))));
}

// For options of the command: "2500ms".
inline std::string ScaledOption(absl::Duration wait) {
  return absl::StrCat(absl::ToInt64Milliseconds(Scaled(wait)), "ms");
}

// How long to wait for what must come. It proves nothing: it ends a test that
// has failed.
inline absl::Duration LongEnough() { return Scaled(absl::Seconds(30)); }

// Waits until `condition` is true. False if that takes too long.
inline bool Eventually(const std::function<bool()>& condition) {
  const absl::Time deadline = absl::Now() + LongEnough();
  while (!condition()) {
    if (absl::Now() >= deadline) return false;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return true;
}

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_PATIENCE_H_
