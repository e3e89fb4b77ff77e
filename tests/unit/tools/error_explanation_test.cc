// What `holdfast explain` and docs/errors.md tell of the codes.

#include "holdfast/tools/error_explanation.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/base/error_note.h"
#include "holdfast/protocols/connect/connect_report.h"
#include "holdfast/tests/helpers/error_page.h"
#include "holdfast/tests/helpers/golden.h"

namespace holdfast {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(ErrorNoteTest, EveryCodeHasANoteOfItsOwn) {
  for (const ErrorInfo& info : AllErrors()) {
    const ErrorNote& note = GetErrorNote(info.code);
    EXPECT_TRUE(absl::EndsWith(note.wire, ".")) << info.name;
    EXPECT_TRUE(absl::EndsWith(note.security, ".")) << info.name;
    EXPECT_FALSE(note.command.empty()) << info.name;
    EXPECT_TRUE(info.code == ErrorCode::kInternal ||
                &note != &GetErrorNote(ErrorCode::kInternal))
        << info.name;
  }
}

TEST(ErrorNoteTest, OfIntoleranceHoldfastRetriesByItself) {
  for (const ErrorInfo& info : AllErrors()) {
    EXPECT_EQ(info.category == ErrorCategory::kTlsIntolerance,
              GetErrorNote(info.code).retry == Retry::kByItself)
        << info.name;
  }
}

TEST(ErrorNoteTest, WhatWePutOffAsTooWeakIsOurPolicy) {
  for (const ErrorInfo& info : AllErrors()) {
    if (info.category == ErrorCategory::kLocalPolicy) {
      EXPECT_EQ(GetErrorNote(info.code).fault, Fault::kLocalPolicy);
    }
    if (GetErrorNote(info.code).fault == Fault::kLocalPolicy) {
      EXPECT_TRUE(absl::StartsWith(info.sentence, "We refuse")) << info.name;
    }
  }
}

TEST(ErrorExplanationTest, CommandsHaveNoPlaceholdersLeft) {
  for (const ErrorInfo& info : AllErrors()) {
    EXPECT_THAT(ExampleCommand(info.code),
                Not(AnyOf(HasSubstr("{"), HasSubstr("}"))));
  }
}

TEST(ErrorExplanationTest, CodesAreFoundByNameInAnyCaseAndByNumber) {
  for (const ErrorInfo& info : AllErrors()) {
    const std::string name(info.name);
    EXPECT_EQ(FindErrorCode(name), info.code);
    EXPECT_EQ(FindErrorCode(absl::StrReplaceAll(name, {{"_", "-"}})),
              info.code);
    EXPECT_EQ(FindErrorCode(absl::StrCat(static_cast<int>(info.code))),
              info.code);
  }
  EXPECT_EQ(FindErrorCode("Self-Signed"), ErrorCode::kSelfSigned);
  EXPECT_EQ(FindErrorCode("99999"), std::nullopt);
  EXPECT_EQ(FindErrorCode("self_sign"), std::nullopt);
}

TEST(ErrorExplanationTest, TheNearestNamesAreOffered) {
  EXPECT_THAT(NearestErrorNames("self_sign"), ElementsAre("self_signed"));
  EXPECT_THAT(NearestErrorNames("clsed_during"),
              ElementsAre("closed_during_handshake"));
  EXPECT_THAT(NearestErrorNames("Wrong-Nam"), ElementsAre("wrong_name"));
  EXPECT_THAT(NearestErrorNames("starttls_ref"),
              ElementsAre("starttls_refused"));
  EXPECT_FALSE(NearestErrorNames(std::string(100000, 'x')).empty());
}

TEST(ErrorExplanationTest, EachCodeIsListedOnce) {
  const std::string list = ErrorListText();
  size_t codes = 0;
  for (const auto& group : ErrorCodesByCategory()) codes += group.size();
  EXPECT_EQ(codes, AllErrors().size());
  EXPECT_EQ(ErrorListJson().size(), AllErrors().size());
  for (const ErrorInfo& info : AllErrors()) {
    EXPECT_THAT(list, HasSubstr(absl::StrCat("  ", info.name, " ")));
  }
}

TEST(ErrorExplanationTest, AnExplanationHasEveryPart) {
  const std::string text = ErrorExplanationText(ErrorCode::kServerTooOld);
  for (const char* part :
       {"server_too_old (number 800, category tls_version)\n",
        "  On the wire   A ServerHello", "  Advice        The server's",
        "  Run           holdfast connect --check --allow-legacy 1.0 "
        "imaps://mail.example.org:993\n",
        "  Retry         No", "  At fault      the server\n",
        "  Security      TLS 1.0"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(GoldenTest, ThePageOfErrorsIsThatOfTheTable) {
  test::ExpectGolden("docs/errors.md", test::ErrorPage(),
                     "## Beside other clients");
}

}  // namespace
}  // namespace holdfast
