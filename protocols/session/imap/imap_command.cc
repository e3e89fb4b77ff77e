#include "holdfast/protocols/session/imap/imap_command.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "holdfast/core/base/error.h"
#include "holdfast/protocols/session/imap/imap_mailbox_name.h"
#include "holdfast/protocols/session/imap/imap_tokens.h"

namespace holdfast {
namespace {

constexpr absl::string_view kEnd = "\r\n";
// The longest literal that LITERAL- takes without asking (RFC 7888, 4).
constexpr uint64_t kLongestSmallLiteral = 4096;

absl::Status Invalid(absl::string_view message) {
  return MakeStatus(ErrorCode::kInvalidArgument, Phase::kSession, message);
}

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), absl::ascii_isascii);
}

// NUL can be sent in no way; line ends could, in literals, but no argument that
// has them means well.
absl::Status CheckText(absl::string_view text) {
  const bool bad = std::any_of(text.begin(), text.end(), [](char c) {
    return c == '\0' || c == '\r' || c == '\n';
  });
  return bad ? Invalid("An argument has a line end or a NUL in it.")
             : absl::OkStatus();
}

absl::Status CheckWords(absl::string_view words) {
  if (words.empty() ||
      !std::all_of(words.begin(), words.end(), absl::ascii_isprint)) {
    return Invalid("A command's words are printable ASCII.");
  }
  // The server would take the rest of the command for a literal's.
  if (words.back() == '}') return Invalid("A literal is not given in words.");
  return absl::OkStatus();
}

// Whether a literal of `size` may be sent at once (RFC 7888); IMAP4rev2 has
// LITERAL- built in (RFC 9051, appendix E).
bool TakesLiteralAtOnce(const std::vector<std::string>& capabilities,
                        uint64_t size) {
  const auto has = [&capabilities](absl::string_view name) {
    return std::any_of(capabilities.begin(), capabilities.end(),
                       [name](const std::string& offered) {
                         return absl::EqualsIgnoreCase(offered, name);
                       });
  };
  return has("LITERAL+") || (size <= kLongestSmallLiteral &&
                             (has("LITERAL-") || has("IMAP4rev2")));
}

// "7" or "*".
bool TakeNumberOrStar(ImapTokens* tokens) {
  const std::optional<uint32_t> number = tokens->TakeNumber32();
  return number ? *number > 0 : tokens->Take('*');
}

}  // namespace

absl::StatusOr<ImapSet> ImapSet::Parse(absl::string_view text) {
  ImapTokens tokens(text);
  do {
    const bool good = TakeNumberOrStar(&tokens) &&
                      (!tokens.Take(':') || TakeNumberOrStar(&tokens));
    if (!good) return Invalid("That is not a set of messages.");
  } while (tokens.Take(','));
  if (!tokens.at_end()) return Invalid("That is not a set of messages.");
  return ImapSet(std::string(text));
}

absl::StatusOr<ImapSet> ImapSet::Of(std::vector<uint32_t> numbers) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  if (numbers.empty() || numbers.front() == 0) {
    return Invalid("A set of messages is not empty, and none has number 0.");
  }
  std::vector<std::string> ranges;
  for (size_t first = 0; first < numbers.size();) {
    size_t end = first + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    ranges.push_back(end - first == 1
                         ? absl::StrCat(numbers[first])
                         : absl::StrCat(numbers[first], ":", numbers[end - 1]));
    first = end;
  }
  return ImapSet(absl::StrJoin(ranges, ","));
}

ImapCommand& ImapCommand::Words(absl::string_view words) {
  parts_.push_back({Kind::kWords, std::string(words), nullptr});
  return *this;
}

ImapCommand& ImapCommand::List(const std::vector<std::string>& words) {
  parts_.push_back({Kind::kList,
                    absl::StrCat("(", absl::StrJoin(words, " "), ")"),
                    nullptr});
  return *this;
}

ImapCommand& ImapCommand::String(absl::string_view text) {
  parts_.push_back({Kind::kString, std::string(text), nullptr});
  return *this;
}

ImapCommand& ImapCommand::Mailbox(absl::string_view name) {
  parts_.push_back({Kind::kMailbox, std::string(name), nullptr});
  return *this;
}

ImapCommand& ImapCommand::Message(std::shared_ptr<MessageSource> message) {
  parts_.push_back({Kind::kMessage, "", std::move(message)});
  return *this;
}

ImapCommand& ImapCommand::Charset() {
  parts_.push_back({Kind::kCharset, "", nullptr});
  return *this;
}

ImapCommand& ImapCommand::Append(const ImapCommand& more) {
  parts_.insert(parts_.end(), more.parts_.begin(), more.parts_.end());
  return *this;
}

ImapCommand& ImapCommand::UntilEnded(absl::string_view words) {
  parts_.push_back({Kind::kUntilEnd, std::string(words), nullptr});
  return *this;
}

// Writes one part after the other.
class ImapCommand::Encoder {
 public:
  Encoder(absl::string_view tag, const std::vector<std::string>& capabilities,
          bool utf8)
      : capabilities_(capabilities), utf8_(utf8), segments_(1) {
    text() = std::string(tag);
  }

  absl::Status Add(const Part& part, bool all_ascii);
  std::deque<ImapSegment> Finish() {
    text().append(kEnd.data(), kEnd.size());
    return std::move(segments_);
  }

 private:
  std::string& text() { return segments_.back().text; }
  absl::Status AddWords(absl::string_view words);
  absl::Status AddList(absl::string_view list);
  absl::Status AddString(absl::string_view string);
  absl::Status AddMailbox(absl::string_view name);
  absl::Status AddMessage(const std::shared_ptr<MessageSource>& message);
  // Its header; what is written next comes after it.
  void BeginLiteral(uint64_t size);

  const std::vector<std::string>& capabilities_;
  const bool utf8_;
  std::deque<ImapSegment> segments_;
};

absl::Status ImapCommand::Encoder::Add(const Part& part, bool all_ascii) {
  switch (part.kind) {
    case Kind::kWords:
      return AddWords(part.text);
    case Kind::kList:
      return AddList(part.text);
    case Kind::kString:
      return AddString(part.text);
    case Kind::kMailbox:
      return AddMailbox(part.text);
    case Kind::kMessage:
      return AddMessage(part.message);
    case Kind::kCharset:
      // With UTF8=ACCEPT it is forbidden (RFC 6855, 3).
      return all_ascii || utf8_ ? absl::OkStatus() : AddWords("CHARSET UTF-8");
    case Kind::kUntilEnd:
      text().append(kEnd.data(), kEnd.size());
      segments_.push_back({ImapSegment::Wait::kEnd, part.text, nullptr});
      return CheckWords(part.text);
  }
  return absl::OkStatus();
}

absl::Status ImapCommand::Encoder::AddWords(absl::string_view words) {
  absl::StrAppend(&text(), " ", words);
  return CheckWords(words);
}

absl::Status ImapCommand::Encoder::AddList(absl::string_view list) {
  ImapTokens tokens(list);
  if (!tokens.TakeAtoms() || !tokens.at_end()) {
    return Invalid("A flag or an item is not an atom.");
  }
  return AddWords(list);
}

absl::Status ImapCommand::Encoder::AddString(absl::string_view string) {
  if (IsAscii(string) || (utf8_ && EncodeMailboxName(string).ok())) {
    absl::StrAppend(
        &text(), " \"",
        absl::StrReplaceAll(string, {{"\\", "\\\\"}, {"\"", "\\\""}}), "\"");
  } else {
    BeginLiteral(string.size());
    text().append(string.data(), string.size());
  }
  return CheckText(string);
}

absl::Status ImapCommand::Encoder::AddMailbox(absl::string_view name) {
  const absl::StatusOr<std::string> encoded = EncodeMailboxName(name);
  if (!encoded.ok()) return encoded.status();
  const absl::Status checked = CheckText(name);
  return checked.ok() ? AddString(utf8_ ? name : *encoded) : checked;
}

absl::Status ImapCommand::Encoder::AddMessage(
    const std::shared_ptr<MessageSource>& message) {
  BeginLiteral(message->size());
  segments_.back().message = message;
  segments_.emplace_back();
  return message->Rewind();
}

void ImapCommand::Encoder::BeginLiteral(uint64_t size) {
  const bool at_once = TakesLiteralAtOnce(capabilities_, size);
  absl::StrAppend(&text(), " {", size, at_once ? "+}" : "}", kEnd);
  if (!at_once) segments_.push_back({ImapSegment::Wait::kGoOn, "", nullptr});
}

absl::StatusOr<std::deque<ImapSegment>> ImapCommand::Encode(
    absl::string_view tag, const std::vector<std::string>& capabilities,
    bool utf8) const {
  const bool all_ascii =
      std::all_of(parts_.begin(), parts_.end(), [](const Part& part) {
        return part.kind != Kind::kString || IsAscii(part.text);
      });
  Encoder encoder(tag, capabilities, utf8);
  for (const Part& part : parts_) {
    if (absl::Status added = encoder.Add(part, all_ascii); !added.ok()) {
      return added;
    }
  }
  return encoder.Finish();
}

}  // namespace holdfast
