#include "holdfast/protocols/sign_in/authenticator.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "holdfast/protocols/sign_in/auth_answer.h"
#include "holdfast/protocols/sign_in/sasl_client.h"

namespace holdfast {
namespace {

using AnswerKind = AuthAnswer::Kind;

constexpr absl::string_view kEnd = "\r\n";
// "I give up" to a challenge, in every protocol.
constexpr absl::string_view kCancel = "*\r\n";
// The longest literal that LITERAL- takes without asking (RFC 7888, 4).
constexpr size_t kLongestSmallLiteral = 4096;

SecretString Base64(const SecretString& message) {
  return SecretString::Take(absl::Base64Escape(message.view()));
}

// A command with its end may be so long.
size_t LongestCommand(Protocol protocol) {
  switch (protocol) {
    case Protocol::kImap:
      return 8192;  // RFC 7162, 4, of servers
    case Protocol::kPop3:
      return 255;  // RFC 2449, 4
    case Protocol::kSmtp:
    case Protocol::kSubmission:
    case Protocol::kNntp:
      return 512;  // RFC 5321, 4.5.3.1.4; RFC 3977, 3.1
  }
  return 0;
}

bool HasControlCharacters(absl::string_view text) {
  return std::any_of(text.begin(), text.end(), absl::ascii_iscntrl);
}

// Where the word stands between spaces.
bool HasSpace(absl::string_view text) {
  return text.find(' ') != absl::string_view::npos;
}

absl::Status Unusable(absl::string_view message) {
  return MakeStatus(ErrorCode::kCredentialsUnusable, Phase::kSession, message);
}

// What every mechanism can carry; and what NNTP's own command can.
absl::Status CheckCredentials(const AuthenticatorOptions& options) {
  if (HasControlCharacters(options.user) ||
      HasControlCharacters(options.act_as) ||
      HasControlCharacters(options.secret.view())) {
    return Unusable("The credentials contain a control character.");
  }
  const CredentialKind kind = KindOf(options.mechanism);
  const bool has_secret =
      kind == CredentialKind::kPassword || kind == CredentialKind::kToken;
  if (has_secret && (options.user.empty() || options.secret.empty())) {
    return Unusable("The user name or the password is empty.");
  }
  if (!options.act_as.empty() && !IsScram(options.mechanism) &&
      options.mechanism != SaslMechanism::kPlain &&
      options.mechanism != SaslMechanism::kExternal) {
    return Unusable(
        "Only PLAIN, SCRAM and EXTERNAL can sign in for another mailbox.");
  }
  if (options.protocol == Protocol::kNntp &&
      options.mechanism == SaslMechanism::kProtocolLogin &&
      (HasSpace(options.user) || HasSpace(options.secret.view()))) {
    return Unusable("AUTHINFO USER knows no spaces.");
  }
  return absl::OkStatus();
}

class AuthenticatorImpl final : public Authenticator {
 public:
  explicit AuthenticatorImpl(AuthenticatorOptions options)
      : options_(std::move(options)) {}

  absl::Status SetUp();

  AuthStep Start() override;
  AuthStep OnLine(absl::string_view line) override;
  bool expired() const override { return expired_; }
  const std::vector<std::string>& capabilities() const override {
    return capabilities_;
  }

 private:
  bool IsOffered(absl::string_view capability) const;
  bool TakesInitialResponse(size_t size) const;
  std::string SaslCommand() const;

  // Fills `lines_` with the protocol's own command.
  void PlanOwnCommand();
  void PlanImapLogin();

  AuthStep Send(SecretString line);
  AuthStep SendResponse(const SecretString& message);
  AuthStep OnChallenge(absl::string_view text);
  AuthStep OnSaslChallenge(absl::string_view text);
  AuthStep OnSuccess(absl::string_view text);
  AuthStep OnRefusal(AuthAnswer answer);
  AuthStep Cancel(const absl::Status& why);
  AuthStep OnCancelled(AuthAnswer::Kind answer);
  AuthStep End(AuthStep::Kind kind, ErrorCode code, absl::string_view words);
  std::string Clean(absl::string_view words) const;

  const AuthenticatorOptions options_;
  std::unique_ptr<SaslClient> client_;  // null for the own command
  std::deque<SecretString> lines_;      // still to send, of the own command
  // The first message, if the server is to ask for it.
  std::optional<SecretString> first_;
  std::vector<SecretString> sent_;  // in whatever form it was encoded
  std::string earlier_words_;       // of an answer that has several lines
  std::optional<Error> cancelled_;  // and the server has not said its part yet
  bool expired_ = false;
  std::vector<std::string> capabilities_;
};

absl::Status AuthenticatorImpl::SetUp() {
  if (absl::Status checked = CheckCredentials(options_); !checked.ok()) {
    return checked;
  }
  if (options_.mechanism == SaslMechanism::kProtocolLogin) {
    PlanOwnCommand();
    return lines_.empty()
               ? MakeStatus(ErrorCode::kNoCommonMechanism, Phase::kSession,
                            "SMTP has no command of its own to sign in.")
               : absl::OkStatus();
  }
  absl::StatusOr<std::unique_ptr<SaslClient>> client = NewSaslClient(
      {options_.mechanism, options_.user, &options_.secret, options_.act_as,
       OfferedMechanisms(options_.protocol, options_.capabilities),
       options_.channel_binding, options_.nonce});
  if (!client.ok()) return client.status();
  client_ = *std::move(client);
  return absl::OkStatus();
}

bool AuthenticatorImpl::IsOffered(absl::string_view capability) const {
  return std::any_of(options_.capabilities.begin(), options_.capabilities.end(),
                     [capability](const std::string& offered) {
                       return absl::EqualsIgnoreCase(offered, capability);
                     });
}

void AuthenticatorImpl::PlanOwnCommand() {
  const absl::string_view user = options_.user;
  const absl::string_view password = options_.secret.view();
  switch (options_.protocol) {
    case Protocol::kImap:
      return PlanImapLogin();
    case Protocol::kPop3:
      lines_.push_back(SecretString::Join({"USER ", user, kEnd}));
      lines_.push_back(SecretString::Join({"PASS ", password, kEnd}));
      return;
    case Protocol::kNntp:
      lines_.push_back(SecretString::Join({"AUTHINFO USER ", user, kEnd}));
      lines_.push_back(SecretString::Join({"AUTHINFO PASS ", password, kEnd}));
      return;
    case Protocol::kSmtp:
    case Protocol::kSubmission:
      return;
  }
}

// A quoted string where that will do; what is not ASCII needs a literal, before
// which the server is to be waited for unless it says otherwise (RFC 9051, 4.3;
// RFC 7888).
void AuthenticatorImpl::PlanImapLogin() {
  SecretString line = SecretString::Join({options_.tag, " LOGIN"});
  for (absl::string_view text :
       {absl::string_view(options_.user), options_.secret.view()}) {
    if (std::all_of(text.begin(), text.end(), absl::ascii_isascii)) {
      const SecretString quoted = SecretString::Take(
          absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}}));
      line = SecretString::Join({line.view(), " \"", quoted.view(), "\""});
      if (text.data() != options_.user.data()) {
        sent_.push_back(quoted.Copy());
      }
      continue;
    }
    const bool at_once =
        IsOffered("LITERAL+") ||
        (IsOffered("LITERAL-") && text.size() <= kLongestSmallLiteral);
    line = SecretString::Join({line.view(), " {", absl::StrCat(text.size()),
                               at_once ? "+}" : "}", kEnd});
    if (!at_once) lines_.push_back(std::exchange(line, SecretString()));
    line = SecretString::Join({line.view(), text});
  }
  lines_.push_back(SecretString::Join({line.view(), kEnd}));
}

std::string AuthenticatorImpl::SaslCommand() const {
  const absl::string_view name = SaslMechanismName(options_.mechanism);
  switch (options_.protocol) {
    case Protocol::kImap:
      return absl::StrCat(options_.tag, " AUTHENTICATE ", name);
    case Protocol::kPop3:
    case Protocol::kSmtp:
    case Protocol::kSubmission:
      return absl::StrCat("AUTH ", name);
    case Protocol::kNntp:
      return absl::StrCat("AUTHINFO SASL ", name);
  }
  return "";
}

// `size` is the whole line's.
bool AuthenticatorImpl::TakesInitialResponse(size_t size) const {
  if (options_.protocol == Protocol::kImap && !IsOffered("SASL-IR")) {
    return false;
  }
  return size <= LongestCommand(options_.protocol);
}

AuthStep AuthenticatorImpl::Start() {
  if (client_ == nullptr) {
    SecretString line = std::move(lines_.front());
    lines_.pop_front();
    return Send(std::move(line));
  }
  const std::string command = SaslCommand();
  first_ = client_->InitialResponse();
  if (!first_) return Send(SecretString::Join({command, kEnd}));
  SecretString encoded = first_->empty() ? SecretString("=") : Base64(*first_);
  SecretString line = SecretString::Join({command, " ", encoded.view(), kEnd});
  if (!TakesInitialResponse(line.size())) {
    return Send(SecretString::Join({command, kEnd}));
  }
  first_.reset();
  sent_.push_back(std::move(encoded));
  return Send(std::move(line));
}

AuthStep AuthenticatorImpl::OnLine(absl::string_view line) {
  AuthAnswer answer = ReadAuthAnswer(options_.protocol, options_.tag, line);
  if (!answer.capabilities.empty()) {
    capabilities_ = std::move(answer.capabilities);
  }
  if (answer.kind == AnswerKind::kNothing) {
    if (!answer.text.empty())
      absl::StrAppend(&earlier_words_, answer.text, " ");
    return AuthStep();
  }
  if (cancelled_) return OnCancelled(answer.kind);
  switch (answer.kind) {
    case AnswerKind::kChallenge:
      return OnChallenge(answer.text);
    case AnswerKind::kSuccess:
      return OnSuccess(answer.text);
    case AnswerKind::kRefused:
    case AnswerKind::kExpired:
      return OnRefusal(std::move(answer));
    case AnswerKind::kUnavailable:
    case AnswerKind::kClosing:
      return End(AuthStep::Kind::kFailed, ErrorCode::kAuthenticationUnavailable,
                 answer.text);
    case AnswerKind::kNothing:
    case AnswerKind::kUnexpected:
      break;
  }
  return End(AuthStep::Kind::kFailed, ErrorCode::kUnexpectedResponse, line);
}

// Whether other credentials may be tried on this connection: not if the server
// goes on as if nothing had been cancelled.
AuthStep AuthenticatorImpl::OnCancelled(AnswerKind answer) {
  const bool in_order = cancelled_->code == ErrorCode::kAuthenticationRefused &&
                        answer != AnswerKind::kChallenge &&
                        answer != AnswerKind::kClosing &&
                        answer != AnswerKind::kSuccess;
  AuthStep step;
  step.kind = in_order ? AuthStep::Kind::kRefused : AuthStep::Kind::kFailed;
  step.error = std::move(cancelled_);
  return step;
}

AuthStep AuthenticatorImpl::Send(SecretString line) {
  AuthStep step;
  step.send = std::move(line);
  return step;
}

AuthStep AuthenticatorImpl::SendResponse(const SecretString& message) {
  SecretString encoded = Base64(message);
  // RFC 4643, 2.4.1: there an empty line is no response.
  if (message.empty() && options_.protocol == Protocol::kNntp) {
    return Send(SecretString("=\r\n"));
  }
  SecretString line = SecretString::Join({encoded.view(), kEnd});
  sent_.push_back(std::move(encoded));
  return Send(std::move(line));
}

AuthStep AuthenticatorImpl::OnChallenge(absl::string_view text) {
  if (client_ != nullptr) return OnSaslChallenge(text);
  if (lines_.empty()) {
    return End(AuthStep::Kind::kFailed, ErrorCode::kUnexpectedResponse, text);
  }
  SecretString line = std::move(lines_.front());
  lines_.pop_front();
  return Send(std::move(line));
}

AuthStep AuthenticatorImpl::OnSaslChallenge(absl::string_view text) {
  // Whatever it says, it asks for the first message.
  if (first_) return SendResponse(*std::exchange(first_, std::nullopt));
  std::string challenge;
  if (!absl::Base64Unescape(text, &challenge)) {
    return Cancel(MakeStatus(ErrorCode::kUnexpectedResponse, Phase::kSession,
                             "The server's challenge is not base64."));
  }
  const absl::StatusOr<SecretString> response = client_->Respond(challenge);
  return response.ok() ? SendResponse(*response) : Cancel(response.status());
}

AuthStep AuthenticatorImpl::Cancel(const absl::Status& why) {
  cancelled_ = ErrorFromStatus(why);
  cancelled_->server_text = Clean(cancelled_->server_text);
  return Send(SecretString(kCancel));
}

AuthStep AuthenticatorImpl::OnSuccess(absl::string_view text) {
  if (client_ == nullptr) {
    // POP3 says +OK to USER too; NNTP may take a user without a password.
    const bool early = !lines_.empty() && options_.protocol != Protocol::kNntp;
    if (early && options_.protocol == Protocol::kPop3) return OnChallenge("");
    if (early) {
      return End(AuthStep::Kind::kFailed, ErrorCode::kUnexpectedResponse, "");
    }
    return {AuthStep::Kind::kDone, {}, std::nullopt};
  }
  std::string last;
  if (!text.empty() && absl::Base64Unescape(text, &last)) {
    const absl::StatusOr<SecretString> ignored = client_->Respond(last);
    if (!ignored.ok()) {
      const Error error = ErrorFromStatus(ignored.status());
      return End(AuthStep::Kind::kFailed, error.code, error.server_text);
    }
  }
  if (!first_ && client_->finished()) {
    return {AuthStep::Kind::kDone, {}, std::nullopt};
  }
  return End(AuthStep::Kind::kFailed,
             IsScram(options_.mechanism) ? ErrorCode::kServerUnproven
                                         : ErrorCode::kUnexpectedResponse,
             "");
}

AuthStep AuthenticatorImpl::OnRefusal(AuthAnswer answer) {
  const std::string details = client_ != nullptr ? client_->refusal() : "";
  // RFC 6750, 3.1; Google and Microsoft say it as HTTP does.
  expired_ = answer.kind == AnswerKind::kExpired ||
             absl::StrContains(details, "invalid_token") ||
             absl::StrContains(details, "\"401\"");
  return End(
      AuthStep::Kind::kRefused, ErrorCode::kAuthenticationRefused,
      details.empty() ? answer.text : absl::StrCat(answer.text, " ", details));
}

AuthStep AuthenticatorImpl::End(AuthStep::Kind kind, ErrorCode code,
                                absl::string_view words) {
  AuthStep step;
  step.kind = kind;
  step.error = MakeError(code, Phase::kSession);
  step.error->server_text = Clean(absl::StrCat(earlier_words_, words));
  return step;
}

// A server may repeat what it was sent.
std::string AuthenticatorImpl::Clean(absl::string_view words) const {
  const auto repeated = [words](const SecretString& secret) {
    return !secret.empty() && absl::StrContains(words, secret.view());
  };
  return repeated(options_.secret) ||
                 std::any_of(sent_.begin(), sent_.end(), repeated)
             ? "(left out: it repeats what is secret)"
             : std::string(words);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Authenticator>> Authenticator::Create(
    AuthenticatorOptions options) {
  auto authenticator = std::make_unique<AuthenticatorImpl>(std::move(options));
  if (absl::Status set_up = authenticator->SetUp(); !set_up.ok()) {
    return set_up;
  }
  return authenticator;
}

}  // namespace holdfast
