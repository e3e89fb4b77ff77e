// SPDX-License-Identifier: MPL-2.0

// Probes many targets: several hosts at the same time, but never more than one
// connection to one of them.

#ifndef HOLDFAST_PROTOCOLS_PROBE_SURVEY_H_
#define HOLDFAST_PROTOCOLS_PROBE_SURVEY_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "holdfast/protocols/probe/probe.h"

#pragma GCC visibility push(default)
namespace holdfast {

struct SurveyRequest {
  std::vector<Target> targets;  // each with one way in
  // For each target, with that in place of its own.
  ProbeRequest probe;
  // How many hosts at the same time.
  int jobs = 8;

  // Each target is named by its place in `targets`. What is called may end the
  // survey. `offer` is as in ProbeRequest::on_progress.
  std::function<void(size_t target, const std::string& offer)> on_progress = {};
  // As each is done, in whatever order.
  std::function<void(size_t target, ProbeReport)> on_report;
};

// Destroying it ends all probes; no callback is then called any more. Thread
// safety: the loop's thread.
class Survey {
 public:
  // Calls `on_done` once, after the last report, never from inside this call.
  [[nodiscard]] static std::unique_ptr<Survey> Start(
      const Connector::Services& services, SurveyRequest request,
      std::function<void()> on_done);

  virtual ~Survey() = default;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_PROTOCOLS_PROBE_SURVEY_H_
