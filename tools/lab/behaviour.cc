#include "tools/lab/behaviour.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

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

std::string SomeText(const ClientHello&) { return "What did you say?\r\n"; }

// Rows of the table.

Behaviour Named(absl::string_view name, absl::string_view explanation) {
  Behaviour behaviour;
  behaviour.name = name;
  behaviour.explanation = explanation;
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
              "speaks TLS 1.3, but drops (FIN) hellos that offer it",
              {{OffersTls13, fin}}),

      OnHello("drop-first", "closes (FIN) on its first hello only",
              {{First(1), fin}}),
      OnHello("drop-first-two", "closes (FIN) on its first two hellos",
              {{First(2), fin}}),
      OnHello("drop-first-three", "closes (FIN) on its first three hellos",
              {{First(3), fin}}),
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
      OnAccept("tls-bytes-first", "sends a TLS alert before it reads anything",
               {End::kSilence, Alert(kFatal, kHandshakeFailure).answer}),
      Plaintext("plaintext-banner",
                "speaks plaintext where TLS is expected, and has no STARTTLS",
                StripStarttls),
      Plaintext("plaintext-busy",
                "refuses service for now, in plaintext where TLS is expected",
                StripAndRefuse),
      OnHello("silent-after-hello", "never answers any hello",
              {{Every, silence}}),
      OnHello("fin-after-hello", "closes (FIN) on every hello", {{Every, fin}}),
      OnHello("rst-after-hello", "resets (RST) on every hello",
              {{Every, reset}}),
      OnHello("alert-after-hello",
              "answers every hello with a fatal alert handshake_failure",
              {{Every, Alert(kFatal, kHandshakeFailure)}}),
      OnHello("plaintext-after-hello",
              "answers every hello with a line of plaintext",
              {{Every, {End::kSilence, SomeText}}}),
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
                 "answers with lines that never end (IMAP: untagged ones; "
                 "others: capabilities)",
                 NeverEndLists),
      InDialogue("thousands-of-lines",
                 "answers with 5,000 lines more (as endless-list does)",
                 SayThousandsOfLines),
      InDialogue("capabilities-refused", "knows no command for capabilities",
                 RefuseCapabilities),
      InDialogue("capabilities-only-in-clear",
                 "tells its capabilities before TLS but not inside",
                 OnlyClearCapabilities),

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
