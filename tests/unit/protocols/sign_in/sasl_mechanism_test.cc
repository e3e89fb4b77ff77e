// What a server offers, and which of it is taken.

#include "holdfast/protocols/sign_in/sasl_mechanism.h"

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/base/error.h"

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using M = SaslMechanism;

TEST(SaslMechanismTest, NamesAreReadBack) {
  for (int i = 0; i <= static_cast<int>(M::kAnonymous); ++i) {
    const auto mechanism = static_cast<SaslMechanism>(i);
    EXPECT_EQ(ParseSaslMechanism(SaslMechanismName(mechanism)), mechanism);
  }
  EXPECT_EQ(ParseSaslMechanism("scram-sha-256-plus"), M::kScramSha256Plus);
  EXPECT_EQ(ParseSaslMechanism("CRAM-MD5"), std::nullopt);
}

// Without what this build leaves out.
std::set<SaslMechanism> Built(std::set<SaslMechanism> mechanisms) {
  for (auto it = mechanisms.begin(); it != mechanisms.end();) {
    it = IsBuilt(*it) ? std::next(it) : mechanisms.erase(it);
  }
  return mechanisms;
}

struct OfferCase {
  Protocol protocol;
  std::vector<std::string> capabilities;
  std::set<SaslMechanism> offered;
};

TEST(SaslMechanismTest, OffersAreReadInEveryProtocol) {
  const OfferCase kCases[] = {
      {Protocol::kImap,
       {"IMAP4rev1", "SASL-IR", "AUTH=PLAIN", "auth=scram-sha-1", "AUTH=X"},
       {M::kPlain, M::kScramSha1, M::kProtocolLogin}},
      {Protocol::kImap,
       {"IMAP4rev1", "LOGINDISABLED", "AUTH=XOAUTH2"},
       {M::kXoauth2}},
      {Protocol::kImap, {}, {M::kProtocolLogin}},
      {Protocol::kPop3,
       {"TOP", "USER", "SASL PLAIN SCRAM-SHA-256"},
       {M::kPlain, M::kScramSha256, M::kProtocolLogin}},
      {Protocol::kPop3, {"TOP", "SASL LOGIN"}, {M::kLogin}},
      {Protocol::kPop3, {"TOP"}, {}},
      {Protocol::kPop3, {}, {M::kProtocolLogin}},
      {Protocol::kSmtp,
       {"PIPELINING", "AUTH PLAIN LOGIN OAUTHBEARER", "AUTHX", "SIZE 10"},
       {M::kPlain, M::kLogin, M::kOauthBearer}},
      {Protocol::kSubmission, {"SIZE 10"}, {}},
      {Protocol::kSubmission, {}, {}},
      {Protocol::kNntp,
       {"READER", "AUTHINFO SASL", "SASL SCRAM-SHA-256-PLUS EXTERNAL"},
       {M::kScramSha256Plus, M::kExternal}},
      {Protocol::kNntp, {"READER", "AUTHINFO USER SASL"}, {M::kProtocolLogin}},
      {Protocol::kNntp, {"READER"}, {}},
      {Protocol::kNntp, {}, {M::kProtocolLogin}},
      // Our own name for the last resort is no mechanism.
      {Protocol::kSmtp, {"AUTH USER/PASS"}, {}},
  };
  for (const OfferCase& c : kCases) {
    EXPECT_EQ(OfferedMechanisms(c.protocol, c.capabilities), Built(c.offered))
        << GetProtocolInfo(c.protocol).name << " "
        << testing::PrintToString(c.capabilities);
  }
}

MechanismChoice Choice(std::set<SaslMechanism> offered,
                       std::set<CredentialKind> has, bool binding = true) {
  return {std::move(offered),
          [has](CredentialKind kind) { return has.count(kind) > 0; }, binding,
          std::nullopt, /*client_certificate_sent=*/true};
}

TEST(SaslMechanismTest, TheStrongestThatIsPossibleIsTaken) {
  const std::vector<SaslMechanism> kByStrength = {
      M::kScramSha256Plus, M::kScramSha256,   M::kScramSha1Plus, M::kScramSha1,
      M::kExternal,        M::kOauthBearer,   M::kXoauth2,       M::kPlain,
      M::kLogin,           M::kProtocolLogin, M::kAnonymous};
  const size_t left_out = IsBuilt(M::kScramSha1) ? 0 : 4;
  const std::vector<SaslMechanism> expected(kByStrength.begin() + left_out,
                                            kByStrength.end());
  std::set<SaslMechanism> offered(expected.begin(), expected.end());
  std::vector<SaslMechanism> chosen;
  while (true) {
    const auto mechanism = ChooseMechanism(Choice(
        offered, {CredentialKind::kNone, CredentialKind::kPassword,
                  CredentialKind::kToken, CredentialKind::kCertificate}));
    if (!mechanism.ok()) break;
    chosen.push_back(*mechanism);
    offered.erase(*mechanism);
  }
  EXPECT_EQ(chosen, expected);
  EXPECT_THAT(offered, testing::IsEmpty());
}

TEST(SaslMechanismTest, CredentialsAndChannelBindingLimitTheChoice) {
  const std::set<SaslMechanism> all = {M::kScramSha256Plus, M::kScramSha256,
                                       M::kXoauth2, M::kLogin, M::kAnonymous};
  EXPECT_EQ(*ChooseMechanism(Choice(all, {CredentialKind::kPassword}, false)),
            IsBuilt(M::kScramSha256) ? M::kScramSha256 : M::kLogin);
  EXPECT_EQ(*ChooseMechanism(Choice(all, {CredentialKind::kToken})),
            M::kXoauth2);
  EXPECT_EQ(*ChooseMechanism(Choice(all, {CredentialKind::kNone})),
            M::kAnonymous);
}

TEST(SaslMechanismTest, WithNothingInCommonTheErrorSaysWhatIsOffered) {
  const auto mechanism = ChooseMechanism(
      Choice({M::kXoauth2, M::kOauthBearer}, {CredentialKind::kPassword}));
  ASSERT_FALSE(mechanism.ok());
  const Error error = ErrorFromStatus(mechanism.status());
  EXPECT_EQ(error.code, ErrorCode::kNoCommonMechanism);
  EXPECT_THAT(error.Message(), HasSubstr("OAUTHBEARER, XOAUTH2"));
}

TEST(SaslMechanismTest, WhatIsToldIsTakenEvenIfItIsNotOffered) {
  MechanismChoice choice =
      Choice({M::kScramSha256}, {CredentialKind::kPassword}, false);
  choice.told = M::kPlain;
  EXPECT_EQ(*ChooseMechanism(choice), M::kPlain);
  choice.told = M::kScramSha1Plus;
  EXPECT_THAT(
      ErrorFromStatus(ChooseMechanism(choice).status()).Message(),
      HasSubstr(IsBuilt(M::kScramSha1Plus) ? "channel binding" : "libgsasl"));
  choice.told = M::kOauthBearer;
  EXPECT_EQ(ErrorFromStatus(ChooseMechanism(choice).status()).code,
            ErrorCode::kNoCommonMechanism);
}

TEST(SaslMechanismTest, TheProtocolsOwnCommandIsTakenOnlyIfItIsOffered) {
  MechanismChoice choice = Choice({M::kPlain}, {CredentialKind::kPassword});
  choice.told = M::kProtocolLogin;
  EXPECT_EQ(ErrorFromStatus(ChooseMechanism(choice).status()).code,
            ErrorCode::kNoCommonMechanism);
  choice.offered.insert(M::kProtocolLogin);
  EXPECT_EQ(*ChooseMechanism(choice), M::kProtocolLogin);
}

TEST(SaslMechanismTest, ACertificateIsNoWayToSignInAsNobody) {
  EXPECT_FALSE(
      ChooseMechanism(Choice({M::kAnonymous}, {CredentialKind::kCertificate}))
          .ok());
  EXPECT_FALSE(
      ChooseMechanism(Choice({M::kExternal}, {CredentialKind::kNone})).ok());
}

TEST(SaslMechanismTest, ExternalNeedsACertificateThatTheServerHas) {
  MechanismChoice choice =
      Choice({M::kExternal}, {CredentialKind::kCertificate});
  EXPECT_EQ(*ChooseMechanism(choice), M::kExternal);
  choice.client_certificate_sent = false;
  EXPECT_FALSE(ChooseMechanism(choice).ok());
  choice.told = M::kExternal;
  EXPECT_THAT(ErrorFromStatus(ChooseMechanism(choice).status()).Message(),
              HasSubstr("client certificate"));
}

}  // namespace
}  // namespace holdfast
