// Files of the source tree that hold what something has to print.
//
// After a change that is meant, write them anew and look at the difference:
//
//   HOLDFAST_UPDATE_GOLDEN=1 ctest --test-dir build/debug -R Golden
//   git diff tests/golden docs/errors.md

#ifndef HOLDFAST_TESTS_HELPERS_GOLDEN_H_
#define HOLDFAST_TESTS_HELPERS_GOLDEN_H_

#include <string>

#include "absl/strings/string_view.h"

namespace holdfast::test {

// The test fails if the file (`path` is from the root of the source tree) is
// not `text`. What stands in it from a line that begins with `keep_from` on is
// written by hand, and neither compared nor replaced.
void ExpectGolden(const std::string& path, const std::string& text,
                  absl::string_view keep_from = "");

// The same of one section alone: from the line `heading`, with which `text`
// begins, to the next heading of its level or above it. What stands around it
// is written by hand. Appended to the file if it is missing there.
void ExpectGoldenSection(const std::string& path, absl::string_view heading,
                         const std::string& text);

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_GOLDEN_H_
