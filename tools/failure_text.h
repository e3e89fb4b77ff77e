// A failed connect for people: where it failed, with what evidence, and how
// each attempt went.

#ifndef HOLDFAST_TOOLS_FAILURE_TEXT_H_
#define HOLDFAST_TOOLS_FAILURE_TEXT_H_

#include <string>

#include "holdfast/protocols/connect/connect_report.h"

namespace holdfast {

// Rows of a report whose `error` is set; neither its summary nor its advice.
std::string FailureText(const ConnectReport& report);

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_FAILURE_TEXT_H_
