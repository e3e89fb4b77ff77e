// Turns what --trace has written into a timeline for people.

#ifndef HOLDFAST_TOOLS_TRACE_TIMELINE_H_
#define HOLDFAST_TOOLS_TRACE_TIMELINE_H_

#include <istream>
#include <string>
#include <vector>

namespace holdfast {

struct TraceTimeline {
  std::string text;  // run by run, although runs may share the file
  // Lines that are no part of a trace, counted from 1. They are left out.
  std::vector<int> damaged_lines;
};
TraceTimeline ReadTrace(std::istream* trace);

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_TRACE_TIMELINE_H_
