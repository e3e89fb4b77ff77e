#include "holdfast/protocols/dialogue/nntp_negotiator.h"

#include <optional>
#include <utility>

#include "holdfast/protocols/dialogue/reply.h"

namespace holdfast {
namespace {

// RFC 3977, 3.2.1; RFC 4642, 2.2.
constexpr int kListFollows = 101;
constexpr int kPostingAllowed = 200;
constexpr int kPostingForbidden = 201;
constexpr int kBeginTls = 382;
constexpr int kDiscontinued = 400;
constexpr int kInternalFault = 403;
constexpr int kEncryptionRequired = 483;
constexpr int kTlsUnavailable = 580;

// A reply's first line; it has no more of the same code, as SMTP's may.
std::optional<ReplyLine> ParseStatus(absl::string_view line) {
  const std::optional<ReplyLine> reply = ParseReplyLine(line);
  return reply && reply->last ? reply : std::nullopt;
}

ErrorCode StartTlsError(const ReplyLine& reply) {
  switch (reply.code) {
    case kDiscontinued:
      return ErrorCode::kServerBusy;
    case kInternalFault:
    case kEncryptionRequired:
    case kTlsUnavailable:
      return ErrorCode::kStartTlsUnavailable;
  }
  return reply.kind() >= 4 ? ErrorCode::kStartTlsRefused
                           : ErrorCode::kUnexpectedResponse;
}

}  // namespace

Step NntpNegotiator::OnGreeting(absl::string_view line) {
  const std::optional<ReplyLine> reply = ParseStatus(line);
  if (reply && reply->kind() >= 4) return Fail(ErrorCode::kServerBusy, line);
  if (!reply ||
      (reply->code != kPostingAllowed && reply->code != kPostingForbidden)) {
    return Fail(ErrorCode::kMalformedGreeting, line);
  }
  KeepGreeting(std::string(line));
  return AskForTlsOrCapabilities();
}

Step NntpNegotiator::OnStartTlsAnswer(absl::string_view line) {
  const std::optional<ReplyLine> reply = ParseStatus(line);
  if (!reply) return Fail(ErrorCode::kUnexpectedResponse, line);
  return reply->code == kBeginTls ? BeginTls()
                                  : Fail(StartTlsError(*reply), line);
}

Step NntpNegotiator::OnCapabilityAnswer(absl::string_view line) {
  if (in_list_) {
    const std::optional<absl::string_view> item = UnstuffLine(line);
    if (!item) return CapabilitiesHeard(std::move(heard_));
    heard_.emplace_back(*item);
    return NextLine();
  }
  const std::optional<ReplyLine> reply = ParseStatus(line);
  if (reply && reply->code == kDiscontinued) {
    return Fail(ErrorCode::kServerBusy, line);
  }
  if (reply && reply->kind() >= 4) return CapabilitiesHeard({});
  in_list_ = reply && reply->code == kListFollows;
  return in_list_ ? NextLine() : Fail(ErrorCode::kUnexpectedResponse, line);
}

bool NntpNegotiator::EndsFarewell(absl::string_view line) const {
  return ParseStatus(line).has_value();
}

}  // namespace holdfast
