#include "tools/lab/dialogue.h"

#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace holdfast::lab {
namespace {

// RFC 9051.
constexpr Command kImapCommands[] = {
    {"CAPABILITY",
     "* CAPABILITY IMAP4rev1 SASL-IR ID IDLE AUTH=PLAIN\r\n"
     "$TAG OK CAPABILITY completed\r\n"},
    {"NOOP", "$TAG OK NOOP completed\r\n"},
    {"LOGOUT",
     "* BYE Holdfast lab signing off\r\n"
     "$TAG OK LOGOUT completed\r\n",
     Then::kClose},
};

constexpr Script kScripts[] = {
    {"imap", "imap", /*tagged=*/true,
     "* OK [CAPABILITY IMAP4rev1 SASL-IR ID IDLE AUTH=PLAIN] "
     "Holdfast lab ready\r\n",
     "* BYE Holdfast lab is busy, try again later\r\n",
     "* PREAUTH [CAPABILITY IMAP4rev1 ID IDLE] Holdfast lab ready\r\n",
     kImapCommands, "$TAG BAD Unknown command\r\n"},
};

}  // namespace

const Script* FindScript(absl::string_view protocol) {
  for (const Script& script : kScripts) {
    if (script.protocol == protocol) return &script;
  }
  return nullptr;
}

Reply Respond(const Script& script, absl::string_view line) {
  using Halves = std::pair<absl::string_view, absl::string_view>;
  absl::string_view tag;
  absl::string_view command = line;
  if (script.tagged) {
    std::tie(tag, command) =
        Halves(absl::StrSplit(line, absl::MaxSplits(' ', 1)));
  }
  const absl::string_view verb = command.substr(0, command.find(' '));
  const auto reply = [&](absl::string_view text, Then then) {
    return Reply{absl::StrReplaceAll(text, {{"$TAG", tag.empty() ? "*" : tag}}),
                 then};
  };
  for (const Command& known : script.commands) {
    if (absl::EqualsIgnoreCase(verb, known.verb)) {
      return reply(known.reply, known.then);
    }
  }
  return reply(script.unknown, Then::kContinue);
}

}  // namespace holdfast::lab
