// What reports make of fields that hold a peer's words as they came, also of
// those that no server can bring about today.

#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/shown_text.h"
#include "holdfast/tools/cache_report.h"
#include "holdfast/tools/probe/probe_report.h"
#include "holdfast/tools/report.h"

namespace holdfast {
namespace {

using test::FirstUnshown;
using test::FirstUnshownInJson;
using testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

std::string Harm(const std::string& name) {
  return name + "> \x1b[31m\u009b\u202e\u200b\xff\x7f\n\r\\";
}
std::string Shown(const std::string& name) {
  return name + R"(> \x1b[31m\u{9b}\u{202e}\u{200b}\xff\x7f\n\r\\)";
}

void ExpectShows(const std::string& text, const std::string& name) {
  EXPECT_EQ(FirstUnshown(text), std::nullopt);
  EXPECT_THAT(text, HasSubstr(Shown(name)));
}
// JSON doubles the backslashes.
void ExpectJsonShows(const nlohmann::ordered_json& json,
                     const std::string& name) {
  for (const std::string& text : {JsonText(json), JsonLine(json)}) {
    EXPECT_EQ(FirstUnshownInJson(text), std::nullopt);
  }
  EXPECT_THAT(
      json.dump(),
      HasSubstr(
          nlohmann::json(Shown(name)).dump().substr(1, Shown(name).size())));
}

Error HarmfulError() {
  Error error = MakeError(ErrorCode::kMalformedGreeting, Phase::kPlaintext);
  error.server_text = Harm("server_text");
  error.first_bytes = Harm("first_bytes");
  return error;
}

ConnectReport Connected() {
  ConnectReport report{*ParseTarget("imaps://mail.example.org")};
  report.tls.emplace();
  report.tls->version = TlsVersion::kTls13;
  report.tls->alpn = Harm("alpn");
  report.tls->certificate.not_after = kNow + absl::Hours(24);
  report.capabilities = {Harm("capability")};
  report.fallback = ConnectReport::Fallback();
  report.attempts.emplace_back();
  return report;
}

ConnectReport Failed() {
  ConnectReport report{*ParseTarget("imaps://mail.example.org")};
  report.error = HarmfulError();
  report.attempts.emplace_back();
  report.attempts.back().error = report.error;
  return report;
}

TEST(PeerWordsReportTest, OfAConnectionThatWasMade) {
  ExpectShows(ConnectReportText(Connected(), kNow), "capability");
  ExpectJsonShows(ConnectReportJson(Connected()), "capability");
  ExpectJsonShows(ConnectReportJson(Connected()), "alpn");
}

TEST(PeerWordsReportTest, OfAConnectionThatFailed) {
  ExpectShows(ConnectReportText(Failed(), kNow), "server_text");
  ExpectShows(ErrorText(HarmfulError()), "server_text");
  EXPECT_THAT(ConnectReportText(Failed(), kNow),
              HasSubstr("first_bytes> \\x1b"));
  ExpectJsonShows(ConnectReportJson(Failed()), "server_text");
  ExpectJsonShows(ErrorJson(HarmfulError()), "server_text");
}

TEST(PeerWordsReportTest, OfAProbe) {
  ProbeReport report{*ParseTarget("imaps://mail.example.org"), kNow};
  for (TlsVersion version : {TlsVersion::kTls13, TlsVersion::kTls12,
                             TlsVersion::kTls11, TlsVersion::kTls10}) {
    report.versions[version] = VersionSupport::kUnknown;
  }
  report.reached = true;
  report.rungs[Rung::kFull].tried = true;
  report.rungs[Rung::kFull].error = HarmfulError();
  report.tls = Connected().tls;
  ExpectShows(ProbeReportText({report}, 80, Painter()), "server_text");
  ExpectShows(ProbeReportText({report}, 80, Painter()), "alpn");
  EXPECT_EQ(FirstUnshown(SurveyLineText(report, 30, Painter())), std::nullopt);
  ExpectJsonShows(ProbeReportJson(report), "server_text");
  ExpectJsonShows(ProbeReportJson(report), "alpn");
}

// What is printable ends where its quotation marks say.
TEST(PeerWordsReportTest, OfAnEventEndWhereTheyShould) {
  const Event event{EventKind::kAttemptFailed,
                    absl::Seconds(1),
                    1,
                    {{"plain", "a"},
                     {"message", R"(he said "x" y="z" \\" \x1b)"},
                     {"quoted", R"(* OK \"a\" \\)"}}};
  EXPECT_THAT(VerboseText(event, Painter()),
              HasSubstr(R"( plain=a message="he said \"x\" y=\"z\" \\\" \x1b" )"
                        R"(quoted="* OK \"a\" \\")"));
}

TEST(PeerWordsReportTest, OfTheCache) {
  HostRecord::Fields fields;
  fields.proof = Proof{TlsVersion::kTls13, kNow};
  fields.first_seen = fields.last_seen = kNow;
  const RecordList records = {
      {HostKey{Endpoint{*Host::Parse("mail.example.org"), 993},
               ConnectionSecurity::kImplicitTls, Harm("scope")},
       *HostRecord::Create(fields)}};
  ExpectShows(CacheListText(records, kNow, 200), "scope");
  ExpectShows(CacheShowText("mail.example.org", records, kNow), "scope");
  ExpectShows(
      ExplainNextOffer(records[0].first, records[0].second, kNow).sentence,
      "scope");
  ExpectShows(CacheShowText(Harm("name"), {}, kNow), "name");
  ExpectShows(ExplainUnknownHost(Harm("name")).sentence, "name");
  // The scope is a client's own, and data: only the text hides it.
  const std::string json = JsonText(CacheShowJson(records, kNow));
  EXPECT_EQ(FirstUnshown(json), std::nullopt);
  EXPECT_THAT(json, HasSubstr("\\u202e"));
}

}  // namespace
}  // namespace holdfast
