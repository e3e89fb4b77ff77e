// Random hierarchies, most of them with something unusual or wrong.

#ifndef HOLDFAST_TESTS_HELPERS_HIERARCHY_GENERATOR_H_
#define HOLDFAST_TESTS_HELPERS_HIERARCHY_GENERATOR_H_

#include <cstdint>

#include "holdfast/tests/helpers/hierarchy.h"

namespace holdfast::test {

// The same hierarchy for the same seed.
Hierarchy RandomHierarchy(uint64_t seed);

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_HIERARCHY_GENERATOR_H_
