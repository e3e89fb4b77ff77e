// Nobody on the way can use the fallback against us: an attacker who drops,
// resets, says nothing, forges alerts or answers for the server, at each step
// and for as long as he likes. docs/threat-model.md has the argument.

#include "holdfast/tests/helpers/attacker.h"

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/core/net/dialer.h"
#include "holdfast/core/net/resolver.h"
#include "holdfast/tests/helpers/dovecot_server.h"
#include "holdfast/tests/helpers/in_process_test.h"
#include "holdfast/tests/helpers/patience.h"
#include "holdfast/tools/lab/raw_answer.h"

namespace holdfast::test {
namespace {

using lab::ClientHello;
using Category = ErrorCategory;
using Place = Attack::Place;
using End = Attack::End;

constexpr int kForEver = std::numeric_limits<int>::max();
constexpr Way kImplicitSmtp = {Protocol::kSmtp,
                               ConnectionSecurity::kImplicitTls};
constexpr Way kStartTlsSmtp = {Protocol::kSmtp, ConnectionSecurity::kStartTls};
constexpr absl::Duration kProofLifetime = absl::Hours(24 * 30);

bool OffersTls13(const ClientHello& hello) { return hello.OffersTls13(); }

// What he says, whatever the hello.
decltype(Attack::words) Saying(const std::string& text) {
  return [text](const ClientHello&) { return text; };
}

// A ServerHello that chooses TLS 1.0: record and message say so.
std::string Tls10ServerHello(const ClientHello& hello) {
  std::string record = lab::Tls12ServerHello(hello);
  record[2] = record[10] = 1;
  return record;
}

// The hello with a number of `list` made one of no meaning (RFC 8701).
std::string Without(uint16_t number, const std::vector<uint16_t>& list,
                    const ClientHello& hello) {
  std::string as_sent, changed;
  for (const uint16_t each : list) {
    const std::string bytes = {static_cast<char>(each >> 8),
                               static_cast<char>(each & 0xff)};
    as_sent += bytes;
    changed += each == number ? "\x2a\x2a" : bytes;
  }
  EXPECT_THAT(hello.wire, testing::HasSubstr(as_sent));
  return absl::StrReplaceAll(hello.wire, {{as_sent, changed}});
}
std::string WithoutTls13(const ClientHello& hello) {
  return Without(0x0304, hello.supported_versions, hello);
}
std::string WithoutScsv(const ClientHello& hello) {
  return Without(0x5600, hello.cipher_suites, hello);
}

// One connect under attack.
struct Ordeal {
  std::string name;
  Attack attack;
  bool proven = false;                // the cache holds a proof of TLS 1.3
  std::optional<bool> connects = {};  // if that is certain
  absl::Duration timeout = absl::Seconds(20);
};

struct Outcome {
  ConnectResult result;
  absl::Duration taken;
  std::vector<ClientHello> hellos;
  std::string in_clear;
  int strikes;
};

// An attack with each reach and both kinds of cache.
void Append(const std::string& name, const Attack& attack,
            const std::vector<int>& firsts, std::vector<Ordeal>* ordeals) {
  for (const bool proven : {false, true}) {
    const std::string host = proven ? " of a proven host" : "";
    Ordeal ordeal = {"", attack, proven};
    for (const int first : firsts) {
      ordeal.attack.first = first;
      ordeal.name = first == kForEver ? absl::StrCat(name, " for ever", host)
                                      : absl::StrCat(name, " of ", first, host);
      ordeals->push_back(ordeal);
    }
    if (attack.place < Place::kAfterClientHello) continue;
    // The classic: whoever asks for less gets through.
    ordeal.attack.first = kForEver;
    ordeal.attack.only = OffersTls13;
    ordeal.name = absl::StrCat(name, " on TLS 1.3 alone", host);
    ordeals->push_back(ordeal);
  }
}

std::string PlaceName(Place place) {
  switch (place) {
    case Place::kOnAccept:
      return "on accept";
    case Place::kGreeting:
      return "at the greeting";
    case Place::kStartTlsAnswer:
      return "at STARTTLS";
    case Place::kBehindStartTlsAnswer:
      return "behind STARTTLS";
    case Place::kAfterClientHello:
      return "after ClientHello";
    case Place::kAfterServerHello:
      return "after ServerHello";
    case Place::kInServerFlight:
      return "in the server's flight";
    case Place::kAfterFinished:
      return "after Finished";
  }
  return "";
}

std::vector<Place> PlacesOf(const Way& way) {
  std::vector<Place> places = {Place::kOnAccept, Place::kAfterClientHello,
                               Place::kAfterServerHello, Place::kInServerFlight,
                               Place::kAfterFinished};
  if (way.security == ConnectionSecurity::kStartTls) {
    places.push_back(Place::kGreeting);
    places.push_back(Place::kStartTlsAnswer);
  }
  return places;
}

class AttackerTest : public InProcessTest {
 protected:
  // Makes all of them beside one another, in front of the server at `port`.
  void Endure(const std::vector<Ordeal>& ordeals, const Way& way, uint16_t port,
              const std::vector<Category>& expected);

  static void ExpectPromises(const Ordeal& ordeal, const Outcome& outcome,
                             HostCache* cache);
  static void ExpectHellosKeepPromises(const std::vector<ClientHello>& hellos,
                                       bool proven);
  static void ExpectNoSecret(const std::string& in_clear, const Way& way);
};

// Promises 2, 6, 7, 8 and 9, whatever came of the connect. The server speaks
// TLS 1.3.
void AttackerTest::ExpectPromises(const Ordeal& ordeal, const Outcome& outcome,
                                  HostCache* cache) {
  const ConnectReport& report = outcome.result.report;
  if (outcome.result.ok()) {
    EXPECT_EQ(report.tls->version, TlsVersion::kTls13);
    EXPECT_TRUE(report.tls->certificate_verified());
  }
  EXPECT_GE(outcome.strikes, 1) << "there was no attack";
  EXPECT_LE(report.attempts.size(), 8u);
  EXPECT_LE(outcome.taken, Scaled(ordeal.timeout + absl::Seconds(2)));
  ExpectHellosKeepPromises(outcome.hellos, ordeal.proven);
  for (const auto& [key, record] : cache->List()) {
    const auto& [proof, reduction, failures, recoveries, first, last] =
        record.fields();
    if (proof) {
      EXPECT_EQ(proof->version, TlsVersion::kTls13);
    }
    if (!reduction) continue;
    EXPECT_EQ(RungMaximum(reduction->rung), TlsVersion::kTls13);
    EXPECT_LE(reduction->expires_at - absl::Now(), absl::Hours(1));
  }
}

void AttackerTest::ExpectHellosKeepPromises(
    const std::vector<ClientHello>& hellos, bool proven) {
  int unmarked = 0;
  for (const ClientHello& hello : hellos) {
    EXPECT_THAT(hello.supported_versions, testing::Each(testing::Ge(0x0303)));
    EXPECT_GE(hello.legacy_version, 0x0303);
    if (proven) {
      EXPECT_TRUE(hello.OffersTls13());
    }
    unmarked += !hello.OffersTls13() && !hello.HasFallbackScsv();
  }
  // The one that asks for the sentinel, and is never used.
  EXPECT_LE(unmarked, 1);
}

// Promise 1: nothing but the dialogue up to STARTTLS.
void AttackerTest::ExpectNoSecret(const std::string& in_clear, const Way& way) {
  if (way.security == ConnectionSecurity::kImplicitTls) {
    EXPECT_EQ(in_clear, "");
    return;
  }
  for (absl::string_view line : absl::StrSplit(in_clear, "\r\n")) {
    EXPECT_TRUE(line.empty() || absl::StartsWith(line, "hf1 STARTTLS") ||
                absl::StartsWith(line, "EHLO ") || line == "STARTTLS")
        << line;
  }
}

void AttackerTest::Endure(const std::vector<Ordeal>& ordeals, const Way& way,
                          uint16_t port,
                          const std::vector<Category>& expected) {
  struct Trial {
    std::unique_ptr<Attacker> attacker;
    std::unique_ptr<HostCache> cache = NewMemoryHostCache();
    std::unique_ptr<Connector::Operation> operation = nullptr;
    std::optional<ConnectResult> result = {};
    absl::Duration taken = {};
  };
  const auto loop = *UvEventLoop::Create();
  const auto resolver = NewSystemResolver(loop.get());
  const auto dialer = NewTcpDialer(loop.get());
  std::vector<Trial> trials(ordeals.size());
  size_t done = 0;
  for (size_t i = 0; i < ordeals.size(); ++i) {
    Trial& trial = trials[i];
    trial.attacker =
        *Attacker::Start(ordeals[i].attack, way.lab_security(), port,
                         std::string(GetProtocolInfo(way.protocol).name));
    ConnectRequest request = RequestFor(trial.attacker->port(), way);
    request.timeout = Scaled(ordeals[i].timeout);
    if (ordeals[i].timeout < absl::Seconds(4)) {
      request.policy.min_attempt = request.timeout / 8;
      request.policy.hedge_delay = request.timeout / 8;
    }
    if (ordeals[i].proven) {
      trial.cache->Apply(KeyOf(request), LearnedProof{TlsVersion::kTls13, true},
                         absl::Now());
    }
    const absl::Duration started = loop->Now();
    Connector connector(
        {loop.get(), resolver.get(), dialer.get(), trial.cache.get()});
    trial.operation = connector.Connect(
        request, [&trial, &done, &loop, started](ConnectResult result) {
          trial.taken = loop->Now() - started;
          trial.result = std::move(result);
          ++done;
        });
  }
  loop->RunUntil([&] { return done == trials.size(); });
  for (size_t i = 0; i < ordeals.size(); ++i) {
    SCOPED_TRACE(ordeals[i].name);
    Trial& trial = trials[i];
    const Outcome outcome = {
        *std::move(trial.result), trial.taken, trial.attacker->hellos(),
        trial.attacker->received_in_clear(), trial.attacker->strikes()};
    ExpectPromises(ordeals[i], outcome, trial.cache.get());
    ExpectNoSecret(outcome.in_clear, way);
    if (ordeals[i].connects) {
      EXPECT_EQ(outcome.result.ok(), *ordeals[i].connects);
    }
    if (outcome.result.ok()) continue;
    const Error& error = *outcome.result.report.error;
    EXPECT_THAT(expected, testing::Contains(error.category()))
        << ErrorName(error.code) << ": " << error.Message();
  }
}

// A few hellos were cut, and the full offer came through in the end: on the
// third address of a proven host; else as promise 6's full-range attempt.
bool IsANuisance(const Ordeal& ordeal) {
  return ordeal.attack.place == Place::kAfterClientHello &&
         ordeal.attack.end != End::kSilence &&
         ordeal.attack.first <= (ordeal.proven ? 2 : 4);
}

class CuttingAttackerTest : public AttackerTest,
                            public testing::WithParamInterface<Way> {
 protected:
  void Cut(End end, absl::Duration timeout,
           const std::vector<Category>& expected) {
    std::vector<Ordeal> ordeals;
    for (const Place place : PlacesOf(GetParam())) {
      Attack attack;
      attack.place = place;
      attack.end = end;
      Append(PlaceName(place), attack, {1, 2, 3, 4, 5, kForEver}, &ordeals);
    }
    for (Ordeal& ordeal : ordeals) {
      ordeal.timeout = timeout;
      if (IsANuisance(ordeal)) ordeal.connects = true;
    }
    const auto server = StartLab("healthy", GetParam());
    Endure(ordeals, GetParam(), server->port(), expected);
  }
};

TEST_P(CuttingAttackerTest, ClosingGainsNothing) {
  Cut(End::kFin, absl::Seconds(20),
      {Category::kTlsIntolerance, Category::kTlsProtocol, Category::kDowngrade,
       Category::kProtocol});
}

TEST_P(CuttingAttackerTest, ResettingGainsNothing) {
  Cut(End::kReset, absl::Seconds(20),
      {Category::kTlsIntolerance, Category::kTlsProtocol, Category::kDowngrade,
       Category::kProtocol, Category::kNetwork});
}

TEST_P(CuttingAttackerTest, SilenceGainsNothing) {
  Cut(End::kSilence, absl::Milliseconds(1200),
      {Category::kTlsIntolerance, Category::kTimeout, Category::kDowngrade});
}

class ForgingAttackerTest : public AttackerTest,
                            public testing::WithParamInterface<Way> {};

TEST_P(ForgingAttackerTest, AlertsInPlaceOfAServerHelloGainNothing) {
  std::vector<Ordeal> ordeals;
  const auto add = [&](absl::string_view name, lab::AlertLevel level) {
    Attack attack;
    attack.words = Saying(AlertRecord(level, lab::AlertNumber(name)));
    Append(std::string(name), attack, {1, 3, kForEver}, &ordeals);
  };
  for (const lab::NamedAlert& alert : lab::HelloRefusals()) {
    add(alert.name, lab::AlertLevel::kFatal);
  }
  for (const char* name : {"close_notify", "inappropriate_fallback",
                           "unrecognized_name", "no_application_protocol"}) {
    add(name, lab::AlertLevel::kFatal);
    add(name, lab::AlertLevel::kWarning);
  }
  const auto server = StartLab("healthy", GetParam());
  Endure(ordeals, GetParam(), server->port(),
         {Category::kTlsIntolerance, Category::kTlsVersion,
          Category::kServerPolicy, Category::kDowngrade});
}

TEST_P(ForgingAttackerTest, AlertsInTheHandshakeGainNothing) {
  std::vector<Ordeal> ordeals;
  for (const Place place : {Place::kAfterServerHello, Place::kInServerFlight,
                            Place::kAfterFinished}) {
    for (const char* name : {"protocol_version", "handshake_failure",
                             "inappropriate_fallback", "close_notify"}) {
      Attack attack;
      attack.place = place;
      attack.words =
          Saying(AlertRecord(lab::AlertLevel::kFatal, lab::AlertNumber(name)));
      Append(absl::StrCat(name, " ", PlaceName(place)), attack, {1, kForEver},
             &ordeals);
    }
  }
  const auto server = StartLab("healthy", GetParam());
  Endure(ordeals, GetParam(), server->port(),
         {Category::kTlsProtocol, Category::kDowngrade, Category::kProtocol,
          Category::kNetwork});
}

TEST_P(ForgingAttackerTest, ServerHellosOfHisOwnGainNothing) {
  const std::pair<const char*, decltype(Attack::words)> answers[] = {
      {"TLS 1.2", lab::Tls12ServerHello},
      {"TLS 1.2 with the sentinel", lab::SentinelServerHello},
      {"TLS 1.0", Tls10ServerHello},
      {"SSL 3", lab::Ssl3ServerHello},
      {"TLS 1.4", lab::ServerHelloAboveOffer},
      {"a bad key share", lab::ServerHelloWithBadKeyShare},
      {"a part of it", lab::PartOfServerHello},
      {"an echo", lab::Echo},
      {"garbage", lab::Garbage},
      {"application data", lab::ApplicationData}};
  std::vector<Ordeal> ordeals;
  for (const auto& [name, words] : answers) {
    Attack attack;
    attack.words = words;
    Append(name, attack, {1, 3, kForEver}, &ordeals);
  }
  const auto server = StartLab("healthy", GetParam());
  Endure(ordeals, GetParam(), server->port(),
         {Category::kTlsProtocol, Category::kTlsVersion, Category::kDowngrade,
          Category::kTlsIntolerance, Category::kLocalPolicy,
          // After STARTTLS what is not TLS is an injection.
          Category::kStartTls});
}

// The server is made to believe that no more was offered: the mark of a
// downgrade in its answer tells, and both sides' Finished would not match.
TEST_P(ForgingAttackerTest, RewrittenHellosGainNothing) {
  const auto server = StartLab("healthy", GetParam());
  const std::vector<Category> expected = {Category::kDowngrade};
  Attack hides_tls13;
  hides_tls13.rewrite = WithoutTls13;
  std::vector<Ordeal> ordeals;
  Append("without TLS 1.3", hides_tls13, {1, kForEver}, &ordeals);
  for (Ordeal& ordeal : ordeals) ordeal.connects = false;
  Endure(ordeals, GetParam(), server->port(), expected);

  Attack hides_scsv;
  hides_scsv.rewrite = WithoutScsv;
  const auto behind =
      *Attacker::Start(hides_scsv, GetParam().lab_security(), server->port());
  Attack cuts_tls13;
  cuts_tls13.only = OffersTls13;
  Ordeal ordeal = {"without SCSV", cuts_tls13};
  ordeal.connects = false;
  Endure({ordeal}, GetParam(), behind->port(), expected);
}

TEST_P(ForgingAttackerTest, PlaintextInPlaceOfTlsGainsNothing) {
  std::vector<Ordeal> ordeals;
  for (const char* text :
       {"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n",
        "* PREAUTH [CAPABILITY IMAP4rev1] welcome\r\n", "* BYE later\r\n",
        "220 mail.example ESMTP\r\n", "hf1 OK done\r\n", "+OK\r\n"}) {
    for (const End end : {End::kFin, End::kGoOn}) {
      Attack attack;
      attack.words = Saying(text);
      attack.end = end;
      Append(absl::StrCat(text, end == End::kGoOn ? "ahead" : "instead"),
             attack, {1, kForEver}, &ordeals);
    }
  }
  const auto server = StartLab("healthy", GetParam());
  Endure(
      ordeals, GetParam(), server->port(),
      {Category::kModeMismatch, Category::kStartTls, Category::kTlsProtocol});
}

TEST_P(ForgingAttackerTest, AServerOfHisOwnGainsNothing) {
  const auto other = *lab::CertificateAuthority::Create("Attacker");
  lab::LabOptions options;
  options.protocol = std::string(GetProtocolInfo(GetParam().protocol).name);
  options.security = GetParam().lab_security();
  options.certificate = *other.Issue();
  const auto modern = lab::LabServer::Start(options).value();
  options.behaviour = *lab::FindBehaviour("tls12-only");
  const auto old = lab::LabServer::Start(options).value();
  options.behaviour = *lab::FindBehaviour("tls10-only");
  const auto ancient = lab::LabServer::Start(options).value();
  const auto server = StartLab("healthy", GetParam());
  for (const lab::LabServer* his : {modern.get(), old.get(), ancient.get()}) {
    Attack at_once;
    at_once.place = Place::kOnAccept;
    at_once.own_server = his->port();
    std::vector<Ordeal> ordeals;
    Append("in its place", at_once, {1, kForEver}, &ordeals);
    // Of a proven host, TLS 1.0's alert is refused as what it is.
    Endure(ordeals, GetParam(), server->port(),
           {Category::kCertificate, Category::kTlsVersion,
            Category::kTlsIntolerance});

    // Only after he has had the offer reduced.
    const auto behind = *Attacker::Start(at_once, GetParam().lab_security(),
                                         server->port(), options.protocol);
    ordeals.clear();
    Append("once it is reduced", Attack(), {2, 3}, &ordeals);
    Endure(ordeals, GetParam(), behind->port(),
           {Category::kCertificate, Category::kTlsVersion,
            Category::kTlsIntolerance, Category::kDowngrade});
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, CuttingAttackerTest,
                         testing::Values(kImplicitImap, kStartTlsImap,
                                         kImplicitSmtp, kStartTlsSmtp),
                         [](const auto& way) { return way.param.name(); });
INSTANTIATE_TEST_SUITE_P(Ways, ForgingAttackerTest,
                         testing::Values(kImplicitImap, kStartTlsImap),
                         [](const auto& way) { return way.param.name(); });

// In the dialogue up to STARTTLS.
class StrippingAttackerTest : public AttackerTest,
                              public testing::WithParamInterface<Way> {};

TEST_P(StrippingAttackerTest, GainsNothing) {
  const lab::Words words =
      lab::FindScript(GetProtocolInfo(GetParam().protocol).name,
                      lab::Security::kStartTls)
          ->words;
  std::vector<Ordeal> ordeals;
  const auto add = [&](Place place, absl::string_view text, End end) {
    if (text.empty()) return;  // the protocol has no such thing
    Attack attack;
    attack.place = place;
    attack.end = end;
    const std::string said = absl::StrReplaceAll(
        text, {{"$TAG", words.first_tag}, {words.starttls_offer, ""}});
    attack.words = Saying(said);
    Append(absl::StrCat(said, PlaceName(place)), attack, {1, 3, kForEver},
           &ordeals);
  };
  for (const End end : {End::kFin, End::kGoOn}) {
    for (absl::string_view greeting :
         {words.clear_greeting, words.refusal, words.rejection, words.preauth,
          words.referral, words.tls_greeting}) {
      add(Place::kGreeting, greeting, end);
    }
    for (absl::string_view answer :
         {words.starttls_refused, words.starttls_not_now,
          words.starttls_impossible, words.starttls_plus,
          words.starttls_referral, words.unknown, words.injection,
          absl::string_view("what?\r\n")}) {
      add(Place::kStartTlsAnswer, answer, end);
    }
  }
  add(Place::kBehindStartTlsAnswer, words.injection, End::kGoOn);
  add(Place::kBehindStartTlsAnswer, "part of a line", End::kGoOn);
  for (Ordeal& ordeal : ordeals) {
    ordeal.timeout = absl::Seconds(2);
    const bool injects = ordeal.attack.place == Place::kBehindStartTlsAnswer;
    if (injects) ordeal.connects = false;
  }
  const auto server = StartLab("healthy", GetParam());
  Endure(ordeals, GetParam(), server->port(),
         {Category::kStartTls, Category::kServerPolicy, Category::kProtocol,
          Category::kTimeout, Category::kTlsIntolerance});
}

INSTANTIATE_TEST_SUITE_P(Ways, StrippingAttackerTest,
                         testing::Values(kStartTlsImap, kStartTlsSmtp),
                         [](const auto& way) { return way.param.name(); });

// Dovecot closes where inappropriate_fallback is due: the sentinel tells.
TEST_F(AttackerTest, GainsNothingInFrontOfDovecot) {
  const auto dovecot = DovecotServer::Start({*authority_.Issue()}).value();
  std::vector<Ordeal> ordeals;
  for (const End end : {End::kFin, End::kReset}) {
    for (const Place place :
         {Place::kAfterClientHello, Place::kAfterServerHello,
          Place::kInServerFlight}) {
      Attack attack;
      attack.place = place;
      attack.end = end;
      Append(PlaceName(place), attack, {1, 3, 4, kForEver}, &ordeals);
    }
  }
  for (Ordeal& ordeal : ordeals) {
    if (IsANuisance(ordeal)) ordeal.connects = true;
  }
  const std::vector<Category> expected = {
      Category::kTlsIntolerance, Category::kTlsProtocol, Category::kDowngrade};
  Endure(ordeals, kImplicitImap, dovecot->imaps_port(), expected);
  Endure(ordeals, kStartTlsImap, dovecot->imap_port(), expected);
}

// What becomes of the memory under an attack that lasts.
class LastingAttackTest : public AttackerTest {
 protected:
  // Connects whenever something has expired, and every six hours, for as long
  // as `lasts`; calls `expect` after each.
  void Live(ConnectRequest request, absl::Duration lasts,
            const std::function<void(const ConnectResult&)>& expect) {
    const auto loop = *UvEventLoop::Create();
    const auto resolver = NewSystemResolver(loop.get());
    const auto dialer = NewTcpDialer(loop.get());
    Connector connector({loop.get(), resolver.get(), dialer.get(), cache_.get(),
                         [this] { return now_; }});
    const absl::Time end = now_ + lasts;
    while (now_ < end) {
      std::optional<ConnectResult> result;
      const auto operation = connector.Connect(
          request, [&result](ConnectResult r) { result = std::move(r); });
      loop->RunUntil([&result] { return result.has_value(); });
      expect(*result);
      if (HasFailure()) return;
      const std::optional<Reduction> known = ReductionIn(cache_.get());
      const absl::Time later = now_ + absl::Hours(6);
      const bool sooner =
          known && known->expires_at > now_ && known->expires_at < later;
      now_ = sooner ? known->expires_at : later;
    }
  }

  absl::Time now_ = absl::Now();
  std::unique_ptr<HostCache> cache_ = NewMemoryHostCache();
};

TEST_F(LastingAttackTest, LeavesNoVersionRecordInSixtyDays) {
  const auto server = StartLab("healthy");
  Attack attack;
  attack.only = OffersTls13;
  const auto attacker =
      *Attacker::Start(attack, lab::Security::kImplicit, server->port());
  int connects = 0;
  Live(RequestFor(attacker->port()), absl::Hours(24 * 60),
       [&](const ConnectResult& result) {
         ++connects;
         ASSERT_FALSE(result.ok());
         ASSERT_EQ(result.report.error->code, ErrorCode::kPathBlocksNewerTls);
         ASSERT_TRUE(cache_->List().empty());
       });
  EXPECT_EQ(connects, 240);
}

TEST_F(LastingAttackTest, KeepsTheSmallHelloForADayAtMostAndNoLowerVersion) {
  const auto server = StartLab("healthy");
  Attack attack;
  attack.only = [](const ClientHello& hello) {
    return hello.message_size >= 256;
  };
  const auto attacker =
      *Attacker::Start(attack, lab::Security::kImplicit, server->port());
  absl::Duration longest;
  Live(RequestFor(attacker->port()), absl::Hours(24 * 60),
       [&](const ConnectResult& result) {
         ASSERT_TRUE(result.ok()) << result.status();
         ASSERT_EQ(result.report.tls->version, TlsVersion::kTls13);
         const std::optional<Reduction> known = ReductionIn(cache_.get());
         ASSERT_TRUE(known);
         ASSERT_EQ(known->rung, Rung::kCompact);
         longest = std::max(longest, known->expires_at - now_);
       });
  EXPECT_EQ(longest, absl::Hours(24));
  for (const ClientHello& hello : attacker->hellos()) {
    ASSERT_TRUE(hello.OffersTls13());
  }
}

// The first connect is left alone. What it has proven then holds for thirty
// days, and is not renewed under attack.
TEST_F(LastingAttackTest, NeverHasAProvenHostOfferedLess) {
  const auto server = StartLab("healthy");
  Attack attack;
  attack.only = OffersTls13;
  const auto attacker =
      *Attacker::Start(attack, lab::Security::kImplicit, server->port());
  const ConnectRequest request = RequestFor(attacker->port());
  cache_->Apply(KeyOf(request), LearnedProof{TlsVersion::kTls13, true}, now_);
  Live(request, kProofLifetime, [&](const ConnectResult& result) {
    ASSERT_FALSE(result.ok());
    ASSERT_EQ(result.report.error->code, ErrorCode::kClosedDuringHandshake);
    ASSERT_EQ(ReductionIn(cache_.get()), std::nullopt);
  });
  for (const ClientHello& hello : attacker->hellos()) {
    ASSERT_TRUE(hello.OffersTls13());
  }
}

// An attack ends, and nothing of it stays.
TEST_F(LastingAttackTest, IsForgottenOnceItHasEnded) {
  const auto server = StartLab("healthy");
  Attack attack;
  attack.only = [](const ClientHello& hello) {
    return hello.message_size >= 256;
  };
  attack.first = 20;
  const auto attacker =
      *Attacker::Start(attack, lab::Security::kImplicit, server->port());
  Live(RequestFor(attacker->port()), absl::Hours(24 * 7),
       [&](const ConnectResult& result) {
         ASSERT_TRUE(result.ok()) << result.status();
         ASSERT_EQ(result.report.tls->version, TlsVersion::kTls13);
       });
  EXPECT_EQ(ReductionIn(cache_.get()), std::nullopt);
}

}  // namespace
}  // namespace holdfast::test
