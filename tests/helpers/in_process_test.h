// What tests of a whole connect in one process share: an authority, NSS, the
// trust in it, servers of the lab, and questions about what came of it.

#ifndef HOLDFAST_TESTS_HELPERS_IN_PROCESS_TEST_H_
#define HOLDFAST_TESTS_HELPERS_IN_PROCESS_TEST_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {

// A protocol and a way in.
struct Way {
  Protocol protocol = Protocol::kImap;
  ConnectionSecurity security = ConnectionSecurity::kImplicitTls;

  std::string name() const {
    return std::string(GetProtocolInfo(protocol).name) + "_" +
           std::string(ConnectionSecurityName(security));
  }
  lab::Security lab_security() const {
    return security == ConnectionSecurity::kImplicitTls
               ? lab::Security::kImplicit
               : lab::Security::kStartTls;
  }
};

inline std::ostream& operator<<(std::ostream& out, const Way& way) {
  return out << way.name();
}

inline constexpr Way kImplicitImap = {};
inline constexpr Way kStartTlsImap = {Protocol::kImap,
                                      ConnectionSecurity::kStartTls};

class InProcessTest : public testing::Test {
 protected:
  InProcessTest();

  // With a certificate for 127.0.0.1 that is trusted.
  std::unique_ptr<lab::LabServer> StartLab(lab::Behaviour behaviour,
                                           const Way& way = {},
                                           uint32_t seed = 1);
  std::unique_ptr<lab::LabServer> StartLab(const std::string& behaviour,
                                           const Way& way = {},
                                           uint32_t seed = 1);

  // Patient (patient_request.h).
  ConnectRequest RequestFor(uint16_t port, const Way& way = {}) const;
  static HostKey KeyOf(const ConnectRequest& request);

  // "full", "compact", …, in the order of their numbers.
  static std::vector<std::string> Rungs(const ConnectResult& result);
  // Of the only record in `cache`; nullopt if it has none.
  static std::optional<Reduction> ReductionIn(HostCache* cache);

  lab::CertificateAuthority authority_;
  TempDir directory_;
  std::shared_ptr<NssRuntime> runtime_;
  std::shared_ptr<const Trust> trust_;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_IN_PROCESS_TEST_H_
