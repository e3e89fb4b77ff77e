// Linked into a program of tests, it gives that a state directory of its own:
// the cache of the person who runs the tests stays as it is, and no test knows
// what another one has remembered.

#include <cstdlib>

#include "holdfast/tests/helpers/temp_dir.h"

namespace holdfast::test {
namespace {

class OwnState {
 public:
  OwnState() { setenv("XDG_STATE_HOME", directory_.path().c_str(), 1); }

 private:
  TempDir directory_;
};

const OwnState own_state;

}  // namespace
}  // namespace holdfast::test
