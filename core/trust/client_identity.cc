// The certificates are temporary ones of NSS's, the key a session object of its
// softoken: both end with the object that holds them.

#include "holdfast/core/trust/client_identity.h"

#include <cert.h>
#include <keyhi.h>
#include <pk11pub.h>

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/secret_file.h"
#include "holdfast/core/nss/nss_error.h"
#include "holdfast/core/nss/nss_item.h"
#include "holdfast/core/nss/nss_ptr.h"
#include "holdfast/core/trust/pem.h"
#include "holdfast/core/trust/stored_certificate.h"

namespace holdfast {
namespace {

// RFC 8446, 6.2.
enum AlertDescription : uint8_t {
  kHandshakeFailure = 40,
  kBadCertificate = 42,
  kUnsupportedCertificate = 43,
  kCertificateRevoked = 44,
  kCertificateExpired = 45,
  kCertificateUnknown = 46,
  kUnknownCa = 48,
  kAccessDenied = 49,
  kCertificateRequired = 116,
};

using Certificates = std::vector<NssPtr<CERTCertificate>>;

absl::Status Unusable(const std::string& path, absl::string_view why) {
  return MakeStatus(
      ErrorCode::kClientIdentityUnusable, Phase::kSetup,
      absl::StrCat("The file \"", EscapeBytes(path), "\" ", why, "."));
}

// The leaf first. All of them are kept: from them NSS makes the chain to send.
absl::StatusOr<Certificates> LoadChain(const std::string& path) {
  // It may hold the key as well.
  const absl::StatusOr<SecretFile> file =
      ReadSecretFile(path, ErrorCode::kClientIdentityUnusable);
  if (!file.ok()) return file.status();
  const auto blocks = ParsePem(file->content.view(), "CERTIFICATE");
  if (!blocks) return Unusable(path, "holds a damaged certificate");
  if (blocks->empty()) return Unusable(path, "holds no certificate in PEM");
  Certificates chain;
  for (const std::string& der : *blocks) {
    chain.push_back(StoreCertificate(der));
    if (chain.back() == nullptr) {
      return Unusable(path, "holds a damaged certificate");
    }
  }
  return chain;
}

// The one key in `pem`, as DER.
absl::StatusOr<SecretString> FindKey(const std::string& path,
                                     absl::string_view pem) {
  auto blocks = ParsePem(pem, "PRIVATE KEY");
  if (blocks && blocks->size() == 1) {
    return SecretString::Take(std::move(blocks->front()));
  }
  if (blocks) {
    for (std::string& block : *blocks) Wipe(&block);
    if (blocks->empty() && absl::StrContains(pem, "PRIVATE KEY-----")) {
      return Unusable(
          path,
          absl::StrCat(
              "holds a key that is encrypted or in an older form; this makes a "
              "copy that Holdfast can read: openssl pkcs8 -topk8 -nocrypt -in ",
              EscapeBytes(path), " -out NEW"));
    }
  }
  return Unusable(path, "does not hold one private key in PEM");
}

absl::StatusOr<NssPtr<SECKEYPrivateKey>> ImportKey(const std::string& path,
                                                   const SecretString& der) {
  const NssPtr<PK11SlotInfo> slot(PK11_GetInternalSlot());
  SECItem item = ItemOf(der.view());
  SECKEYPrivateKey* key = nullptr;
  if (slot == nullptr ||
      PK11_ImportDERPrivateKeyInfoAndReturnKey(
          slot.get(), &item, /*nickname=*/nullptr, /*publicValue=*/nullptr,
          /*isPerm=*/PR_FALSE, /*isPrivate=*/PR_TRUE, KU_DIGITAL_SIGNATURE,
          &key, /*wincx=*/nullptr) != SECSuccess) {
    return Unusable(path, absl::StrCat("holds a key that NSS does not take (",
                                       NssErrorName(PR_GetError()), ")"));
  }
  return NssPtr<SECKEYPrivateKey>(key);
}

// What one signs, the other verifies.
bool BelongTogether(CERTCertificate* certificate, SECKEYPrivateKey* key) {
  const NssPtr<SECKEYPublicKey> public_key(CERT_ExtractPublicKey(certificate));
  if (public_key == nullptr || SECKEY_GetPublicKeyType(public_key.get()) !=
                                   SECKEY_GetPrivateKeyType(key)) {
    return false;
  }
  const std::string digest(32, 'h');  // as long as one of SHA-256
  const SECItem hash = ItemOf(digest);
  std::string signature(static_cast<size_t>(PK11_SignatureLen(key)), '\0');
  SECItem signed_hash = ItemOf(signature);
  return PK11_Sign(key, &signed_hash, &hash) == SECSuccess &&
         PK11_Verify(public_key.get(), &signed_hash, &hash,
                     /*wincx=*/nullptr) == SECSuccess;
}

class Identity final : public ClientIdentity {
 public:
  Identity(std::shared_ptr<NssRuntime> runtime, Certificates chain,
           NssPtr<SECKEYPrivateKey> key, bool key_is_exposed)
      : runtime_(std::move(runtime)),
        chain_(std::move(chain)),
        key_(std::move(key)),
        key_is_exposed_(key_is_exposed) {}

  bool key_is_exposed() const override { return key_is_exposed_; }
  bool Present(CERTCertificate** certificate,
               SECKEYPrivateKey** key) const override {
    NssPtr<SECKEYPrivateKey> copy(SECKEY_CopyPrivateKey(key_.get()));
    if (copy == nullptr) return false;
    *certificate = CERT_DupCertificate(chain_.front().get());
    *key = copy.release();
    return true;
  }

 private:
  const std::shared_ptr<NssRuntime> runtime_;  // outlives what is NSS's
  const Certificates chain_;
  const NssPtr<SECKEYPrivateKey> key_;
  const bool key_is_exposed_;
};

}  // namespace

std::optional<ErrorCode> ReadClientCertificateAlert(const TlsAlert& alert,
                                                    bool sent) {
  switch (alert.description) {
    case kHandshakeFailure:
    case kBadCertificate:
    case kAccessDenied:
    case kCertificateRequired:
      return sent ? ErrorCode::kClientCertificateRefused
                  : ErrorCode::kClientCertificateRequired;
    case kUnsupportedCertificate:
    case kCertificateRevoked:
    case kCertificateExpired:
    case kCertificateUnknown:
    case kUnknownCa:
      if (sent) return ErrorCode::kClientCertificateRefused;
      break;
    default:
      break;
  }
  return std::nullopt;
}

absl::StatusOr<std::shared_ptr<const ClientIdentity>> ClientIdentity::Load(
    std::shared_ptr<NssRuntime> runtime, const ClientIdentityFiles& files) {
  absl::StatusOr<Certificates> chain = LoadChain(files.certificate);
  if (!chain.ok()) return chain.status();
  const absl::StatusOr<SecretFile> file =
      ReadSecretFile(files.key, ErrorCode::kClientIdentityUnusable);
  if (!file.ok()) return file.status();
  const absl::StatusOr<SecretString> der =
      FindKey(files.key, file->content.view());
  if (!der.ok()) return der.status();
  absl::StatusOr<NssPtr<SECKEYPrivateKey>> key = ImportKey(files.key, *der);
  if (!key.ok()) return key.status();
  if (!BelongTogether(chain->front().get(), key->get())) {
    return Unusable(files.key,
                    absl::StrCat("holds another key than that of the first "
                                 "certificate in \"",
                                 EscapeBytes(files.certificate), "\""));
  }
  return std::make_shared<Identity>(std::move(runtime), *std::move(chain),
                                    *std::move(key), file->is_exposed);
}

}  // namespace holdfast
