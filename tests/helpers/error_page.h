// The part of docs/errors.md that is made from the error table.

#ifndef HOLDFAST_TESTS_HELPERS_ERROR_PAGE_H_
#define HOLDFAST_TESTS_HELPERS_ERROR_PAGE_H_

#include <string>

namespace holdfast::test {

std::string ErrorPage();

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_ERROR_PAGE_H_
