#include "holdfast/tests/helpers/dialogue_script.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"

namespace holdfast {

Script operator+(Script a, const Script& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Step Play(Negotiator* negotiator, const Script& script) {
  Step step = negotiator->Start();
  std::string unseen = step.send;  // by the server
  for (const std::string& entry : script) {
    absl::string_view text = entry;
    if (absl::ConsumePrefix(&text, "C: ")) {
      EXPECT_EQ(unseen, absl::StrCat(text, "\r\n"));
      unseen.clear();
      continue;
    }
    EXPECT_EQ(unseen, "") << "sent before " << entry;
    const bool tls = entry == "TLS";
    EXPECT_EQ(step.kind, tls ? Step::Kind::kStartTls : Step::Kind::kContinue)
        << "not wanted: " << entry;
    EXPECT_TRUE(tls || absl::ConsumePrefix(&text, "S: ")) << entry;
    if (testing::Test::HasFailure()) return step;
    step = tls ? negotiator->OnTlsEstablished() : negotiator->OnLine(text);
    unseen = step.send;
  }
  EXPECT_EQ(unseen, "") << "sent at the end";
  EXPECT_EQ(step.kind == Step::Kind::kFailed, step.error.has_value());
  return step;
}

}  // namespace holdfast
