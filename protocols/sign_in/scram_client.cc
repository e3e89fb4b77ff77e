#include "holdfast/protocols/sign_in/scram_client.h"

#include <gsasl.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/nss/hmac.h"

namespace holdfast {
namespace {

// RFC 7677, 4 and RFC 5802, 5.1: the least that is worth anything. The most is
// what takes about a second: a server must not keep us busy for ever.
constexpr unsigned kMinIterations = 4096;
constexpr unsigned kMaxIterations = 1'000'000;
constexpr size_t kNonceBytes = 18;  // 24 characters

// What the password and the server's first message give (RFC 5802, 3).
struct Keys {
  SecretString client_key;
  SecretString stored_key;
  SecretString server_key;
};

struct ServerFirst {
  std::string nonce;
  std::string salt;
  unsigned iterations;
};

absl::Status Unexpected(absl::string_view message) {
  return MakeStatus(ErrorCode::kUnexpectedResponse, Phase::kSession, message);
}

// "r=..." of `attribute` 'r', taken off `text` with the comma behind it.
std::optional<absl::string_view> TakeAttribute(char attribute,
                                               absl::string_view* text) {
  if (text->size() < 2 || (*text)[0] != attribute || (*text)[1] != '=') {
    return std::nullopt;
  }
  text->remove_prefix(2);
  const absl::string_view value = text->substr(0, text->find(','));
  text->remove_prefix(value.size());
  absl::ConsumePrefix(text, ",");
  return value;
}

// server-first-message (RFC 5802, 7). What follows the iteration count are
// extensions that need not be understood.
absl::StatusOr<ServerFirst> ParseServerFirst(absl::string_view text,
                                             absl::string_view our_nonce) {
  ServerFirst first;
  const auto nonce = TakeAttribute('r', &text);
  const auto salt = TakeAttribute('s', &text);
  const auto iterations = TakeAttribute('i', &text);
  if (!nonce || !salt || !iterations ||
      !absl::Base64Unescape(*salt, &first.salt) || first.salt.empty() ||
      !absl::SimpleAtoi(*iterations, &first.iterations)) {
    return Unexpected("The server's SCRAM challenge cannot be read.");
  }
  if (!absl::StartsWith(*nonce, our_nonce) ||
      nonce->size() == our_nonce.size()) {
    return Unexpected("The server's SCRAM challenge is for another exchange.");
  }
  if (first.iterations < kMinIterations || first.iterations > kMaxIterations) {
    return Unexpected(absl::StrCat("The server wants ", first.iterations,
                                   " iterations of SCRAM's hash; allowed are ",
                                   kMinIterations, " to ", kMaxIterations,
                                   "."));
  }
  first.nonce = std::string(*nonce);
  return first;
}

absl::StatusOr<Keys> DeriveKeys(HashAlgorithm algorithm,
                                const SecretString& password,
                                const ServerFirst& first) {
  const Gsasl_hash hash =
      algorithm == HashAlgorithm::kSha1 ? GSASL_HASH_SHA1 : GSASL_HASH_SHA256;
  const size_t size = gsasl_hash_length(hash);
  std::string salted(size, '\0');
  std::string client_key(size, '\0');
  std::string server_key(size, '\0');
  std::string stored_key(size, '\0');
  const int result = gsasl_scram_secrets_from_password(
      hash, password.c_str(), first.iterations, first.salt.data(),
      first.salt.size(), salted.data(), client_key.data(), server_key.data(),
      stored_key.data());
  Wipe(&salted);
  Keys keys{SecretString::Take(std::move(client_key)),
            SecretString::Take(std::move(stored_key)),
            SecretString::Take(std::move(server_key))};
  if (result == GSASL_OK) return keys;
  return MakeStatus(ErrorCode::kCredentialsUnusable, Phase::kSession,
                    absl::StrCat("The password cannot be used with SCRAM: ",
                                 gsasl_strerror(result), "."));
}

// Takes as long whatever the difference.
bool SameBytes(absl::string_view a, absl::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  }
  return difference == 0;
}

class ScramClient final : public SaslClient {
 public:
  ScramClient(HashAlgorithm algorithm, SecretString password,
              std::string gs2_header, std::string binding, std::string name,
              std::string nonce)
      : algorithm_(algorithm),
        password_(std::move(password)),
        gs2_header_(std::move(gs2_header)),
        binding_(std::move(binding)),
        nonce_(std::move(nonce)),
        first_bare_(absl::StrCat("n=", name, ",r=", nonce_)) {}

  std::optional<SecretString> InitialResponse() override {
    state_ = State::kFirstSent;
    return SecretString(absl::StrCat(gs2_header_, first_bare_));
  }
  absl::StatusOr<SecretString> Respond(absl::string_view challenge) override {
    switch (state_) {
      case State::kFirstSent:
        return Prove(challenge);
      case State::kProofSent:
        return CheckServer(challenge);
      case State::kNew:
      case State::kFinished:
        break;
    }
    return Unexpected("The server asks for more than the mechanism has.");
  }
  bool finished() const override { return state_ == State::kFinished; }

 private:
  enum class State { kNew, kFirstSent, kProofSent, kFinished };

  absl::StatusOr<SecretString> Prove(absl::string_view server_first);
  absl::StatusOr<SecretString> CheckServer(absl::string_view server_final);

  const HashAlgorithm algorithm_;
  SecretString password_;
  const std::string gs2_header_;
  const std::string binding_;
  const std::string nonce_;
  const std::string first_bare_;
  State state_ = State::kNew;
  SecretString server_signature_;
};

absl::StatusOr<SecretString> ScramClient::Prove(
    absl::string_view server_first) {
  const absl::StatusOr<ServerFirst> first =
      ParseServerFirst(server_first, nonce_);
  if (!first.ok()) return first.status();
  const absl::StatusOr<Keys> keys = DeriveKeys(algorithm_, password_, *first);
  password_ = SecretString();
  if (!keys.ok()) return keys.status();
  const std::string without_proof = absl::StrCat(
      "c=", absl::Base64Escape(absl::StrCat(gs2_header_, binding_)),
      ",r=", first->nonce);
  const std::string message =
      absl::StrCat(first_bare_, ",", server_first, ",", without_proof);
  const absl::StatusOr<SecretString> signature =
      Hmac(algorithm_, keys->stored_key, message);
  absl::StatusOr<SecretString> servers =
      Hmac(algorithm_, keys->server_key, message);
  if (!signature.ok()) return signature.status();
  if (!servers.ok()) return servers.status();
  server_signature_ = *std::move(servers);
  std::string proof(keys->client_key.view());
  for (size_t i = 0; i < proof.size(); ++i) proof[i] ^= signature->view()[i];
  state_ = State::kProofSent;
  return SecretString(
      absl::StrCat(without_proof, ",p=", absl::Base64Escape(proof)));
}

absl::StatusOr<SecretString> ScramClient::CheckServer(
    absl::string_view server_final) {
  if (const auto error = TakeAttribute('e', &server_final)) {
    Error refused =
        MakeError(ErrorCode::kAuthenticationRefused, Phase::kSession);
    refused.server_text = std::string(*error);
    return ToStatus(refused);
  }
  const auto verifier = TakeAttribute('v', &server_final);
  std::string signature;
  if (!verifier || !absl::Base64Unescape(*verifier, &signature)) {
    return Unexpected("The server's SCRAM proof cannot be read.");
  }
  if (!SameBytes(signature, server_signature_.view())) {
    return MakeStatus(ErrorCode::kServerUnproven, Phase::kSession, "");
  }
  state_ = State::kFinished;
  return SecretString();
}

std::string RandomNonce() {
  char bytes[kNonceBytes];
  if (gsasl_nonce(bytes, sizeof bytes) != GSASL_OK) return "";
  return absl::Base64Escape(absl::string_view(bytes, sizeof bytes));
}

// gs2-header (RFC 5802, 6): 'y' tells a server that does offer a channel
// binding that somebody took it off its list.
std::string Gs2Header(const SaslParameters& parameters) {
  bool offers_binding = false;
  for (SaslMechanism mechanism : parameters.offered) {
    offers_binding |= BindsChannel(mechanism);
  }
  std::string flag = parameters.channel_binding && !offers_binding ? "y" : "n";
  if (BindsChannel(parameters.mechanism)) {
    flag = absl::StrCat("p=", parameters.channel_binding->type);
  }
  return parameters.act_as.empty()
             ? absl::StrCat(flag, ",,")
             : absl::StrCat(flag, ",a=", SaslName(parameters.act_as), ",");
}

}  // namespace

absl::StatusOr<std::unique_ptr<SaslClient>> NewScramClient(
    const SaslParameters& parameters) {
  const bool binds = BindsChannel(parameters.mechanism);
  if (binds && !parameters.channel_binding) {
    return MakeStatus(ErrorCode::kNoCommonMechanism, Phase::kSession,
                      "This TLS connection gives no channel binding.");
  }
  char* prepared = nullptr;
  const int result = gsasl_saslprep(std::string(parameters.user).c_str(),
                                    GSASL_ALLOW_UNASSIGNED, &prepared, nullptr);
  const std::string name = result == GSASL_OK ? SaslName(prepared) : "";
  gsasl_free(prepared);
  if (name.empty()) {
    return MakeStatus(ErrorCode::kCredentialsUnusable, Phase::kSession,
                      "The user name cannot be used with SCRAM.");
  }
  std::string nonce =
      parameters.nonce.empty() ? RandomNonce() : parameters.nonce;
  if (nonce.empty()) {
    return MakeStatus(ErrorCode::kInternal, Phase::kSession,
                      "There are no random numbers to be had.");
  }
  const bool sha256 = parameters.mechanism == SaslMechanism::kScramSha256Plus ||
                      parameters.mechanism == SaslMechanism::kScramSha256;
  return std::make_unique<ScramClient>(
      sha256 ? HashAlgorithm::kSha256 : HashAlgorithm::kSha1,
      parameters.secret->Copy(), Gs2Header(parameters),
      binds ? parameters.channel_binding->data : "", name, std::move(nonce));
}

}  // namespace holdfast
