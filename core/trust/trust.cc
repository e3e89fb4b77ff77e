#include "holdfast/core/trust/trust.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "holdfast/core/trust/anchor_sources.h"
#include "holdfast/core/trust/anchors.h"
#include "holdfast/core/trust/chain_verification.h"
#include "holdfast/core/trust/pin.h"
#include "holdfast/core/trust/problem_text.h"
#include "holdfast/core/trust/signature.h"

namespace holdfast {
namespace {

// Signatures that were found right: those of the authorities in use, and of
// servers that are met again.
constexpr size_t kRememberedSignatures = 1024;

absl::StatusOr<std::vector<std::string>> ParsePins(
    const std::vector<std::string>& texts) {
  std::vector<std::string> pins;
  for (const std::string& text : texts) {
    std::optional<std::string> pin = ParsePin(text);
    if (!pin) {
      return MakeStatus(ErrorCode::kInvalidPin, Phase::kSetup,
                        absl::StrCat("\"", text,
                                     "\" is not sha256// and the SHA-256 of a "
                                     "public key in base64."));
    }
    pins.push_back(*std::move(pin));
  }
  return pins;
}

// Where applications of Mozilla's keep a list of roots that may be newer than
// the system's.
constexpr const char* kOtherBuiltinRoots[] = {
    "/usr/lib/firefox/libnssckbi.so", "/usr/lib/firefox-esr/libnssckbi.so",
    "/usr/lib/thunderbird/libnssckbi.so"};

std::vector<std::string> BuiltinRoots(const TrustOptions& options) {
  std::vector<std::string> paths = {options.builtin_roots};
  for (const char* path : kOtherBuiltinRoots) {
    if (access(path, R_OK) == 0) paths.emplace_back(path);
  }
  return paths;
}

// What the options say to trust.
absl::StatusOr<Anchors> ReadAnchors(const NssRuntime& runtime,
                                    const TrustOptions& options) {
  Anchors anchors;
  for (const std::string& path : options.ca_files) {
    absl::Status loaded = LoadPemFile(path, &anchors);
    if (!loaded.ok()) return loaded;
  }
  if (!options.nss_database.empty()) {
    absl::Status loaded =
        LoadNssDatabase(runtime, options.nss_database, &anchors);
    if (!loaded.ok()) return loaded;
  }
  if (!options.system_roots) return anchors;
  const bool has_bundle = access(options.system_bundle.c_str(), F_OK) == 0;
  const absl::Status loaded =
      has_bundle ? LoadBundle(options.system_bundle, &anchors)
                 : LoadBuiltinRoots(options.builtin_roots, &anchors);
  const bool can_do_without = !anchors.empty() || !options.pins.empty() ||
                              options.danger_accept_any_certificate;
  if (loaded.ok() || can_do_without) return anchors;
  return MakeStatus(ErrorCode::kNoTrustAnchors, Phase::kSetup,
                    ErrorFromStatus(loaded).Message());
}

absl::StatusOr<Anchors> LoadAnchors(const NssRuntime& runtime,
                                    const TrustOptions& options) {
  absl::StatusOr<Anchors> anchors = ReadAnchors(runtime, options);
  if (!anchors.ok()) return anchors;
  LoadDistrustDates(BuiltinRoots(options), &*anchors);
  return anchors;
}

// What a Trust was loaded with, which its verifications share.
struct Believed {
  std::shared_ptr<NssRuntime> runtime;
  Anchors anchors;
  bool has_own_authorities = false;
  std::vector<std::string> pins;  // SHA-256, raw
  SignatureMemory memory{kRememberedSignatures};
};

// A verdict that took no time.
class InstantVerification : public Verification {
 public:
  explicit InstantVerification(Problems problems)
      : problems_(std::move(problems)) {}

  Progress Continue() override { return Progress::kDone; }
  const Problems& problems() const override { return problems_; }

 private:
  const Problems problems_;
};

class SlicedVerification : public Verification {
 public:
  SlicedVerification(std::shared_ptr<Believed> believed,
                     ServerCertificates server)
      : believed_(std::move(believed)),
        chain_(std::move(server), &believed_->anchors,
               believed_->has_own_authorities, &believed_->memory) {}

  Progress Continue() override {
    return chain_.Continue() ? Progress::kDone : Progress::kWorking;
  }
  const Problems& problems() const override { return chain_.problems(); }

 private:
  const std::shared_ptr<Believed> believed_;
  ChainVerification chain_;
};

// A pin is about the key alone.
Problems CheckPins(const std::vector<std::string>& pins,
                   const ServerCertificates& server) {
  const auto leaf = server.chain.empty()
                        ? std::nullopt
                        : Certificate::Parse(server.chain.front());
  if (!leaf) {
    return {{ErrorCode::kBadCertificate, "", "the certificate cannot be read"}};
  }
  Problems problems;
  if (std::find(pins.begin(), pins.end(), Sha256(leaf->key_der)) ==
      pins.end()) {
    problems.push_back(
        {ErrorCode::kPinMismatch, NameText(leaf->subject_der),
         absl::StrCat("the key of the certificate is ", PinOf(leaf->key_der),
                      ", which is not pinned")});
  }
  if (auto problem = KeyProblem(*leaf, *leaf)) {
    problems.push_back(*std::move(problem));
  }
  return problems;
}

class LoadedTrust : public Trust {
 public:
  LoadedTrust(std::shared_ptr<Believed> believed, bool accepts_any)
      : believed_(std::move(believed)), accepts_any_(accepts_any) {}

  std::unique_ptr<Verification> Begin(ServerCertificates server,
                                      std::function<void()>) const override {
    if (!believed_->pins.empty()) {
      return std::make_unique<InstantVerification>(
          CheckPins(believed_->pins, server));
    }
    return std::make_unique<SlicedVerification>(believed_, std::move(server));
  }
  bool danger_accepts_any_certificate() const override { return accepts_any_; }

 private:
  const std::shared_ptr<Believed> believed_;
  const bool accepts_any_;
};

// What the client's answer and the verification that waits for it share.
struct ClientVerdict {
  std::function<void()> wake;  // null once nobody waits
  std::optional<Problems> problems;
};

// Calls ClientVerdict once, also if nobody answers.
class Answer {
 public:
  explicit Answer(std::shared_ptr<ClientVerdict> verdict)
      : verdict_(std::move(verdict)) {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer() {
    Give({{ErrorCode::kCertificateRefusedByClient, "",
           "the client gave no answer"}});
  }

  void Give(Problems problems) {
    if (verdict_->problems) return;
    verdict_->problems = std::move(problems);
    if (verdict_->wake) std::exchange(verdict_->wake, nullptr)();
  }

 private:
  const std::shared_ptr<ClientVerdict> verdict_;
};

class ClientVerification : public Verification {
 public:
  explicit ClientVerification(std::shared_ptr<ClientVerdict> verdict)
      : verdict_(std::move(verdict)) {}
  ~ClientVerification() override { verdict_->wake = nullptr; }

  Progress Continue() override {
    return verdict_->problems ? Progress::kDone : Progress::kWaiting;
  }
  const Problems& problems() const override { return *verdict_->problems; }

 private:
  const std::shared_ptr<ClientVerdict> verdict_;
};

class CustomTrust : public Trust {
 public:
  explicit CustomTrust(CertificateVerifier verifier)
      : verifier_(std::move(verifier)) {}

  std::unique_ptr<Verification> Begin(
      ServerCertificates server, std::function<void()> wake) const override {
    auto verdict = std::make_shared<ClientVerdict>();
    auto verification = std::make_unique<ClientVerification>(verdict);
    verifier_(std::move(server),
              [answer = std::make_shared<Answer>(verdict)](Problems problems) {
                answer->Give(std::move(problems));
              });
    // An answer within the call needs nobody to be woken.
    if (!verdict->problems) verdict->wake = std::move(wake);
    return verification;
  }
  bool danger_accepts_any_certificate() const override { return false; }

 private:
  const CertificateVerifier verifier_;
};

// Those that count for servers; for people.
std::vector<std::string> NamesOf(const Certificate& certificate) {
  std::vector<std::string> names;
  for (const GeneralName& name : certificate.names) {
    if (name.kind == NameKind::kDns || name.kind == NameKind::kAddress) {
      names.push_back(GeneralNameText(name));
    }
  }
  return names;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Trust>> Trust::Load(
    std::shared_ptr<NssRuntime> runtime, const TrustOptions& options) {
  absl::StatusOr<std::vector<std::string>> pins = ParsePins(options.pins);
  if (!pins.ok()) return pins.status();
  absl::StatusOr<Anchors> anchors = LoadAnchors(*runtime, options);
  if (!anchors.ok()) return anchors.status();
  if (anchors->empty() && pins->empty() &&
      !options.danger_accept_any_certificate) {
    return MakeStatus(ErrorCode::kNoTrustAnchors, Phase::kSetup, "");
  }
  auto believed = std::make_shared<Believed>();
  believed->runtime = std::move(runtime);
  believed->anchors = *std::move(anchors);
  believed->has_own_authorities =
      !options.ca_files.empty() || !options.nss_database.empty();
  believed->pins = *std::move(pins);
  return std::make_shared<LoadedTrust>(std::move(believed),
                                       options.danger_accept_any_certificate);
}

std::shared_ptr<const Trust> Trust::Custom(CertificateVerifier verifier) {
  return std::make_shared<CustomTrust>(std::move(verifier));
}

std::vector<CertificateProblem> Trust::Verify(
    absl::Span<const std::string> chain, const Host& host, absl::Time now,
    absl::Span<const std::string> stapled) const {
  const std::unique_ptr<Verification> verification =
      Begin(ServerCertificates{{chain.begin(), chain.end()},
                               {stapled.begin(), stapled.end()},
                               host,
                               now},
            /*wake=*/[] {});
  while (true) {
    switch (verification->Continue()) {
      case Verification::Progress::kDone:
        return verification->problems();
      case Verification::Progress::kWorking:
        break;
      case Verification::Progress::kWaiting:
        return {{ErrorCode::kCertificateUndecided, "",
                 "the client has not answered at once"}};
    }
  }
}

absl::StatusOr<CertificateInfo> ReadCertificate(const NssRuntime&,
                                                absl::string_view der) {
  const auto certificate = Certificate::Parse(der);
  if (!certificate) {
    return MakeStatus(ErrorCode::kBadCertificate, Phase::kHandshake,
                      "The certificate cannot be read.");
  }
  return CertificateInfo{
      NameText(certificate->subject_der),
      NameText(certificate->issuer_der),
      NamesOf(*certificate),
      certificate->not_before,
      certificate->not_after,
      absl::BytesToHexString(Sha256(certificate->der)),
      PinOf(certificate->key_der),
      certificate->key.Text(),
      ReadSignatureAlgorithm(certificate->signature_algorithm_der).name};
}

}  // namespace holdfast
