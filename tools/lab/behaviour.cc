#include "holdfast/tools/lab/behaviour.h"

#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "holdfast/tools/lab/raw_answer.h"

namespace holdfast::lab {
namespace {

// Extensions that some servers trip over.
enum Extension : uint16_t {
  kStatusRequest = 5,
  kAlpn = 16,
  kSessionTicket = 35,
};

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
bool OffersAboveTls10(const ClientHello& hello, int) {
  return hello.OffersVersion(0x0302) || hello.OffersVersion(0x0303) ||
         hello.OffersTls13();
}
bool IsMarkedAsReduced(const ClientHello& hello, int) {
  return hello.HasFallbackScsv();
}
Predicate Has(Extension extension) {
  return [extension](const ClientHello& hello, int) {
    return hello.HasExtension(extension);
  };
}
// Of the message, its header included: what its records carry.
Predicate IsOfSize(size_t min, size_t max) {
  return [min, max](const ClientHello& hello, int) {
    return hello.message_size >= min && hello.message_size <= max;
  };
}
constexpr size_t kAnySize = std::numeric_limits<size_t>::max();

// What is done to them.

Fault Alert(absl::string_view name, AlertLevel level = AlertLevel::kFatal) {
  const std::string record = AlertRecord(level, AlertNumber(name));
  return {End::kFin, [record](const ClientHello&) { return record; }};
}

// What is said instead.

using Word = absl::string_view Words::*;

// Instead of the usual greeting, and then closes.
Edit Greet(Word word, Then then = Then::kClose) {
  return [word, then](Script* script) {
    script->first().greeting = {std::string(script->words.*word), then};
    return !(script->words.*word).empty();
  };
}

Edit CloseAfterGreeting() {
  return [](Script* script) {
    script->first().greeting.then = Then::kClose;
    return true;
  };
}

void AnswerNothing(Phase* phase) {
  phase->commands.clear();
  phase->unknown = {};
}

Edit Mute(bool greets) {
  return [greets](Script* script) {
    if (!greets) script->first().greeting = {};
    AnswerNothing(&script->first());
    return true;
  };
}

// Changes the answer to STARTTLS.
Edit OnStarttls(std::function<bool(const Words& words, Reply* reply)> change) {
  return [change = std::move(change)](Script* script) {
    Reply* reply = script->first().Find(script->words.starttls_verb);
    return reply != nullptr && change(script->words, reply);
  };
}

Edit AnswerStarttls(Word word) {
  return OnStarttls([word](const Words& words, Reply* reply) {
    *reply = {std::string(words.*word)};
    return !reply->text.empty();
  });
}

Edit AnswerStarttls(absl::string_view text) {
  return OnStarttls([text](const Words&, Reply* reply) {
    *reply = {std::string(text)};
    return true;
  });
}

bool HideStarttls(Script* script) {
  if (script->security == Security::kImplicit) return false;
  const std::string offer(script->words.starttls_offer);
  for (std::string* text :
       {&script->clear.greeting.text,
        &script->clear.Find(script->words.capability_verb)->text}) {
    *text = absl::StrReplaceAll(*text, {{offer, ""}});
  }
  return true;
}

// Neither offered nor known.
bool StripStarttls(Script* script) {
  script->security = Security::kStartTls;  // what comes first is in clear
  *script->clear.Find(script->words.starttls_verb) = script->clear.unknown;
  return HideStarttls(script);
}

bool StripAndRefuse(Script* script) {
  return StripStarttls(script) && Greet(&Words::refusal)(script);
}

// Everything up to the agreement, before the client has said anything.
bool AnswerTooEarly(Script* script) {
  const Words& words = script->words;
  if (script->security == Security::kImplicit) return false;
  std::string* said = &script->clear.greeting.text;
  // A client need not ask for capabilities first, but for SMTP's.
  if (words.capability_verb == "EHLO")
    absl::StrAppend(said, words.clear_capabilities);
  *said += absl::StrReplaceAll(words.starttls_ok, {{"$TAG", words.first_tag}});
  return true;
}

bool RefuseCapabilities(Script* script) {
  for (Phase* phase : {&script->clear, &script->tls}) {
    *phase->Find(script->words.capability_verb) = phase->unknown;
  }
  return true;
}

bool OnlyClearCapabilities(Script* script) {
  if (script->security == Security::kImplicit) return false;
  *script->tls.Find(script->words.capability_verb) = script->tls.unknown;
  return true;
}

bool SayUnsolicited(Script* script) {
  const std::string data(script->words.unsolicited);
  script->first().greeting.text += data;
  for (Command& command : script->first().commands) {
    command.reply.text = data + command.reply.text;
  }
  return !data.empty();
}

bool SayEightBit(Script* script) {
  std::string* text = &script->first().greeting.text;
  text->insert(text->size() - 2, std::string(" \0\x80\xff\xc3\xa4", 6));
  return true;
}

bool NeverEndGreeting(Script* script) {
  Reply* greeting = &script->first().greeting;
  greeting->text.resize(greeting->text.size() - 2);
  greeting->forever = std::string(1000, 'x');
  return true;
}

// Has `change` see each answer that may have more lines, with the place where
// they would stand: in IMAP before any answer, elsewhere in the capabilities.
void EachList(Script* script,
              const std::function<void(Reply*, size_t place)>& change) {
  for (Phase* phase : {&script->clear, &script->tls}) {
    for (Command& command : phase->commands) {
      Reply* reply = &command.reply;
      if (script->words.tagged) {
        change(reply, 0);
      } else if (command.verb == script->words.capability_verb) {
        change(reply, reply->text.find('\n') + 1);
      }
    }
  }
}

bool SayThousandsOfLines(Script* script) {
  std::string lines;
  for (int i = 0; i < 5000; ++i) absl::StrAppend(&lines, script->words.filler);
  EachList(script, [&](Reply* reply, size_t place) {
    reply->text.insert(place, lines);
  });
  return true;
}

bool NeverEndLists(Script* script) {
  EachList(script, [&](Reply* reply, size_t place) {
    reply->text.resize(place);
    reply->forever = std::string(script->words.filler);
  });
  return true;
}

bool Drip(Script* script) {
  script->first().drips = true;
  return true;
}

// Rows of the table.

Behaviour Named(absl::string_view name, absl::string_view explanation) {
  Behaviour behaviour;
  behaviour.name = std::string(name);
  behaviour.explanation = std::string(explanation);
  return behaviour;
}

// A TLS 1.2 server that chokes on hellos that offer TLS 1.3. A server that
// speaks TLS 1.3 and yet drops such hellos is a path that blocks it.
Behaviour Tls13Intolerant(absl::string_view name, absl::string_view explanation,
                          Fault fault) {
  Behaviour behaviour = Named(name, explanation);
  behaviour.on_hello = {{OffersTls13, std::move(fault)}};
  behaviour.tls.versions = TlsVersionRange::Only(TlsVersion::kTls12);
  return behaviour;
}

// A TLS 1.0 server that chokes on all that is newer.
Behaviour VersionIntolerant(absl::string_view name,
                            absl::string_view explanation, Fault fault) {
  Behaviour behaviour = Named(name, explanation);
  behaviour.on_hello = {{OffersAboveTls10, std::move(fault)}};
  behaviour.tls.versions = TlsVersionRange::Only(TlsVersion::kTls10);
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
                     Edit edit) {
  Behaviour behaviour = Named(name, explanation);
  behaviour.edit = std::move(edit);
  behaviour.works_as_relay = false;
  return behaviour;
}

Behaviour Plaintext(absl::string_view name, absl::string_view explanation,
                    Edit edit) {
  Behaviour behaviour = InDialogue(name, explanation, std::move(edit));
  behaviour.speaks_tls = false;
  return behaviour;
}

using Table = std::vector<Behaviour>;

void Append(Table more, Table* table) {
  for (Behaviour& behaviour : more) table->push_back(std::move(behaviour));
}

// "bad-record-mac"
std::string InWords(absl::string_view alert) {
  return absl::StrReplaceAll(alert, {{"_", "-"}});
}

const Fault kFin = {End::kFin, nullptr};
const Fault kReset = {End::kReset, nullptr};
const Fault kSilence = {End::kSilence, nullptr};

Table Tls13IntolerantRows() {
  Table table = {
      Tls13Intolerant("tls13-fin",
                      "closes (FIN) on a hello that offers TLS 1.3", kFin),
      Tls13Intolerant("tls13-rst",
                      "resets (RST) on a hello that offers TLS 1.3", kReset),
      Tls13Intolerant("tls13-silent",
                      "never answers a hello that offers TLS 1.3", kSilence),
      Tls13Intolerant("tls13-close-notify",
                      "answers TLS 1.3 with a warning close_notify, then FIN",
                      Alert("close_notify", AlertLevel::kWarning)),
      Tls13Intolerant("tls13-warning",
                      "answers TLS 1.3 with a warning alert, then FIN",
                      Alert("unrecognized_name", AlertLevel::kWarning)),
  };
  for (const NamedAlert& alert : HelloRefusals()) {
    table.push_back(Tls13Intolerant(
        absl::StrCat("tls13-alert-", InWords(alert.name)),
        absl::StrCat("answers TLS 1.3 with a fatal alert ", alert.name),
        Alert(alert.name)));
  }
  return table;
}

Table ReductionRows() {
  const Fault refusal = Alert("inappropriate_fallback");
  Behaviour refuses_reduced = Tls13Intolerant(
      "tls13-fin-then-scsv-alert",
      "closes (FIN) on TLS 1.3, refuses hellos marked as reduced", kFin);
  refuses_reduced.on_hello.push_back({IsMarkedAsReduced, refusal});
  Behaviour drops_reduced = Tls13Intolerant(
      "scsv-fin", "closes (FIN) on TLS 1.3 and on hellos marked as reduced",
      kFin);
  drops_reduced.on_hello.push_back({IsMarkedAsReduced, kFin});
  const Fault sentinel = {End::kSilence, SentinelServerHello};
  return {
      OnHello("tls13-blocked",
              "speaks TLS 1.3, but drops (FIN) hellos that offer it",
              {{OffersTls13, kFin}}),
      refuses_reduced,
      drops_reduced,
      OnHello("inappropriate-fallback",
              "answers every hello with the alert inappropriate_fallback",
              {{Every, refusal}}),
      OnHello("sentinel",
              "chooses TLS 1.2 with the mark of a downgrade from TLS 1.3",
              {{Every, sentinel}}),
      OnHello("tls13-fin-then-sentinel",
              "closes (FIN) on TLS 1.3 hellos; others get the downgrade mark",
              {{OffersTls13, kFin}, {Every, sentinel}}),
  };
}

// Hellos as large as a server's author did not think of, in bytes of what the
// records carry.
Table SizeRows() {
  constexpr size_t kLarge = 256;     // one byte cannot count it any more
  constexpr size_t kSegment = 1400;  // a packet cannot carry more of it
  const Predicate large = IsOfSize(kLarge, kAnySize);
  return {
      OnHello("hello-256-511-silent",
              "never answers a hello of 256 to 511 bytes, as old F5 devices",
              {{IsOfSize(kLarge, 511), kSilence}}),
      OnHello("large-hello-fin", "closes (FIN) on hellos of 256 bytes or more",
              {{large, kFin}}),
      OnHello("large-hello-rst", "resets (RST) on hellos of 256 bytes or more",
              {{large, kReset}}),
      OnHello("large-hello-silent",
              "never answers a hello of 256 bytes or more",
              {{large, kSilence}}),
      OnHello("large-hello-alert",
              "refuses hellos of 256 bytes or more with decode_error",
              {{large, Alert("decode_error")}}),
      OnHello("segment-hello-silent",
              "never answers a hello of more than 1400 bytes",
              {{IsOfSize(kSegment + 1, kAnySize), kSilence}}),
  };
}

Table ExtensionRows() {
  Table table = {
      OnHello("no-application-protocol",
              "refuses any ALPN with the alert no_application_protocol",
              {{Has(kAlpn), Alert("no_application_protocol")}}),
      OnHello("alpn-fin", "closes (FIN) on hellos with ALPN",
              {{Has(kAlpn), kFin}}),
  };
  const std::pair<absl::string_view, Extension> extensions[] = {
      {"alpn", kAlpn},
      {"status-request", kStatusRequest},
      {"ticket", kSessionTicket}};
  for (const auto& [name, extension] : extensions) {
    for (const char* alert : {"decode_error", "unsupported_extension"}) {
      table.push_back(OnHello(absl::StrCat(name, "-", InWords(alert)),
                              absl::StrCat("refuses the extension ", name,
                                           " with the alert ", alert),
                              {{Has(extension), Alert(alert)}}));
    }
  }
  return table;
}

Table UnreliableRows() {
  Behaviour at_random =
      Named("drop-random-third",
            "closes (FIN) on one hello in three, at random (see --seed)");
  at_random.one_in_three = kFin;
  Behaviour slow = Named("slow", "healthy, but answers hellos after 3 seconds");
  slow.hello_delay = absl::Seconds(3);
  return {
      OnHello("drop-first", "closes (FIN) on its first hello only",
              {{First(1), kFin}}),
      OnHello("drop-first-two", "closes (FIN) on its first two hellos",
              {{First(2), kFin}}),
      OnHello("drop-first-three", "closes (FIN) on its first three hellos",
              {{First(3), kFin}}),
      OnHello("drop-every-third", "closes (FIN) on every third hello",
              {{EveryNth(3), kFin}}),
      at_random,
      slow,
  };
}

Table VersionRows() {
  return {
      WithTls("tls12-only", "healthy, but speaks TLS 1.2 at most",
              {TlsVersionRange::Only(TlsVersion::kTls12)}),
      WithTls("tls10-only",
              "speaks nothing but TLS 1.0, and says so, as OpenSSL does",
              {TlsVersionRange::Only(TlsVersion::kTls10)}),
      VersionIntolerant("tls10-version-intolerant-fin",
                        "speaks TLS 1.0, and closes (FIN) on what is newer",
                        kFin),
      VersionIntolerant("tls10-version-intolerant-alert",
                        "speaks TLS 1.0, refuses the rest by protocol_version",
                        Alert("protocol_version")),
      OnHello("ssl3-server-hello", "answers every hello with SSL 3",
              {{Every, {End::kSilence, Ssl3ServerHello}}}),
      OnHello("ssl3-alert", "answers every hello with an alert of SSL 3",
              {{Every, {End::kFin, Ssl3Alert}}}),
      OnHello("ssl2-server-hello", "answers every hello with SSL 2",
              {{Every, {End::kSilence, Ssl2ServerHello}}}),
  };
}

Table PolicyRows() {
  const TlsVersionRange tls12 = TlsVersionRange::Only(TlsVersion::kTls12);
  TlsTerms no_cipher = {tls12};
  no_cipher.ciphers = "CAMELLIA";
  TlsTerms weak_dh = {tls12};
  weak_dh.ciphers = "DHE";
  weak_dh.dh_bits = 1024;
  TlsTerms weaker_dh = weak_dh;
  weaker_dh.dh_bits = 768;
  Behaviour dh1024 =
      WithTls("dh-1024", "insists on Diffie-Hellman of 1024 bits, with TLS 1.2",
              weak_dh);
  dh1024.rsa_bits = 2048;  // there is no DHE with ECDSA
  Behaviour dh768 =
      WithTls("dh-768", "insists on Diffie-Hellman of 768 bits, with TLS 1.2",
              weaker_dh);
  dh768.rsa_bits = 2048;
  Behaviour rsa512 = WithTls(
      "rsa-512", "has a certificate for an RSA key of 512 bits", {tls12});
  rsa512.rsa_bits = 512;
  Behaviour rsa1024 = WithTls(
      "rsa-1024", "has a certificate for an RSA key of 1024 bits", TlsTerms());
  rsa1024.rsa_bits = 1024;
  Behaviour warns = OnHello(
      "warning-unrecognized-name",
      "healthy, but first warns (unrecognized_name) of the name asked for",
      {{Every,
        {End::kGoOn,
         Alert("unrecognized_name", AlertLevel::kWarning).answer}}});
  return {
      WithTls("client-cert-required", "wants a client certificate",
              {TlsVersionRange(), /*requires_client_certificate=*/true}),
      WithTls("client-cert-required-tls12",
              "wants a client certificate, and speaks TLS 1.2 at most",
              {tls12, /*requires_client_certificate=*/true}),
      WithTls("no-common-cipher", "knows no cipher but Camellia, with TLS 1.2",
              no_cipher),
      OnHello("insufficient-security",
              "answers every hello with a fatal alert insufficient_security",
              {{Every, Alert("insufficient_security")}}),
      dh1024,
      dh768,
      rsa1024,
      rsa512,
      OnHello("no-secure-renegotiation",
              "chooses TLS 1.2 without renegotiation_info (RFC 5746)",
              {{Every, {End::kFin, UnsafeServerHello}}}),
      OnHello("unrecognized-name",
              "answers every hello with a fatal alert unrecognized_name",
              {{Every, Alert("unrecognized_name")}}),
      warns,
  };
}

// No TLS at all.
Table PlaintextRows() {
  return {
      OnAccept("close-on-accept", "closes (FIN) before it reads anything",
               kFin),
      OnAccept("silent-from-start", "accepts, and never sends a byte",
               kSilence),
      OnAccept("tls-bytes-first", "sends a TLS alert before it reads anything",
               {End::kSilence, Alert("handshake_failure").answer}),
      OnAccept("ssh-banner", "greets as an SSH server",
               {End::kSilence, SshBanner}),
      Plaintext("plaintext-banner",
                "speaks plaintext where TLS is expected, and has no STARTTLS",
                StripStarttls),
      Plaintext("plaintext-busy",
                "refuses service for now, in plaintext where TLS is expected",
                StripAndRefuse),
      OnHello("plaintext-after-hello",
              "answers every hello with a line of plaintext",
              {{Every, {End::kSilence, SomeText}}}),
      OnHello("http-after-hello", "answers every hello as a web server",
              {{Every, {End::kFin, HttpError}}}),
  };
}

Table BrokenRows() {
  return {
      OnHello("silent-after-hello", "never answers any hello",
              {{Every, kSilence}}),
      OnHello("fin-after-hello", "closes (FIN) on every hello",
              {{Every, kFin}}),
      OnHello("rst-after-hello", "resets (RST) on every hello",
              {{Every, kReset}}),
      OnHello("alert-after-hello",
              "answers every hello with a fatal alert handshake_failure",
              {{Every, Alert("handshake_failure")}}),
      OnHello("garbage", "answers every hello with bytes that are not TLS",
              {{Every, {End::kFin, Garbage}}}),
      OnHello("echo", "sends every hello back", {{Every, {End::kFin, Echo}}}),
      OnHello("unknown-record", "answers every hello with an unknown record",
              {{Every, {End::kFin, UnknownRecord}}}),
      OnHello("application-data-first",
              "answers every hello with application data",
              {{Every, {End::kFin, ApplicationData}}}),
      OnHello("partial-server-hello",
              "sends the first bytes of a ServerHello, then closes (FIN)",
              {{Every, {End::kFin, PartOfServerHello}}}),
      OnHello("server-hello-above-offer",
              "chooses a TLS version that does not exist yet (0x0305)",
              {{Every, {End::kFin, ServerHelloAboveOffer}}}),
      OnHello("server-hello-bad-key-share",
              "chooses TLS 1.3 with a key share of one byte",
              {{Every, {End::kFin, ServerHelloWithBadKeyShare}}}),
      OnHello("server-hello-fin", "sends a ServerHello, then closes (FIN)",
              {{Every, {End::kFin, Tls12ServerHello}}}),
      OnHello("server-hello-rst", "sends a ServerHello, then resets (RST)",
              {{Every, {End::kReset, Tls12ServerHello}}}),
      OnHello("server-hello-silent", "sends a ServerHello, then nothing more",
              {{Every, {End::kSilence, Tls12ServerHello}}}),
      OnHello("server-hello-alert",
              "sends a ServerHello, then a fatal alert internal_error",
              {{Every,
                {End::kFin,
                 [](const ClientHello& hello) {
                   return Tls12ServerHello(hello) +
                          AlertRecord(AlertLevel::kFatal,
                                      AlertNumber("internal_error"));
                 }}}}),
  };
}

Table DialogueRows() {
  return {
      InDialogue("silent-greeting",
                 "connects, by TLS or in clear, and never greets", Mute(false)),
      InDialogue("greeting-bye", "greets by refusing service for now",
                 Greet(&Words::refusal)),
      InDialogue("greeting-refused", "greets by refusing service for good",
                 Greet(&Words::rejection)),
      InDialogue("preauth", "greets as signed in already (PREAUTH)",
                 Greet(&Words::preauth, Then::kContinue)),
      InDialogue("greeting-referral", "greets by naming another server",
                 Greet(&Words::referral)),
      InDialogue("silent-after-greeting", "greets, then answers no command",
                 Mute(true)),
      InDialogue("close-after-greeting", "greets, then closes (FIN)",
                 CloseAfterGreeting()),
      InDialogue("eight-bit", "greets with a NUL and 8-bit bytes", SayEightBit),
      InDialogue("drip-fed", "sends its text a byte at a time", Drip),
      InDialogue("unsolicited",
                 "adds data that nobody asked for to every answer",
                 SayUnsolicited),
      InDialogue("endless-line", "greets with a line that never ends",
                 NeverEndGreeting),
      InDialogue("endless-list",
                 "answers with lines that never end (most: capabilities)",
                 NeverEndLists),
      InDialogue("thousands-of-lines",
                 "answers with 5,000 lines more (as endless-list does)",
                 SayThousandsOfLines),
      InDialogue("capabilities-refused", "knows no command for capabilities",
                 RefuseCapabilities),
      InDialogue("capabilities-only-in-clear",
                 "tells its capabilities before TLS but not inside",
                 OnlyClearCapabilities),
  };
}

Table StarttlsRows() {
  return {
      InDialogue("starttls-hidden", "has STARTTLS, but does not offer it",
                 HideStarttls),
      InDialogue("starttls-stripped",
                 "does not offer STARTTLS, and does not know it",
                 [](Script* script) {
                   return script->security == Security::kStartTls &&
                          StripStarttls(script);
                 }),
      InDialogue("starttls-refused", "answers STARTTLS with NO, -ERR or 5xx",
                 AnswerStarttls(&Words::starttls_refused)),
      InDialogue("starttls-unknown", "offers STARTTLS, but does not know it",
                 AnswerStarttls(&Words::unknown)),
      InDialogue("starttls-not-now",
                 "answers STARTTLS with [UNAVAILABLE], [SYS/TEMP], 454 or 403",
                 AnswerStarttls(&Words::starttls_not_now)),
      InDialogue("starttls-impossible", "answers STARTTLS with 580",
                 AnswerStarttls(&Words::starttls_impossible)),
      InDialogue("starttls-plus", "answers STARTTLS by asking for more",
                 AnswerStarttls(&Words::starttls_plus)),
      InDialogue("starttls-referral", "answers STARTTLS with another server",
                 AnswerStarttls(&Words::starttls_referral)),
      InDialogue("starttls-nonsense",
                 "answers STARTTLS with no protocol at all",
                 AnswerStarttls("bananas\r\n")),
      InDialogue("starttls-silent", "never answers STARTTLS",
                 AnswerStarttls("")),
      InDialogue("starttls-too-early",
                 "agrees to STARTTLS in the greeting, before it was asked",
                 AnswerTooEarly),
      InDialogue("starttls-then-close",
                 "agrees to STARTTLS, then closes (FIN) without reading on",
                 OnStarttls([](const Words&, Reply* reply) {
                   reply->then = Then::kClose;
                   return true;
                 })),
      InDialogue("inject-same-segment",
                 "has lines follow its agreement to STARTTLS at once",
                 OnStarttls([](const Words& words, Reply* reply) {
                   reply->text += std::string(words.injection);
                   return true;
                 })),
      InDialogue("inject-later-segment",
                 "has lines follow its agreement to STARTTLS a moment later",
                 OnStarttls([](const Words& words, Reply* reply) {
                   reply->later = std::string(words.injection);
                   return true;
                 })),
      InDialogue("inject-partial-line",
                 "has part of a line follow its agreement to STARTTLS",
                 OnStarttls([](const Words& words, Reply* reply) {
                   reply->text += std::string(words.injection.substr(0, 12));
                   return true;
                 })),
  };
}

Table MakeTable() {
  Table table = {Behaviour()};
  for (const auto rows :
       {Tls13IntolerantRows, ReductionRows, SizeRows, ExtensionRows,
        UnreliableRows, VersionRows, PolicyRows, PlaintextRows, BrokenRows,
        DialogueRows, StarttlsRows}) {
    Append(rows(), &table);
  }
  return table;
}

}  // namespace

absl::Span<const Behaviour> AllBehaviours() {
  static const auto& table = *new const Table(MakeTable());
  return table;
}

absl::StatusOr<Behaviour> FindBehaviour(absl::string_view name) {
  for (const Behaviour& behaviour : AllBehaviours()) {
    if (behaviour.name == name) return behaviour;
  }
  return absl::NotFoundError(
      absl::StrCat("there is no behaviour called ", name));
}

absl::StatusOr<Script> ScriptFor(const Behaviour& behaviour,
                                 absl::string_view protocol,
                                 Security security) {
  std::optional<Script> script = FindScript(protocol, security);
  if (!script) {
    return absl::InvalidArgumentError(
        absl::StrCat("the lab does not speak ", protocol));
  }
  if (behaviour.edit != nullptr && !behaviour.edit(&*script)) {
    return absl::InvalidArgumentError(absl::StrCat(
        protocol, security == Security::kImplicit ? " with implicit TLS" : "",
        " has no case of ", behaviour.name));
  }
  return *std::move(script);
}

}  // namespace holdfast::lab
