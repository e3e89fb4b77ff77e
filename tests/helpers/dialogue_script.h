// A dialogue as a script: what the server says, and what a negotiator must say.

#ifndef HOLDFAST_TESTS_HELPERS_DIALOGUE_SCRIPT_H_
#define HOLDFAST_TESTS_HELPERS_DIALOGUE_SCRIPT_H_

#include <string>
#include <vector>

#include "holdfast/protocols/dialogue/negotiator.h"

namespace holdfast {

// "S: ..." is a line from the server, "C: ..." what the client must send at
// that point, "TLS" the handshake, which the client must ask for at that point.
using Script = std::vector<std::string>;

Script operator+(Script a, const Script& b);

// Plays all of `script`, from Start() on, and returns the last step. Fails the
// test where the negotiator departs from it, and if it ends early.
Step Play(Negotiator* negotiator, const Script& script);

}  // namespace holdfast

#endif  // HOLDFAST_TESTS_HELPERS_DIALOGUE_SCRIPT_H_
