#include "holdfast/protocols/session/imap/imap_data.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "holdfast/core/base/error.h"
#include "holdfast/protocols/dialogue/reply.h"
#include "holdfast/protocols/session/imap/imap_mailbox_name.h"
#include "holdfast/protocols/session/imap/imap_reader.h"
#include "holdfast/protocols/session/imap/imap_tokens.h"

namespace holdfast {
namespace {

constexpr size_t kLongestQuote = 256;
// With its list of header fields. Looking further back for each literal would
// take too long.
constexpr size_t kLongestSection = 4096;

// A few characters can name billions.
constexpr size_t kMostFound = 2'000'000;

// Takes "* " off, and returns what is left.
ImapTokens Untagged(absl::string_view text) {
  absl::ConsumePrefix(&text, "* ");
  return ImapTokens(text);
}

bool IsSection(absl::string_view name) {
  return absl::StartsWithIgnoreCase(name, "BODY[") ||
         absl::StartsWithIgnoreCase(name, "BINARY[");
}

// nstring (RFC 9051, 9).
bool TakeSectionContent(ImapTokens* tokens, ImapSection* section) {
  section->in_pieces = tokens->Take(ImapReader::kStreamed);
  if (section->in_pieces || tokens->TakeWord("NIL")) return true;
  section->content = tokens->TakeString();
  return section->content.has_value();
}

bool TakeDate(ImapTokens* tokens, std::string* date) {
  std::optional<std::string> taken = tokens->TakeString();
  if (taken) *date = *std::move(taken);
  return taken.has_value();
}

// One item's value.
bool TakeItem(absl::string_view name, ImapTokens* tokens,
              ImapMessage* message) {
  if (IsSection(name)) {
    ImapSection section{std::string(name), std::nullopt};
    if (!TakeSectionContent(tokens, &section)) return false;
    message->sections.push_back(std::move(section));
    return true;
  }
  const std::string upper = absl::AsciiStrToUpper(name);
  if (upper == "UID")
    return (message->uid = tokens->TakeNumber32()).has_value();
  if (upper == "FLAGS") {
    return (message->flags = tokens->TakeAtoms()).has_value();
  }
  if (upper == "RFC822.SIZE") {
    return (message->size = tokens->TakeNumber()).has_value();
  }
  if (upper == "INTERNALDATE") return TakeDate(tokens, &message->internal_date);
  const std::optional<absl::string_view> value = tokens->TakeValue();
  if (!value) return false;
  std::string& kept =
      upper == "ENVELOPE" ? message->envelope : message->others[upper];
  kept = std::string(*value);
  return true;
}

// "2,10:12", in the order given.
bool TakeNumbers(ImapTokens* tokens, std::vector<uint32_t>* numbers) {
  do {
    const std::optional<uint32_t> first = tokens->TakeNumber32();
    const std::optional<uint32_t> last =
        tokens->Take(':') ? tokens->TakeNumber32() : first;
    if (!first || !last) return false;
    const auto [low, high] = std::minmax(*first, *last);
    if (high - low >= kMostFound - std::min(kMostFound, numbers->size())) {
      return false;
    }
    for (uint64_t number = low; number <= high; ++number) {
      numbers->push_back(static_cast<uint32_t>(number));
    }
  } while (tokens->Take(','));
  return true;
}

// What follows "ESEARCH": (TAG "A1") UID ALL 2,10:12.
std::optional<std::vector<uint32_t>> TakeExtendedSearch(ImapTokens tokens) {
  std::vector<uint32_t> numbers;
  while (tokens.TakeSpace() && !tokens.at_end()) {
    const bool taken =
        tokens.TakeWord("ALL")
            ? tokens.TakeSpace() && TakeNumbers(&tokens, &numbers)
            : tokens.TakeValue().has_value();
    if (!taken) return std::nullopt;
  }
  return tokens.at_end() ? std::make_optional(std::move(numbers))
                         : std::nullopt;
}

// The delimiter of LIST: a quoted character or NIL.
std::optional<char> TakeDelimiter(ImapTokens* tokens) {
  if (tokens->TakeWord("NIL")) return '\0';
  const std::optional<std::string> quoted = tokens->TakeString();
  return quoted && quoted->size() == 1 ? std::make_optional(quoted->front())
                                       : std::nullopt;
}

}  // namespace

absl::Status UnexpectedImapResponse(absl::string_view text) {
  Error error = MakeError(ErrorCode::kUnexpectedResponse, Phase::kSession);
  error.server_text = std::string(text.substr(0, kLongestQuote));
  return ToStatus(error);
}

std::optional<ImapAnswer> ParseImapAnswer(absl::string_view text) {
  ImapAnswer answer;
  if (ConsumeWord(&text, "NO")) {
    answer.kind = ImapAnswer::Kind::kNo;
  } else if (ConsumeWord(&text, "BAD")) {
    answer.kind = ImapAnswer::Kind::kBad;
  } else if (!ConsumeWord(&text, "OK")) {
    return std::nullopt;
  }
  const size_t close = text.find(']');
  if (absl::StartsWith(text, "[") && close != absl::string_view::npos) {
    const absl::string_view code = text.substr(1, close - 1);
    const size_t space = std::min(code.find(' '), code.size());
    answer.code = absl::AsciiStrToUpper(code.substr(0, space));
    answer.arguments = std::string(absl::StripPrefix(code.substr(space), " "));
    text = absl::StripPrefix(text.substr(close + 1), " ");
  }
  answer.text = std::string(text);
  return answer;
}

std::optional<ImapAnswer> ParseImapStatusLine(absl::string_view text) {
  return absl::ConsumePrefix(&text, "* ") ? ParseImapAnswer(text)
                                          : std::nullopt;
}

bool IsImapResponse(absl::string_view text, absl::string_view kind) {
  ImapTokens tokens = Untagged(text);
  if (tokens.TakeNumber32() && !tokens.TakeSpace()) return false;
  return tokens.TakeWord(kind);
}

std::optional<ImapMessage> ParseImapFetch(absl::string_view text) {
  ImapTokens tokens = Untagged(text);
  const std::optional<uint32_t> number = tokens.TakeNumber32();
  if (!number || !tokens.TakeSpace() || !tokens.TakeWord("FETCH") ||
      !tokens.TakeSpace() || !tokens.Take('(')) {
    return std::nullopt;
  }
  ImapMessage message;
  message.number = *number;
  while (!tokens.Take(')')) {
    const std::optional<absl::string_view> name = tokens.TakeItemName();
    if (!name || !tokens.TakeSpace() || !TakeItem(*name, &tokens, &message)) {
      return std::nullopt;
    }
    tokens.TakeSpace();
  }
  return tokens.at_end() ? std::make_optional(std::move(message))
                         : std::nullopt;
}

std::optional<MailboxEntry> ParseImapList(absl::string_view text, bool utf8) {
  ImapTokens tokens = Untagged(text);
  if (!tokens.TakeWord("LIST") || !tokens.TakeSpace()) return std::nullopt;
  std::optional<std::vector<std::string>> attributes = tokens.TakeAtoms();
  if (!attributes || !tokens.TakeSpace()) return std::nullopt;
  const std::optional<char> delimiter = TakeDelimiter(&tokens);
  if (!delimiter || !tokens.TakeSpace()) return std::nullopt;
  std::optional<std::string> name = tokens.TakeString();
  if (!name) return std::nullopt;
  return MailboxEntry{utf8 ? *name : DecodeMailboxName(*name), *name,
                      *delimiter, *std::move(attributes)};
}

std::optional<std::map<std::string, uint64_t>> ParseImapStatus(
    absl::string_view text) {
  ImapTokens tokens = Untagged(text);
  if (!tokens.TakeWord("STATUS") || !tokens.TakeSpace() ||
      !tokens.TakeString() || !tokens.TakeSpace() || !tokens.Take('(')) {
    return std::nullopt;
  }
  std::map<std::string, uint64_t> items;
  while (!tokens.Take(')')) {
    const std::optional<absl::string_view> name = tokens.TakeAtom();
    if (!name || !tokens.TakeSpace()) return std::nullopt;
    // What is no number was not asked for.
    if (const std::optional<uint64_t> number = tokens.TakeNumber()) {
      items[absl::AsciiStrToUpper(*name)] = *number;
    } else if (!tokens.TakeValue()) {
      return std::nullopt;
    }
    tokens.TakeSpace();
  }
  return items;
}

std::optional<std::vector<uint32_t>> ParseImapSearch(absl::string_view text) {
  ImapTokens tokens = Untagged(text);
  if (tokens.TakeWord("ESEARCH")) return TakeExtendedSearch(tokens);
  if (!tokens.TakeWord("SEARCH")) return std::nullopt;
  std::vector<uint32_t> numbers;
  while (tokens.TakeSpace() && !tokens.at_end()) {
    // "(MODSEQ 917162500)" (RFC 7162, 3.1.5).
    if (!numbers.empty() && tokens.TakeAtoms()) continue;
    const std::optional<uint32_t> number = tokens.TakeNumber32();
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  return tokens.at_end() ? std::make_optional(std::move(numbers))
                         : std::nullopt;
}

std::optional<ImapUpdate> ParseImapUpdate(absl::string_view text) {
  using Kind = ImapUpdate::Kind;
  ImapUpdate update;
  update.text = std::string(text);
  absl::string_view words = absl::StripPrefix(text, "* ");
  if (ConsumeWord(&words, "BYE")) {
    update.kind = Kind::kBye;
    update.text = std::string(words);
    return update;
  }
  if (const auto status = ParseImapStatusLine(text)) {
    if (status->code != "ALERT") return update;
    update.kind = Kind::kAlert;
    update.text = status->text;
    return update;
  }
  ImapTokens tokens = Untagged(text);
  const std::optional<uint32_t> number = tokens.TakeNumber32();
  if (!number) return update;
  if (!tokens.TakeSpace()) return std::nullopt;
  update.number = *number;
  if (IsImapResponse(text, "FETCH")) {
    std::optional<ImapMessage> message = ParseImapFetch(text);
    if (!message) return std::nullopt;
    update.kind = Kind::kMessage;
    update.message = *std::move(message);
  } else if (tokens.TakeWord("EXISTS")) {
    update.kind = Kind::kExists;
  } else if (tokens.TakeWord("EXPUNGE")) {
    update.kind = Kind::kExpunged;
  }
  return update;
}

std::optional<absl::string_view> SectionAtEnd(absl::string_view text) {
  const size_t header = text.rfind('{');
  if (header == absl::string_view::npos) return std::nullopt;
  text = absl::StripSuffix(text.substr(0, header), "~");
  if (!absl::ConsumeSuffix(&text, " ") ||
      (!absl::EndsWith(text, "]") && !absl::EndsWith(text, ">"))) {
    return std::nullopt;
  }
  text.remove_prefix(text.size() - std::min(text.size(), kLongestSection));
  const std::string upper = absl::AsciiStrToUpper(text);
  for (absl::string_view opening : {"BODY[", "BINARY["}) {
    const size_t begin = upper.rfind(std::string(opening));
    if (begin == std::string::npos) continue;
    ImapTokens tokens(text.substr(begin));
    if (tokens.TakeItemName() && tokens.at_end()) return text.substr(begin);
  }
  return std::nullopt;
}

}  // namespace holdfast
