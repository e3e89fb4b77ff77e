#include "holdfast/protocols/session/imap/imap_handlers.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "holdfast/core/base/error.h"
#include "holdfast/protocols/session/imap/imap_data.h"
#include "holdfast/protocols/session/imap/imap_tokens.h"

namespace holdfast {
namespace {

// Of one answer, which may have any number of lines.
constexpr size_t kMostMailboxes = 100'000;
constexpr size_t kMostUids = 2'000'000;

absl::Status TooMuch() {
  return MakeStatus(ErrorCode::kTooMuchData, Phase::kSession, "");
}

// The argument of a response code.
template <typename Number>
absl::StatusOr<bool> Keep(const std::optional<Number>& number,
                          const ImapAnswer& status, Number* kept) {
  if (!number) return UnexpectedImapResponse(status.arguments);
  *kept = *number;
  return true;
}

}  // namespace

absl::StatusOr<bool> ImapSelectHandler::OnUntagged(absl::string_view text) {
  if (const auto status = ParseImapStatusLine(text)) return OnCode(*status);
  ImapTokens tokens(absl::StripPrefix(text, "* "));
  if (tokens.TakeWord("FLAGS")) {
    tokens.TakeSpace();
    std::optional<std::vector<std::string>> flags = tokens.TakeAtoms();
    if (!flags) return UnexpectedImapResponse(text);
    result_.flags = *std::move(flags);
    return true;
  }
  if (IsImapResponse(text, "RECENT") || IsImapResponse(text, "LIST")) {
    return true;
  }
  if (!IsImapResponse(text, "EXISTS")) return false;
  const std::optional<ImapUpdate> update = ParseImapUpdate(text);
  if (!update || update->kind != ImapUpdate::Kind::kExists) {
    return UnexpectedImapResponse(text);
  }
  result_.exists = update->number;
  return true;
}

absl::StatusOr<bool> ImapSelectHandler::OnCode(const ImapAnswer& status) {
  ImapTokens tokens(status.arguments);
  if (status.code == "UIDVALIDITY") {
    return Keep(tokens.TakeNumber32(), status, &result_.uid_validity);
  }
  if (status.code == "UIDNEXT") {
    return Keep(tokens.TakeNumber32(), status, &result_.uid_next);
  }
  if (status.code == "PERMANENTFLAGS") {
    return Keep(tokens.TakeAtoms(), status, &result_.permanent_flags);
  }
  if (status.code == "HIGHESTMODSEQ") {
    result_.highest_modseq = tokens.TakeNumber();
    return result_.highest_modseq ? absl::StatusOr<bool>(true)
                                  : UnexpectedImapResponse(status.arguments);
  }
  return status.code == "UNSEEN" || status.code == "NOMODSEQ" ||
         status.code == "CLOSED";
}

MailboxInfo ImapSelectHandler::Finish(const ImapAnswer& answer) {
  if (!answer.ok()) result_ = MailboxInfo();
  result_.read_only = answer.code == "READ-ONLY";
  return ImapCollector::Finish(answer);
}

absl::StatusOr<bool> ImapListHandler::OnUntagged(absl::string_view text) {
  if (!IsImapResponse(text, "LIST")) return false;
  std::optional<MailboxEntry> entry = ParseImapList(text, stream_->utf8);
  if (!entry) return UnexpectedImapResponse(text);
  if (result_.mailboxes.size() == kMostMailboxes) return TooMuch();
  result_.mailboxes.push_back(*std::move(entry));
  return true;
}

absl::StatusOr<bool> ImapStatusHandler::OnUntagged(absl::string_view text) {
  if (!IsImapResponse(text, "STATUS")) return false;
  auto items = ParseImapStatus(text);
  if (!items) return UnexpectedImapResponse(text);
  result_.items = *std::move(items);
  return true;
}

absl::StatusOr<bool> ImapSearchHandler::OnUntagged(absl::string_view text) {
  if (!IsImapResponse(text, "SEARCH") && !IsImapResponse(text, "ESEARCH")) {
    return false;
  }
  const std::optional<std::vector<uint32_t>> uids = ParseImapSearch(text);
  if (!uids) return UnexpectedImapResponse(text);
  if (uids->size() > kMostUids - result_.uids.size()) return TooMuch();
  result_.uids.insert(result_.uids.end(), uids->begin(), uids->end());
  return true;
}

void ImapFetchHandler::OnStart() {
  ImapCollector::OnStart();
  sink_->OnStart();
}

absl::StatusOr<bool> ImapFetchHandler::OnLiteral(absl::string_view text,
                                                 uint64_t size) {
  if (!IsImapResponse(text, "FETCH")) return false;
  const std::optional<absl::string_view> section = SectionAtEnd(text);
  if (!section) return false;
  const absl::Status taken = sink_->OnSection(std::string(*section), size);
  if (!taken.ok()) return taken;
  return true;
}

absl::StatusOr<bool> ImapFetchHandler::OnUntagged(absl::string_view text) {
  if (!IsImapResponse(text, "FETCH")) return false;
  const std::optional<ImapMessage> message = ParseImapFetch(text);
  if (!message) return UnexpectedImapResponse(text);
  // Without a UID it is no answer, but news.
  if (!message->uid || (uid_ && message->uid != uid_)) {
    if (message->sections.empty()) return false;
    return UnexpectedImapResponse("sections of another message");
  }
  if (absl::Status given = Give(*message); !given.ok()) return given;
  ++result_.messages;
  return true;
}

absl::Status ImapFetchHandler::Give(const ImapMessage& message) {
  for (const ImapSection& section : message.sections) {
    if (!section.content) continue;
    absl::Status taken =
        sink_->OnSection(section.name, section.content->size());
    if (taken.ok() && !section.content->empty()) {
      taken = sink_->OnBytes(*section.content);
    }
    if (!taken.ok()) return taken;
  }
  return sink_->OnMessage(message);
}

ImapAppended ImapAppendHandler::Finish(const ImapAnswer& answer) {
  ImapTokens tokens(answer.arguments);
  if (answer.code == "APPENDUID") {
    result_.uid_validity = tokens.TakeNumber32();
    tokens.TakeSpace();
    result_.uid = tokens.TakeNumber32();
  }
  return ImapCollector::Finish(answer);
}

bool ImapCopyHandler::OnCode(const ImapAnswer& status) {
  if (status.code != "COPYUID") return false;
  const std::vector<std::string> parts = absl::StrSplit(status.arguments, ' ');
  if (parts.size() != 3) return false;
  result_.uid_validity = ImapTokens(parts[0]).TakeNumber32();
  result_.from_uids = parts[1];
  result_.to_uids = parts[2];
  return true;
}

absl::StatusOr<bool> ImapCopyHandler::OnUntagged(absl::string_view text) {
  const std::optional<ImapAnswer> status = ParseImapStatusLine(text);
  return status && OnCode(*status);
}

ImapCopied ImapCopyHandler::Finish(const ImapAnswer& answer) {
  OnCode(answer);
  return ImapCollector::Finish(answer);
}

absl::StatusOr<bool> ImapEnableHandler::OnUntagged(absl::string_view text) {
  if (!IsImapResponse(text, "ENABLED")) return false;
  const std::vector<std::string> words =
      absl::StrSplit(text, ' ', absl::SkipEmpty());
  for (size_t i = 2; i < words.size(); ++i) {  // after "* ENABLED"
    result_.enabled.push_back(words[i]);
    // IMAP4rev2 has it built in (RFC 9051, 5.1).
    if (absl::EqualsIgnoreCase(words[i], "UTF8=ACCEPT") ||
        absl::EqualsIgnoreCase(words[i], "IMAP4rev2")) {
      stream_->utf8 = true;
    }
  }
  return true;
}

}  // namespace holdfast
