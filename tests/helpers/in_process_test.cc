#include "holdfast/tests/helpers/in_process_test.h"

#include <utility>

#include "holdfast/tests/helpers/patient_request.h"

namespace holdfast::test {

InProcessTest::InProcessTest()
    : authority_(*lab::CertificateAuthority::Create()),
      runtime_(*NssRuntime::Start()) {
  TrustOptions options;
  options.system_roots = false;
  options.ca_files = {directory_.Write("ca.pem", authority_.certificate_pem())};
  trust_ = *Trust::Load(runtime_, options);
}

std::unique_ptr<lab::LabServer> InProcessTest::StartLab(
    lab::Behaviour behaviour, const Way& way, uint32_t seed) {
  lab::LabOptions options;
  options.behaviour = std::move(behaviour);
  options.protocol = std::string(GetProtocolInfo(way.protocol).name);
  options.security = way.lab_security();
  options.seed = seed;
  // For tests that put the clock forward.
  lab::CertificateOptions long_lived;
  long_lived.not_after = absl::Now() + absl::Hours(24 * 365);
  options.certificate = *authority_.Issue(long_lived);
  return lab::LabServer::Start(std::move(options)).value();
}

std::unique_ptr<lab::LabServer> InProcessTest::StartLab(
    const std::string& behaviour, const Way& way, uint32_t seed) {
  return StartLab(*lab::FindBehaviour(behaviour), way, seed);
}

ConnectRequest InProcessTest::RequestFor(uint16_t port, const Way& way) const {
  const Target target{way.protocol, Endpoint{*Host::Parse("127.0.0.1"), port},
                      way.security};
  return Patient({target, runtime_, trust_});
}

HostKey InProcessTest::KeyOf(const ConnectRequest& request) {
  return {request.target.endpoint, request.target.security, request.scope};
}

std::vector<std::string> InProcessTest::Rungs(const ConnectResult& result) {
  std::vector<std::string> rungs;
  for (const AttemptReport& attempt : result.report.attempts) {
    rungs.emplace_back(RungName(attempt.rung));
  }
  return rungs;
}

std::optional<Reduction> InProcessTest::ReductionIn(HostCache* cache) {
  const auto records = cache->List();
  EXPECT_LE(records.size(), 1u);
  return records.empty() ? std::nullopt
                         : records.front().second.fields().reduction;
}

}  // namespace holdfast::test
