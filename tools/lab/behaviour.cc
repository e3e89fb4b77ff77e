#include "tools/lab/behaviour.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace holdfast::lab {
namespace {

using End = Fault::End;
using Predicate = decltype(HelloRule::strikes);

// Which hellos.

bool Every(const ClientHello&, int) { return true; }
bool OffersTls13(const ClientHello& hello, int) { return hello.OffersTls13(); }
Predicate First(int count) {
  return [count](const ClientHello&, int number) { return number <= count; };
}
Predicate EveryNth(int n) {
  return [n](const ClientHello&, int number) { return number % n == 0; };
}

// What is done to them.

Fault Alert(char level, char description) {
  const std::string record = {0x15, 3, 3, 0, 2, level, description};
  return {End::kFin, [record](const ClientHello&) { return record; }};
}

constexpr char kWarning = 1;
constexpr char kFatal = 2;
constexpr char kCloseNotify = 0;
constexpr char kHandshakeFailure = 40;
constexpr char kProtocolVersion = 70;

std::string U16(size_t number) {
  return {static_cast<char>(number >> 8), static_cast<char>(number)};
}

// The first offered suite that TLS 1.2 can use.
uint16_t SuiteForTls12(const ClientHello& hello) {
  for (const uint16_t suite : hello.cipher_suites) {
    if (suite >> 8 == 0xc0 || suite >> 8 == 0xcc) return suite;
  }
  return 0x002f;
}

// A ServerHello for TLS 1.2 whose random says that the server can do TLS 1.3
// (RFC 8446, 4.1.3).
std::string SentinelServerHello(const ClientHello& hello) {
  const std::string body = absl::StrCat(
      U16(0x0303), std::string(24, 'r'), "DOWNGRD\x01", std::string(1, 0),
      U16(SuiteForTls12(hello)), std::string(1, 0), U16(5), U16(0xff01), U16(1),
      std::string(1, 0));  // renegotiation_info
  const std::string message =
      absl::StrCat("\x02", std::string(1, 0), U16(body.size()), body);
  return absl::StrCat("\x16", U16(0x0303), U16(message.size()), message);
}

std::string PartOfServerHello(const ClientHello& hello) {
  return SentinelServerHello(hello).substr(0, 20);
}

std::string Garbage(const ClientHello&) { return std::string(64, '\xee'); }

// Rows of the table.

Behaviour Named(absl::string_view name, absl::string_view explanation) {
  Behaviour behaviour;
  behaviour.name = name;
  behaviour.explanation = explanation;
  return behaviour;
}

// A TLS 1.2 server that chokes on hellos that offer TLS 1.3.
Behaviour Tls13Intolerant(absl::string_view name, absl::string_view explanation,
                          Fault fault) {
  Behaviour behaviour = Named(name, explanation);
  behaviour.on_hello = {{OffersTls13, std::move(fault)}};
  behaviour.tls.versions = TlsVersionRange::Only(TlsVersion::kTls12);
  return behaviour;
}

Behaviour OnHello(absl::string_view name, absl::string_view explanation,
                  std::vector<HelloRule> rules) {
  Behaviour behaviour = Named(name, explanation);
  behaviour.on_hello = std::move(rules);
  return behaviour;
}

Behaviour OnAccept(absl::string_view name, absl::string_view explanation,
                   Fault fault) {
  Behaviour behaviour = Named(name, explanation);
  behaviour.on_accept = std::move(fault);
  return behaviour;
}

Behaviour WithTls(absl::string_view name, absl::string_view explanation,
                  TlsTerms terms) {
  Behaviour behaviour = Named(name, explanation);
  behaviour.tls = terms;
  behaviour.works_as_relay = false;
  return behaviour;
}

Behaviour InDialogue(absl::string_view name, absl::string_view explanation,
                     Greeting greeting,
                     AfterGreeting after_greeting = AfterGreeting::kConverse) {
  Behaviour behaviour = Named(name, explanation);
  behaviour.greeting = greeting;
  behaviour.after_greeting = after_greeting;
  behaviour.works_as_relay = false;
  return behaviour;
}

Behaviour Plaintext(absl::string_view name, absl::string_view explanation) {
  Behaviour behaviour = Named(name, explanation);
  behaviour.speaks_tls = false;
  behaviour.works_as_relay = false;
  return behaviour;
}

std::vector<Behaviour> MakeTable() {
  const Fault fin = {End::kFin, nullptr};
  const Fault reset = {End::kReset, nullptr};
  const Fault silence = {End::kSilence, nullptr};
  const Fault sentinel = {End::kSilence, SentinelServerHello};
  return {
      Behaviour(),

      Tls13Intolerant("tls13-fin",
                      "closes (FIN) on a hello that offers TLS 1.3", fin),
      Tls13Intolerant("tls13-rst",
                      "resets (RST) on a hello that offers TLS 1.3", reset),
      Tls13Intolerant("tls13-alert-protocol-version",
                      "answers TLS 1.3 with a fatal alert protocol_version",
                      Alert(kFatal, kProtocolVersion)),
      Tls13Intolerant("tls13-alert-handshake-failure",
                      "answers TLS 1.3 with a fatal alert handshake_failure",
                      Alert(kFatal, kHandshakeFailure)),
      Tls13Intolerant("tls13-close-notify",
                      "answers TLS 1.3 with a warning close_notify, then FIN",
                      Alert(kWarning, kCloseNotify)),
      Tls13Intolerant("tls13-silent",
                      "never answers a hello that offers TLS 1.3", silence),
      OnHello("tls13-blocked",
              "speaks TLS 1.3, but something before it drops (FIN) TLS 1.3 "
              "hellos: the reduced hello must be seen to be a downgrade",
              {{OffersTls13, fin}}),

      OnHello("drop-first", "closes (FIN) on its first hello only",
              {{First(1), fin}}),
      OnHello("drop-first-two", "closes (FIN) on its first two hellos",
              {{First(2), fin}}),
      OnHello("drop-every-third", "closes (FIN) on every third hello",
              {{EveryNth(3), fin}}),

      WithTls("tls12-only", "healthy, but speaks TLS 1.2 at most",
              {TlsVersionRange::Only(TlsVersion::kTls12)}),
      WithTls("tls10-only", "speaks nothing but TLS 1.0",
              {TlsVersionRange::Only(TlsVersion::kTls10)}),
      WithTls("client-cert-required", "wants a client certificate",
              {TlsVersionRange(), /*requires_client_certificate=*/true}),

      OnAccept("close-on-accept", "closes (FIN) before it reads anything", fin),
      OnAccept("silent-from-start", "accepts, and never sends a byte", silence),
      Plaintext("plaintext-banner", "speaks plaintext where TLS is expected"),
      OnHello("silent-after-hello", "never answers any hello",
              {{Every, silence}}),
      OnHello("garbage", "answers every hello with bytes that are not TLS",
              {{Every, {End::kFin, Garbage}}}),
      OnHello("partial-server-hello",
              "sends the first bytes of a ServerHello, then closes (FIN)",
              {{Every, {End::kFin, PartOfServerHello}}}),
      OnHello("sentinel",
              "chooses TLS 1.2 with the mark of a downgrade from TLS 1.3",
              {{Every, sentinel}}),
      OnHello("tls13-fin-then-sentinel",
              "closes (FIN) on TLS 1.3 hellos; others get the downgrade mark",
              {{OffersTls13, fin}, {Every, sentinel}}),

      InDialogue("silent-greeting", "TLS comes up, but no greeting follows",
                 Greeting::kNone),
      InDialogue("greeting-bye", "greets by refusing service for now",
                 Greeting::kRefusal),
      InDialogue("preauth", "greets as signed in already (PREAUTH)",
                 Greeting::kPreauth),
      InDialogue("silent-after-greeting", "greets, then answers no command",
                 Greeting::kUsual, AfterGreeting::kSilence),
      InDialogue("close-after-greeting", "greets, then closes (FIN)",
                 Greeting::kUsual, AfterGreeting::kClose),
  };
}

}  // namespace

absl::Span<const Behaviour> AllBehaviours() {
  static const auto& table = *new const std::vector<Behaviour>(MakeTable());
  return table;
}

absl::StatusOr<Behaviour> FindBehaviour(absl::string_view name) {
  for (const Behaviour& behaviour : AllBehaviours()) {
    if (behaviour.name == name) return behaviour;
  }
  return absl::NotFoundError(
      absl::StrCat("there is no behaviour called ", name));
}

}  // namespace holdfast::lab
