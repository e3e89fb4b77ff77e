#include "holdfast/tools/lab/dialogue.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"

namespace holdfast::lab {
namespace {

// RFC 9051.
constexpr Extra kImapExtras[] = {{"NOOP", "$TAG OK NOOP completed\r\n"}};
constexpr Words Imap() {
  Words words;
  words.protocol = "imap";
  words.alpn_id = "imap";
  words.tagged = true;
  words.clear_greeting =
      "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] "
      "Holdfast lab ready\r\n";
  words.tls_greeting =
      "* OK [CAPABILITY IMAP4rev1 SASL-IR ID IDLE AUTH=PLAIN] "
      "Holdfast lab ready\r\n";
  words.refusal =
      "* BYE [UNAVAILABLE] Holdfast lab is busy, try again later\r\n";
  words.preauth =
      "* PREAUTH [CAPABILITY IMAP4rev1 ID IDLE] Holdfast lab ready\r\n";
  words.referral =
      "* BYE [REFERRAL imap://elsewhere.example.test/] Go elsewhere\r\n";
  words.capability_verb = "CAPABILITY";
  words.clear_capabilities =
      "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n"
      "$TAG OK CAPABILITY completed\r\n";
  words.tls_capabilities =
      "* CAPABILITY IMAP4rev1 SASL-IR ID IDLE AUTH=PLAIN\r\n"
      "$TAG OK CAPABILITY completed\r\n";
  words.quit_verb = "LOGOUT";
  words.quit =
      "* BYE Holdfast lab signing off\r\n"
      "$TAG OK LOGOUT completed\r\n";
  words.extras = kImapExtras;
  words.unknown = "$TAG BAD Unknown command\r\n";
  words.starttls_verb = "STARTTLS";
  words.starttls_offer = " STARTTLS";
  words.starttls_ok = "$TAG OK Begin TLS negotiation now\r\n";
  words.starttls_refused = "$TAG NO TLS is not for you\r\n";
  words.starttls_not_now = "$TAG NO [UNAVAILABLE] TLS is not available now\r\n";
  words.starttls_plus = "+ go ahead\r\n";
  words.starttls_referral =
      "$TAG NO [REFERRAL imap://elsewhere.example.test/] Go elsewhere\r\n";
  words.injection =
      "* OK [ALERT] Holdfast lab injected this\r\n"
      "hf2 OK [CAPABILITY IMAP4rev1 INJECTED] done\r\n";
  words.unsolicited =
      "* OK [ALERT] Your account is about to expire\r\n"
      "* LIST () \"/\" INBOX\r\n"
      "* 3 EXISTS\r\n"
      "* 1 FETCH (FLAGS (\\Seen))\r\n";
  words.filler = "* OK Holdfast lab is still at work\r\n";
  words.first_tag = "hf1";
  return words;
}

// RFC 1939, 2449, 2595, 3206.
constexpr Words Pop3() {
  Words words;
  words.protocol = "pop3";
  words.alpn_id = "pop3";
  words.clear_greeting = "+OK Holdfast lab ready <47.11@lab.example.test>\r\n";
  words.tls_greeting = "+OK Holdfast lab ready\r\n";
  words.refusal = "-ERR [SYS/TEMP] Holdfast lab is busy, try again later\r\n";
  words.rejection = "-ERR [SYS/PERM] Holdfast lab serves nobody\r\n";
  words.capability_verb = "CAPA";
  words.clear_capabilities =
      "+OK Capability list follows\r\nUIDL\r\nSTLS\r\n.\r\n";
  words.tls_capabilities =
      "+OK Capability list follows\r\nUIDL\r\nUSER\r\nSASL PLAIN\r\n.\r\n";
  words.quit_verb = "QUIT";
  words.quit = "+OK Holdfast lab signing off\r\n";
  words.unknown = "-ERR Unknown command\r\n";
  words.starttls_verb = "STLS";
  words.starttls_offer = "STLS\r\n";
  words.starttls_ok = "+OK Begin TLS negotiation now\r\n";
  words.starttls_refused = "-ERR TLS is not for you\r\n";
  words.starttls_not_now = "-ERR [SYS/TEMP] TLS is not available now\r\n";
  words.starttls_plus = "+ go ahead\r\n";
  words.injection = "+OK Capability list follows\r\nINJECTED\r\n.\r\n";
  words.filler = "X-LINE\r\n";
  return words;
}

// RFC 5321, 3207, 2034.
constexpr Extra kSmtpExtras[] = {{"HELO", "250 lab.example.test\r\n"},
                                 {"NOOP", "250 2.0.0 OK\r\n"}};
constexpr Words Smtp() {
  Words words;
  words.protocol = "smtp";
  words.clear_greeting = "220 lab.example.test ESMTP Holdfast lab\r\n";
  words.tls_greeting = words.clear_greeting;
  words.refusal = "421 4.3.2 lab.example.test is busy, try again later\r\n";
  words.rejection = "554 5.3.2 lab.example.test takes no mail\r\n";
  words.capability_verb = "EHLO";
  words.clear_capabilities =
      "250-lab.example.test\r\n250-PIPELINING\r\n250-STARTTLS\r\n"
      "250 ENHANCEDSTATUSCODES\r\n";
  words.tls_capabilities =
      "250-lab.example.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
      "250 ENHANCEDSTATUSCODES\r\n";
  words.quit_verb = "QUIT";
  words.quit = "221 2.0.0 Holdfast lab signing off\r\n";
  words.extras = kSmtpExtras;
  words.unknown = "500 5.5.1 Unknown command\r\n";
  words.starttls_verb = "STARTTLS";
  words.starttls_offer = "250-STARTTLS\r\n";
  words.starttls_ok = "220 2.0.0 Ready to start TLS\r\n";
  words.starttls_refused = "554 5.7.3 TLS is not for you\r\n";
  words.starttls_not_now = "454 4.7.0 TLS is not available now\r\n";
  words.starttls_plus = "354 go ahead\r\n";
  words.injection = "250-lab.example.test\r\n250 INJECTED\r\n";
  words.filler = "250-X-LINE\r\n";
  return words;
}

// RFC 6409.
constexpr Words Submission() {
  Words words = Smtp();
  words.protocol = "submission";
  words.tls_capabilities =
      "250-lab.example.test\r\n250-PIPELINING\r\n250-AUTH PLAIN LOGIN\r\n"
      "250 ENHANCEDSTATUSCODES\r\n";
  return words;
}

// RFC 3977, 4642, 4643.
constexpr Extra kNntpExtras[] = {
    {"MODE", "201 Holdfast lab ready, no posting\r\n"}};
constexpr Words Nntp() {
  Words words;
  words.protocol = "nntp";
  words.alpn_id = "nntp";
  words.clear_greeting = "201 Holdfast lab ready, no posting\r\n";
  words.tls_greeting = "200 Holdfast lab ready\r\n";
  words.refusal = "400 Holdfast lab is busy, try again later\r\n";
  words.rejection = "502 Holdfast lab serves nobody\r\n";
  words.capability_verb = "CAPABILITIES";
  words.clear_capabilities =
      "101 Capability list:\r\nVERSION 2\r\nREADER\r\nSTARTTLS\r\n.\r\n";
  words.tls_capabilities =
      "101 Capability list:\r\nVERSION 2\r\nREADER\r\nAUTHINFO USER\r\n.\r\n";
  words.quit_verb = "QUIT";
  words.quit = "205 Holdfast lab signing off\r\n";
  words.extras = kNntpExtras;
  words.unknown = "500 Unknown command\r\n";
  words.starttls_verb = "STARTTLS";
  words.starttls_offer = "STARTTLS\r\n";
  words.starttls_ok = "382 Continue with TLS negotiation\r\n";
  words.starttls_refused = "502 TLS is not for you\r\n";
  words.starttls_not_now = "403 TLS is not available now\r\n";
  words.starttls_impossible = "580 Can not initiate TLS negotiation\r\n";
  words.starttls_plus = "381 go ahead\r\n";
  words.injection = "101 Capability list:\r\nVERSION 2\r\nINJECTED\r\n.\r\n";
  words.filler = "X-LINE\r\n";
  return words;
}

constexpr Words kWords[] = {Imap(), Pop3(), Smtp(), Submission(), Nntp()};

Phase MakePhase(const Words& words, absl::string_view greeting,
                absl::string_view capabilities) {
  Phase phase;
  phase.greeting.text = std::string(greeting);
  const auto add = [&](absl::string_view verb, absl::string_view text,
                       Then then) {
    phase.commands.push_back({std::string(verb), {std::string(text), then}});
  };
  add(words.capability_verb, capabilities, Then::kContinue);
  add(words.quit_verb, words.quit, Then::kClose);
  for (const Extra& extra : words.extras) {
    add(extra.verb, extra.reply, Then::kContinue);
  }
  phase.unknown.text = std::string(words.unknown);
  return phase;
}

struct Parts {
  absl::string_view tag;
  absl::string_view verb;
};

Parts Take(const Words& words, absl::string_view line) {
  Parts parts;
  if (words.tagged) {
    parts.tag = line.substr(0, line.find(' '));
    line.remove_prefix(parts.tag.size());
    if (!line.empty()) line.remove_prefix(1);
  }
  parts.verb = line.substr(0, line.find(' '));
  return parts;
}

std::string WithTag(absl::string_view text, absl::string_view tag) {
  return absl::StrReplaceAll(text, {{"$TAG", tag.empty() ? "*" : tag}});
}

}  // namespace

Reply* Phase::Find(absl::string_view verb) {
  for (Command& command : commands) {
    if (command.verb == verb) return &command.reply;
  }
  return nullptr;
}

std::optional<Script> FindScript(absl::string_view protocol,
                                 Security security) {
  for (const Words& words : kWords) {
    if (words.protocol != protocol) continue;
    Script script;
    script.words = words;
    script.security = security;
    script.clear =
        MakePhase(words, words.clear_greeting, words.clear_capabilities);
    script.clear.commands.push_back(
        {std::string(words.starttls_verb),
         {std::string(words.starttls_ok), Then::kStartTls}});
    script.tls = MakePhase(words, words.tls_greeting, words.tls_capabilities);
    return script;
  }
  return std::nullopt;
}

Reply Respond(const Words& words, const Phase& phase, absl::string_view line) {
  const Parts parts = Take(words, line);
  Reply reply = phase.unknown;
  for (const Command& known : phase.commands) {
    if (absl::EqualsIgnoreCase(parts.verb, known.verb)) reply = known.reply;
  }
  reply.text = WithTag(reply.text, parts.tag);
  reply.later = WithTag(reply.later, parts.tag);
  return reply;
}

std::optional<std::string> AsksForTls(const Words& words,
                                      absl::string_view line) {
  const Parts parts = Take(words, line);
  if (!absl::EqualsIgnoreCase(parts.verb, words.starttls_verb)) {
    return std::nullopt;
  }
  return std::string(parts.tag);
}

bool LetsTlsBegin(const Words& words, absl::string_view tag,
                  absl::string_view line) {
  // What decides is the tag, if there is one, and one word more.
  const absl::string_view answer = words.starttls_ok;
  const size_t from = words.tagged ? answer.find(' ') + 1 : 0;
  return absl::StartsWithIgnoreCase(
      line, WithTag(answer.substr(0, answer.find(' ', from)), tag));
}

}  // namespace holdfast::lab
