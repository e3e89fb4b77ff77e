// What the tests of sessions on a failing network share: an authority, trust in
// it, a loop, credentials, the events, and where to cut.

#ifndef HOLDFAST_TESTS_HELPERS_FAULT_TEST_H_
#define HOLDFAST_TESTS_HELPERS_FAULT_TEST_H_

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/session/session.h"
#include "holdfast/tests/helpers/cutting_relay.h"
#include "holdfast/tests/helpers/own_loop.h"
#include "holdfast/tests/helpers/patient_request.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/certificate_authority.h"

namespace holdfast::test {

// One with a dot at the beginning of a line, and more than fits in a segment.
inline std::string Message(const std::string& name) {
  return absl::StrCat("Message-ID: <", name, "@test>\r\nSubject: ", name,
                      "\r\n\r\n.dot\r\n", std::string(900, name[0]), "\r\n",
                      std::string(900, name[0]), "\r\n",
                      std::string(900, name[0]), "\r\n");
}
// Of the message that `text` is, whole.
inline std::string NameOf(const std::string& text) {
  for (const char* name : {"a", "b", "c"}) {
    if (text == Message(name)) return name;
  }
  return absl::StrCat(text.size(), " bytes that are none");
}

class FaultTest : public testing::Test {
 protected:
  // Signs in to `target` as `user`, whose password is "pw"; impatient.
  SessionOptions Options(
      const std::string& target, const std::string& user,
      std::optional<SaslMechanism> mechanism = std::nullopt) {
    TrustOptions trust;
    trust.system_roots = false;
    trust.ca_files = {directory_.Write("ca.pem", authority_.certificate_pem())};
    SessionOptions options{{Patient(
        {*ParseTarget(target), runtime_, *Trust::Load(runtime_, trust)})}};
    options.redial.credentials =
        NewPasswordProvider(user, SecretString("pw"), mechanism);
    options.redial.policy.first_pause = absl::Milliseconds(5);
    options.redial.policy.longest_pause = absl::Milliseconds(50);
    options.patience = Scaled(absl::Seconds(1));
    options.redial.connect.on_event = [this](const Event& event) {
      events_.emplace_back(EventKindName(event.kind));
    };
    return options;
  }
  static ErrorCode CodeOf(const absl::Status& status) {
    return ErrorFromStatus(status).code;
  }
  size_t Count(const std::string& event) const {
    return static_cast<size_t>(
        std::count(events_.begin(), events_.end(), event));
  }

  // Before and inside each record, by turns ended, reset and silent; more than
  // any session has.
  static std::vector<Cut> CutsOf(Cut::Direction direction) {
    std::vector<Cut> cuts;
    for (int record = 0; record < 100; ++record) {
      for (const bool inside : {false, true}) {
        cuts.push_back(
            {direction, record, inside,
             static_cast<Cut::Kind>((record + (inside ? 1 : 0)) % 3)});
      }
    }
    return cuts;
  }

  lab::CertificateAuthority authority_ = *lab::CertificateAuthority::Create();
  TempDir directory_;
  std::shared_ptr<NssRuntime> runtime_ = *NssRuntime::Start();
  std::unique_ptr<OwnLoop> own_ = *OwnLoop::Create(nullptr);
  std::vector<std::string> events_;
};

inline std::string CutDirectionName(
    const testing::TestParamInfo<Cut::Direction>& info) {
  return info.param == Cut::Direction::kToServer ? "to_server" : "to_client";
}

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_FAULT_TEST_H_
