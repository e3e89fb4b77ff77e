#include "holdfast/protocols/dialogue/smtp_negotiator.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "holdfast/protocols/dialogue/reply.h"

namespace holdfast {
namespace {

constexpr int kReady = 220;
constexpr int kDone = 250;
constexpr int kClosing = 421;
constexpr int kUnknownCommand = 500;
constexpr int kNotImplemented = 502;

absl::string_view TextOf(absl::string_view line) {
  return line.size() > 4 ? line.substr(4) : "";
}

}  // namespace

bool SmtpReply::Add(absl::string_view line) {
  const std::optional<ReplyLine> parsed = ParseReplyLine(line);
  if (!parsed || (code != 0 && code != parsed->code)) return false;
  code = parsed->code;
  complete = parsed->last;
  lines.emplace_back(line);
  return true;
}

std::string SmtpReply::Words() const {
  std::string words = absl::StrCat(code);
  for (const std::string& line : lines) {
    absl::StrAppend(&words, " ", TextOf(line));
  }
  return words;
}

Step SmtpNegotiator::OnGreeting(absl::string_view line) {
  if (!reply_.Add(line)) return Fail(ErrorCode::kMalformedGreeting, line);
  if (!reply_.complete) return NextLine();
  const SmtpReply reply = std::exchange(reply_, {});
  if (reply.kind() >= 4) return Fail(ErrorCode::kServerBusy, reply.Words());
  if (reply.code != kReady) {
    return Fail(ErrorCode::kMalformedGreeting, reply.Words());
  }
  KeepGreeting(absl::StrJoin(reply.lines, "\r\n"));
  // In clear too: STARTTLS comes after EHLO (RFC 3207, 4).
  return AskForCapabilities();
}

Step SmtpNegotiator::OnCapabilityAnswer(absl::string_view line) {
  if (!reply_.Add(line)) return Fail(ErrorCode::kUnexpectedResponse, line);
  if (!reply_.complete) return NextLine();
  const SmtpReply reply = std::exchange(reply_, {});
  if (reply.code != kDone) return OnHelloRefused(reply);
  std::vector<std::string> extensions;
  for (size_t i = 1; i < reply.lines.size() && !said_helo_; ++i) {
    extensions.emplace_back(TextOf(reply.lines[i]));
  }
  return CapabilitiesHeard(std::move(extensions));
}

Step SmtpNegotiator::OnHelloRefused(const SmtpReply& reply) {
  if (reply.kind() == 4) return Fail(ErrorCode::kServerBusy, reply.Words());
  if (reply.kind() != 5) {
    return Fail(ErrorCode::kUnexpectedResponse, reply.Words());
  }
  // HELO knows no STARTTLS: in clear it would be the way around TLS.
  if (in_clear()) {
    return Fail(ErrorCode::kStartTlsRefused, reply.Words(),
                "The server refused EHLO, without which there is no STARTTLS.");
  }
  const bool unknown =
      reply.code == kUnknownCommand || reply.code == kNotImplemented;
  if (!unknown || std::exchange(said_helo_, true)) {
    return Fail(ErrorCode::kServerBusy, reply.Words());
  }
  return Send(absl::StrCat("HELO ", client_name_));
}

Step SmtpNegotiator::OnStartTlsAnswer(absl::string_view line) {
  if (!reply_.Add(line)) return Fail(ErrorCode::kUnexpectedResponse, line);
  if (!reply_.complete) return NextLine();
  const SmtpReply reply = std::exchange(reply_, {});
  if (reply.code == kReady) return BeginTls();
  ErrorCode code = ErrorCode::kUnexpectedResponse;
  if (reply.kind() == 5) code = ErrorCode::kStartTlsRefused;
  if (reply.kind() == 4) code = ErrorCode::kStartTlsUnavailable;
  if (reply.code == kClosing) code = ErrorCode::kServerBusy;
  return Fail(code, reply.Words());
}

bool SmtpNegotiator::EndsFarewell(absl::string_view line) const {
  const std::optional<ReplyLine> reply = ParseReplyLine(line);
  return reply && reply->last;
}

}  // namespace holdfast
