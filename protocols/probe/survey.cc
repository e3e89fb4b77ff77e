#include "holdfast/protocols/probe/survey.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>

namespace holdfast {
namespace {

class SurveyImpl : public Survey {
 public:
  SurveyImpl(const Connector::Services& services, SurveyRequest request,
             std::function<void()> on_done)
      : services_(services),
        request_(std::move(request)),
        on_done_(std::move(on_done)) {
    std::map<std::string, size_t> queue_of;
    for (size_t i = 0; i < request_.targets.size(); ++i) {
      const std::string& host = request_.targets[i].endpoint.host.name();
      const auto [found, is_new] = queue_of.emplace(host, hosts_.size());
      if (is_new) hosts_.emplace_back();
      hosts_[found->second].push_back(i);
    }
    const size_t jobs = std::min<size_t>(std::max(request_.jobs, 1),
                                         std::max<size_t>(hosts_.size(), 1));
    for (size_t job = 0; job < jobs; ++job) jobs_.emplace_back();
    for (Job& job : jobs_) Schedule(&job, absl::ZeroDuration());
  }

 private:
  // Works through one host after the other.
  struct Job {
    std::deque<size_t> targets;  // of its host that are left
    // The host has no address: its other targets need not be looked up again.
    std::optional<ProbeReport> lookup_failed = std::nullopt;
    std::unique_ptr<EventLoop::Registration> next = nullptr;
    std::unique_ptr<Probe> probe = nullptr;
    bool is_done = false;
  };

  void Schedule(Job* job, absl::Duration pause) {
    job->next = services_.loop->StartTimer(pause, [this, job] { Next(job); });
  }
  void Next(Job* job);
  void Start(Job* job, size_t target);
  void OnReport(Job* job, size_t target, ProbeReport report);

  const Connector::Services services_;
  const SurveyRequest request_;
  std::function<void()> on_done_;
  std::deque<std::deque<size_t>> hosts_;  // that no job has taken yet
  std::deque<Job> jobs_;
};

void SurveyImpl::Next(Job* job) {
  job->probe.reset();
  if (job->targets.empty() && !hosts_.empty()) {
    job->lookup_failed.reset();
    job->targets = std::move(hosts_.front());
    hosts_.pop_front();
  }
  if (!job->targets.empty()) {
    const size_t target = job->targets.front();
    job->targets.pop_front();
    return Start(job, target);
  }
  job->is_done = true;
  const bool all_done =
      std::all_of(jobs_.begin(), jobs_.end(),
                  [](const Job& other) { return other.is_done; });
  if (!all_done) return;
  // May destroy *this.
  const auto on_done = std::move(on_done_);
  on_done();
}

void SurveyImpl::Start(Job* job, size_t target) {
  if (job->lookup_failed) {
    ProbeReport report = *job->lookup_failed;
    report.target = request_.targets[target];
    return OnReport(job, target, std::move(report));
  }
  ProbeRequest probe = request_.probe;
  probe.target = request_.targets[target];
  if (request_.on_progress) {
    probe.on_progress = [this, target](const std::string& offer) {
      request_.on_progress(target, offer);
    };
  }
  job->probe = Probe::Start(services_, std::move(probe),
                            [this, job, target](ProbeReport report) {
                              OnReport(job, target, std::move(report));
                            });
}

void SurveyImpl::OnReport(Job* job, size_t target, ProbeReport report) {
  const Error* const cause = report.cause();
  if (cause != nullptr && cause->phase == Phase::kLookup) {
    job->lookup_failed = report;
  }
  // A pause after the last connection to the host, unless none was made.
  const bool pause = !job->targets.empty() && !job->lookup_failed;
  Schedule(job, pause ? request_.probe.pause : absl::ZeroDuration());
  // What is called may end the survey.
  request_.on_report(target, std::move(report));
}

}  // namespace

std::unique_ptr<Survey> Survey::Start(const Connector::Services& services,
                                      SurveyRequest request,
                                      std::function<void()> on_done) {
  return std::make_unique<SurveyImpl>(services, std::move(request),
                                      std::move(on_done));
}

}  // namespace holdfast
