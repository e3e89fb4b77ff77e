// An exchange as two transcripts, driven as a session does: all that is
// produced is sent before anything is heard.

#ifndef HOLDFAST_TESTS_HELPERS_EXCHANGE_SCRIPT_H_
#define HOLDFAST_TESTS_HELPERS_EXCHANGE_SCRIPT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "holdfast/protocols/session/exchange.h"

namespace holdfast::test {

// "C: ..." is what the exchange must send at that point, "S: ..." what the
// server says; lines end with CRLF. "C> ..." and "S> ..." are without that.
using ExchangeScript = std::vector<std::string>;

enum class Feeding { kInBlocks, kByteByByte };

// Plays all of `script`, from Start() on, and returns the error that ended it.
// Fails the test where the exchange departs from the script, and if it has
// taken more than its own answer: what it left is put into `left`, if that is
// not null.
absl::Status PlayExchange(Exchange* exchange,
                          const std::vector<std::string>& capabilities,
                          const ExchangeScript& script,
                          Feeding feeding = Feeding::kInBlocks,
                          std::string* left = nullptr);

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_EXCHANGE_SCRIPT_H_
