// SPDX-License-Identifier: 0BSD

#include "mail_gateway.h"

#include <sysexits.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "holdfast/core/base/printable.h"
#include "nlohmann/json.hpp"

namespace holdfast::example {
namespace {

// As SMTP sends it (RFC 5321, 4.5.2), without the last dot.
std::string Dotted(const std::string& text) {
  return absl::StrReplaceAll("\r\n" + text, {{"\r\n.", "\r\n.."}}).substr(2);
}

// Nothing in it ends a command or the message early.
bool IsWhole(const QueuedMail& mail) {
  const std::string rest = absl::StrReplaceAll(mail.text, {{"\r\n", ""}});
  return absl::StrCat(mail.sender, mail.recipient, rest)
                 .find_first_of("\r\n") == std::string::npos &&
         absl::EndsWith(mail.text, "\r\n");
}

}  // namespace

ClientOptions PinnedTo(std::vector<std::string> pins) {
  ClientOptions options;
  options.system_roots = false;
  options.pins = std::move(pins);
  options.connect_timeout = absl::Minutes(2);  // no person waits
  return options;
}

std::string LogLine(absl::string_view what, const Error& error) {
  const nlohmann::ordered_json line = {
      {"what", std::string(what)},
      {"error", std::string(ErrorName(error.code))},
      {"category", std::string(ErrorCategoryName(error.category()))},
      {"message", error.Message()},
      // Whatever it sent: only so is it fit for a log.
      {"server", Printable(error.server_text)}};
  return line.dump();
}

std::string LogLine(const Event& event) {
  nlohmann::ordered_json line = {
      {"event", std::string(EventKindName(event.kind))},
      {"ms", absl::ToInt64Milliseconds(event.at)}};
  for (const auto& [name, value] : event.fields) line[name] = value;
  return line.dump();
}

int ExitStatus(const Error& error) {
  if (MayPass(error)) return EX_TEMPFAIL;
  if (error.refused_for_safety()) return EX_PROTOCOL;
  if (error.category() == ErrorCategory::kAuthentication) return EX_NOPERM;
  return EX_UNAVAILABLE;
}

absl::StatusOr<std::unique_ptr<MailGateway>> MailGateway::Create(
    ClientOptions options, const std::string& server,
    std::shared_ptr<CredentialsProvider> credentials, Log log,
    std::shared_ptr<Cancellation> cancellation) {
  const absl::StatusOr<Target> target = ParseTarget(server, Protocol::kSmtp);
  if (!target.ok()) return target.status();
  absl::StatusOr<std::unique_ptr<Client>> client =
      Client::Create(std::move(options));
  if (!client.ok()) return client.status();
  return std::unique_ptr<MailGateway>(
      new MailGateway(*std::move(client), *target, std::move(credentials),
                      std::move(log), std::move(cancellation)));
}

MailGateway::MailGateway(std::unique_ptr<Client> client, const Target& server,
                         std::shared_ptr<CredentialsProvider> credentials,
                         Log log, std::shared_ptr<Cancellation> cancellation)
    : client_(std::move(client)),
      log_(std::move(log)),
      cancellation_(std::move(cancellation)),
      redialer_(client_->NewRedialer(server, std::move(credentials),
                                     cancellation_)) {}

Fate MailGateway::Submit(const QueuedMail& mail) {
  if (!IsWhole(mail)) return Fate::kRefused;
  // The first loss may be that of a connection which the server had given up.
  for (int losses = 0; losses < 2; ++losses) {
    if (server_ == nullptr && !Reach().ok()) return Fate::kNotSent;
    bool ended = false;
    const absl::StatusOr<int> code = Talk(mail, &ended);
    if (code.ok()) return Settle(*code);
    Lose(code.status());
    if (ended) return Fate::kMaybeSent;
  }
  return Fate::kNotSent;
}

Fate MailGateway::Settle(int code) {
  // The server leaves; the next connect gives it the peace that it asks for.
  if (code == 421) {
    Lose(MakeStatus(ErrorCode::kServerBusy, Phase::kSession, ""));
  }
  if (code / 100 == 2) return Fate::kSent;
  return code / 100 == 4 ? Fate::kNotSent : Fate::kRefused;
}

// Connected and signed in.
absl::Status MailGateway::Reach() {
  RedialResult result = client_->Await<RedialResult>([this](auto done) {
    loss_ ? redialer_->DialAgain(*loss_, done) : redialer_->Dial(done);
  });
  if (!result.ok()) {
    log_(LogLine("connect", *result.error));
    loss_ = Loss{*result.error, client_->loop()->Now()};
    return ToStatus(*result.error);
  }
  auto server =
      BlockingConnection::Create(std::move(result.connection), cancellation_);
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  heard_.clear();
  return absl::OkStatus();
}

void MailGateway::Lose(const absl::Status& status) {
  const Error error = ErrorFromStatus(status);
  log_(LogLine("lost", error));
  loss_ = Loss{error, client_->loop()->Now()};
  server_.reset();
}

absl::StatusOr<int> MailGateway::Talk(const QueuedMail& mail, bool* ended) {
  for (const std::string& command :
       {absl::StrCat("MAIL FROM:<", mail.sender, ">\r\n"),
        absl::StrCat("RCPT TO:<", mail.recipient, ">\r\n"),
        std::string("DATA\r\n")}) {
    absl::StatusOr<int> code = Ask(command, absl::Minutes(5));
    if (!code.ok()) return code;
    if (*code / 100 <= 3) continue;
    const absl::StatusOr<int> reset = Ask("RSET\r\n", absl::Minutes(5));
    if (!reset.ok() && *code != 421) Lose(reset.status());
    return code;
  }
  const absl::Status sent = server_->Write(Dotted(mail.text), absl::Minutes(3));
  if (!sent.ok()) return sent;
  *ended = true;
  return Ask(".\r\n", absl::Minutes(10));
}

absl::StatusOr<int> MailGateway::Ask(absl::string_view command,
                                     absl::Duration limit) {
  const absl::Status sent = server_->Write(command, limit);
  if (!sent.ok()) return sent;
  while (true) {
    const absl::StatusOr<std::string> line = Line(limit);
    if (!line.ok()) return line.status();
    int code = 0;
    if (line->size() < 3 || !absl::SimpleAtoi(line->substr(0, 3), &code)) {
      return MakeStatus(ErrorCode::kUnexpectedResponse, Phase::kSession, "");
    }
    if (line->substr(3, 1) == "-") continue;
    return code;
  }
}

absl::StatusOr<std::string> MailGateway::Line(absl::Duration limit) {
  size_t end;
  while ((end = heard_.find("\r\n")) == std::string::npos) {
    if (heard_.size() > 10'000) {
      return MakeStatus(ErrorCode::kLineTooLong, Phase::kSession, "");
    }
    char buffer[1000];
    const absl::StatusOr<size_t> got =
        server_->Read(absl::MakeSpan(buffer), limit);
    if (!got.ok()) return got.status();
    if (*got == 0) {
      return MakeStatus(ErrorCode::kConnectionClosed, Phase::kSession, "");
    }
    heard_.append(buffer, *got);
  }
  std::string line = heard_.substr(0, end);
  heard_.erase(0, end + 2);
  return line;
}

}  // namespace holdfast::example
