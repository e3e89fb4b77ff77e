// A chain is verified by NSS's libpkix against anchors handed over for that
// one call. libpkix stops at the first problem; so if there is one, names and
// times are checked here, and the chain once more at a time when all of its
// certificates were valid, to find the others.

#include "core/trust.h"

#include <arpa/inet.h>
#include <cert.h>
#include <certdb.h>
#include <keyhi.h>
#include <nspr.h>
#include <pk11pub.h>
#include <secasn1.h>
#include <secerr.h>
#include <secoid.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "core/anchors.h"
#include "core/host_match.h"
#include "core/nss_error.h"
#include "core/nss_item.h"
#include "core/nss_ptr.h"
#include "core/ocsp.h"
#include "core/stored_certificate.h"

namespace holdfast {
namespace {

constexpr absl::string_view kPinPrefix = "sha256//";
constexpr size_t kSha256Size = 32;

// The smallest keys accepted, in bits. NSS itself accepts RSA with 1024.
constexpr unsigned kMinFactoringKey = 2048;  // RSA, DSA, DH
constexpr unsigned kMinEllipticKey = 256;

using Certificate = NssPtr<CERTCertificate>;
using Problems = std::vector<CertificateProblem>;

bool Same(const SECItem& a, const SECItem& b) {
  return BytesOf(a) == BytesOf(b);
}

std::string NameText(CERTName* name) {
  NssPtr<char> text(CERT_NameToAscii(name));
  if (text == nullptr) return "";
  // Whoever made the certificate may have put control characters into it.
  const absl::string_view view = text.get();
  return std::any_of(view.begin(), view.end(), absl::ascii_iscntrl)
             ? EscapeBytes(view)
             : std::string(view);
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

struct Validity {
  absl::Time not_before = absl::InfinitePast();
  absl::Time not_after = absl::InfiniteFuture();
};

Validity ValidityOf(const CERTCertificate* certificate) {
  PRTime not_before = 0;
  PRTime not_after = 0;
  // Cannot fail for a certificate that was decoded; if it did, it would have
  // expired in 1970.
  CERT_GetCertTimes(certificate, &not_before, &not_after);
  return {absl::FromUnixMicros(not_before), absl::FromUnixMicros(not_after)};
}

std::string AddressText(const std::string& address) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(address.size() == 4 ? AF_INET : AF_INET6, address.data(), text,
            sizeof text);
  return text;
}

// What the subjectAltName says, as it stands there.
struct AlternativeNames {
  std::vector<std::string> dns;
  std::vector<std::string> addresses;  // 4 or 16 bytes

  // For people: a name may hold any byte.
  std::vector<std::string> Text() const {
    std::vector<std::string> texts;
    for (const std::string& name : dns) texts.push_back(EscapeBytes(name));
    for (const std::string& it : addresses) texts.push_back(AddressText(it));
    return texts;
  }
};

AlternativeNames NamesOf(const CERTCertificate* certificate) {
  AlternativeNames names;
  SECItem extension = {siBuffer, nullptr, 0};
  if (CERT_FindCertExtension(certificate, SEC_OID_X509_SUBJECT_ALT_NAME,
                             &extension) != SECSuccess) {
    return names;
  }
  NssPtr<PLArenaPool> arena(PORT_NewArena(DER_DEFAULT_CHUNKSIZE));
  CERTGeneralName* const first =
      CERT_DecodeAltNameExtension(arena.get(), &extension);
  for (CERTGeneralName* name = first; name != nullptr;) {
    const absl::string_view value = BytesOf(name->name.other);
    if (name->type == certDNSName) names.dns.emplace_back(value);
    if (name->type == certIPAddress &&
        (value.size() == 4 || value.size() == 16)) {
      names.addresses.emplace_back(value);
    }
    name = CERT_GetNextGeneralName(name);
    if (name == first) break;
  }
  SECITEM_FreeItem(&extension, PR_FALSE);
  return names;
}

// The hash of the signature on `certificate`. RSASSA-PSS names it in its
// parameters, where SHA-1 is the default (RFC 8017, A.2.3).
SECOidTag SignatureAlgorithmOf(CERTCertificate* certificate) {
  SECAlgorithmID& algorithm = certificate->signatureWrap.signatureAlgorithm;
  const SECOidTag tag = SECOID_GetAlgorithmTag(&algorithm);
  if (tag != SEC_OID_PKCS1_RSA_PSS_SIGNATURE) return tag;
  NssPtr<PLArenaPool> arena(PORT_NewArena(DER_DEFAULT_CHUNKSIZE));
  SECKEYRSAPSSParams parameters = {};
  const SECStatus decoded = SEC_QuickDERDecodeItem(
      arena.get(), &parameters, SEC_ASN1_GET(SECKEY_RSAPSSParamsTemplate),
      &algorithm.parameters);
  return decoded == SECSuccess && parameters.hashAlg != nullptr
             ? SECOID_GetAlgorithmTag(parameters.hashAlg)
             : SEC_OID_SHA1;
}

bool IsWeakSignature(SECOidTag algorithm) {
  switch (algorithm) {
    case SEC_OID_SHA1:
    case SEC_OID_PKCS1_MD2_WITH_RSA_ENCRYPTION:
    case SEC_OID_PKCS1_MD4_WITH_RSA_ENCRYPTION:
    case SEC_OID_PKCS1_MD5_WITH_RSA_ENCRYPTION:
    case SEC_OID_PKCS1_SHA1_WITH_RSA_ENCRYPTION:
    case SEC_OID_ISO_SHA_WITH_RSA_SIGNATURE:
    case SEC_OID_ISO_SHA1_WITH_RSA_SIGNATURE:
    case SEC_OID_ANSIX9_DSA_SIGNATURE_WITH_SHA1_DIGEST:
    case SEC_OID_BOGUS_DSA_SIGNATURE_WITH_SHA1_DIGEST:
    case SEC_OID_ANSIX962_ECDSA_SHA1_SIGNATURE:
      return true;
    default:
      return false;
  }
}

// What to call a certificate of a chain whose leaf is `leaf`.
std::string Describe(CERTCertificate* certificate,
                     const CERTCertificate* leaf) {
  return certificate == leaf || Same(certificate->derCert, leaf->derCert)
             ? "the certificate"
             : absl::StrCat("the certificate of ",
                            NameText(&certificate->subject));
}

void Add(ErrorCode code, CERTCertificate* certificate, std::string detail,
         Problems* problems) {
  problems->push_back(
      {code, NameText(&certificate->subject), std::move(detail)});
}

// The common name is not looked at (RFC 9525, 6.3).
void CheckName(CERTCertificate* leaf, const Host& host, Problems* problems) {
  const AlternativeNames names = NamesOf(leaf);
  const auto matches = [&host](auto* match) {
    return
        [&host, match](const std::string& name) { return match(name, host); };
  };
  if (std::any_of(names.dns.begin(), names.dns.end(),
                  matches(DnsNameMatches)) ||
      std::any_of(names.addresses.begin(), names.addresses.end(),
                  matches(AddressMatches))) {
    return;
  }
  const std::string text = absl::StrJoin(names.Text(), ", ");
  Add(ErrorCode::kWrongName, leaf,
      text.empty() ? absl::StrCat("the certificate is for no host by name, so "
                                  "not for ",
                                  host.name())
                   : absl::StrCat("the certificate is for ", text, ", not for ",
                                  host.name()),
      problems);
}

void CheckTimes(CERTCertificate* certificate, CERTCertificate* leaf,
                absl::Time now, Problems* problems) {
  const Validity validity = ValidityOf(certificate);
  if (now > validity.not_after) {
    Add(ErrorCode::kExpired, certificate,
        absl::StrCat(Describe(certificate, leaf), " expired on ",
                     TimeText(validity.not_after)),
        problems);
  } else if (now < validity.not_before) {
    Add(ErrorCode::kNotYetValid, certificate,
        absl::StrCat(Describe(certificate, leaf), " is not valid before ",
                     TimeText(validity.not_before)),
        problems);
  }
}

void CheckKey(CERTCertificate* certificate, CERTCertificate* leaf,
              Problems* problems) {
  NssPtr<SECKEYPublicKey> key(CERT_ExtractPublicKey(certificate));
  if (key == nullptr) {
    return Add(ErrorCode::kBadCertificate, certificate,
               absl::StrCat(Describe(certificate, leaf),
                            " has a key of an unknown kind"),
               problems);
  }
  const unsigned bits = SECKEY_PublicKeyStrengthInBits(key.get());
  const unsigned least =
      key->keyType == ecKey ? kMinEllipticKey : kMinFactoringKey;
  if (bits >= least) return;
  Add(ErrorCode::kWeakCertificateKey, certificate,
      absl::StrCat("the key of ", Describe(certificate, leaf), " has ", bits,
                   " bits; we accept no fewer than ", least),
      problems);
}

void CheckSignature(CERTCertificate* certificate, CERTCertificate* leaf,
                    Problems* problems) {
  const SECOidTag algorithm = SignatureAlgorithmOf(certificate);
  if (!IsWeakSignature(algorithm)) return;
  Add(ErrorCode::kWeakSignature, certificate,
      absl::StrCat(Describe(certificate, leaf), " is signed with ",
                   SECOID_FindOIDTagDescription(algorithm),
                   ", which we refuse"),
      problems);
}

// The certificates from the leaf upwards, and the anchor that they end in.
struct Path {
  std::vector<Certificate> certificates;
  Certificate anchor;
};

// Certificates that the path is made of; the anchor is the last.
std::vector<CERTCertificate*> WithAnchor(const Path& path) {
  std::vector<CERTCertificate*> all;
  for (const Certificate& certificate : path.certificates) {
    all.push_back(certificate.get());
  }
  if (path.anchor != nullptr) all.push_back(path.anchor.get());
  return all;
}

// When all certificates of `path` are or were valid; nullopt if never.
std::optional<absl::Time> CommonTime(const Path& path) {
  Validity common;
  for (const CERTCertificate* certificate : WithAnchor(path)) {
    const Validity validity = ValidityOf(certificate);
    common.not_before = std::max(common.not_before, validity.not_before);
    common.not_after = std::min(common.not_after, validity.not_after);
  }
  if (common.not_before > common.not_after) return std::nullopt;
  return common.not_after;
}

Certificate Share(CERTCertificate* certificate) {
  return Certificate(CERT_DupCertificate(certificate));
}

// The path that the server meant: from the leaf to issuer after issuer among
// what it sent, then to the first anchor that fits.
Path PathAsSent(const std::vector<Certificate>& chain,
                const std::vector<Certificate>& anchors) {
  const auto find = [](const std::vector<Certificate>& among,
                       const CERTCertificate* issued) {
    return std::find_if(among.begin(), among.end(), [&](const Certificate& it) {
      return it.get() != issued && Same(it->derSubject, issued->derIssuer);
    });
  };
  Path path;
  CERTCertificate* last = chain.front().get();
  while (true) {
    path.certificates.push_back(Share(last));
    const auto anchor = find(anchors, last);
    if (anchor != anchors.end()) {
      path.anchor = Share(anchor->get());
      return path;
    }
    const auto issuer = find(chain, last);
    // Two certificates that issued each other would go round for ever.
    if (last->isRoot || issuer == chain.end() ||
        path.certificates.size() == chain.size()) {
      return path;
    }
    last = issuer->get();
  }
}

// Tests no revocation, and above all fetches nothing from the network. libpkix
// cannot do without being told.
const CERTRevocationFlags& NoRevocationTests() {
  static PRUint64 methods[cert_revocation_method_count] = {
      CERT_REV_M_DO_NOT_TEST_USING_THIS_METHOD,
      CERT_REV_M_DO_NOT_TEST_USING_THIS_METHOD};
  static const CERTRevocationTests tests = {
      cert_revocation_method_count, methods, 0, nullptr,
      CERT_REV_MI_NO_OVERALL_INFO_REQUIREMENT};
  static const CERTRevocationFlags flags = {tests, tests};
  return flags;
}

CERTValInParam InParam(CERTValParamInType type) {
  CERTValInParam param = {};
  param.type = type;
  return param;
}

// Builds and verifies a path from `leaf` to one of `anchors` (not empty: NSS
// would use its own then). The server's other certificates are found by NSS
// among those that are in memory. Returns 0 and the path, or NSS's error.
PRErrorCode VerifyPath(CERTCertificate* leaf,
                       const std::vector<Certificate>& anchors, absl::Time now,
                       Path* path) {
  NssPtr<CERTCertList> anchor_list(CERT_NewCertList());
  for (const Certificate& anchor : anchors) {
    CERT_AddCertToListTail(anchor_list.get(), Share(anchor.get()).release());
  }
  CERTValInParam in[] = {
      InParam(cert_pi_trustAnchors), InParam(cert_pi_useOnlyTrustAnchors),
      InParam(cert_pi_date), InParam(cert_pi_revocationFlags),
      InParam(cert_pi_end)};
  in[0].value.pointer.chain = anchor_list.get();
  in[1].value.scalar.b = PR_TRUE;
  in[2].value.scalar.time = absl::ToUnixMicros(now);
  in[3].value.pointer.revocation = &NoRevocationTests();
  CERTValOutParam out[3] = {};
  out[0].type = cert_po_certList;
  out[1].type = cert_po_trustAnchor;
  out[2].type = cert_po_end;
  if (CERT_PKIXVerifyCert(leaf, certificateUsageSSLServer, in, out,
                          /*wincx=*/nullptr) != SECSuccess) {
    return PR_GetError();
  }
  NssPtr<CERTCertList> built(out[0].value.pointer.chain);
  path->anchor.reset(out[1].value.pointer.cert);
  // It has passed through the store, too.
  const bool is_ours =
      path->anchor != nullptr &&
      std::any_of(anchors.begin(), anchors.end(), [path](const auto& anchor) {
        return Same(anchor->derCert, path->anchor->derCert);
      });
  if (!is_ours) return SEC_ERROR_UNKNOWN_ISSUER;
  for (CERTCertListNode* node = CERT_LIST_HEAD(built);
       !CERT_LIST_END(node, built); node = CERT_LIST_NEXT(node)) {
    path->certificates.push_back(Share(node->cert));
  }
  return 0;
}

// What `error`, not 0, says of `path`.
CertificateProblem PathProblem(PRErrorCode error, const Path& path) {
  CERTCertificate* const leaf = path.certificates.front().get();
  CERTCertificate* const last = path.certificates.back().get();
  const std::string subject = NameText(&leaf->subject);
  const ErrorCode code = ErrorCodeFromNss(error);
  if (code == ErrorCode::kUnknownIssuer) {
    if (path.anchor == nullptr && leaf->isRoot) {
      return {ErrorCode::kSelfSigned, subject,
              "the certificate is signed by itself and not trusted"};
    }
    return {code, subject,
            absl::StrCat(Describe(last, leaf), " was issued by ",
                         NameText(&last->issuer), ", which is not trusted")};
  }
  return {GetErrorInfo(code).category == ErrorCategory::kCertificate
              ? code
              : ErrorCode::kBadCertificate,
          subject,
          absl::StrCat("the certificate chain is not valid (",
                       NssErrorName(error), ")")};
}

// The SHA-256 that a pin stands for; nullopt if it is none.
std::optional<std::string> ParsePin(absl::string_view text) {
  std::string hash;
  if (!absl::ConsumePrefix(&text, kPinPrefix) ||
      !absl::Base64Unescape(text, &hash) || hash.size() != kSha256Size) {
    return std::nullopt;
  }
  return hash;
}

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

// What the options say to trust.
absl::StatusOr<Anchors> LoadAnchors(const NssRuntime& runtime,
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
      has_bundle ? LoadPemFile(options.system_bundle, &anchors)
                 : LoadBuiltinRoots(options.builtin_roots, &anchors);
  const bool can_do_without = !anchors.empty() || !options.pins.empty() ||
                              options.danger_accept_any_certificate;
  if (loaded.ok() || can_do_without) return anchors;
  return MakeStatus(ErrorCode::kNoTrustAnchors, Phase::kSetup,
                    ErrorFromStatus(loaded).Message());
}

std::string Sha256(const SECItem& item) {
  std::string hash(kSha256Size, '\0');
  PK11_HashBuf(SEC_OID_SHA256, reinterpret_cast<unsigned char*>(hash.data()),
               item.data, static_cast<PRInt32>(item.len));
  return hash;
}

// A stapled response counts for the leaf, by the word of its issuer.
void CheckRevocation(const Path& path, absl::Span<const std::string> stapled,
                     absl::Time now, Problems* problems) {
  const std::vector<CERTCertificate*> all = WithAnchor(path);
  if (all.size() < 2) return;
  for (const std::string& response : stapled) {
    const std::optional<absl::Time> revoked_at =
        RevokedAt(response, all[0], all[1], now);
    if (!revoked_at) continue;
    return Add(ErrorCode::kRevoked, all[0],
               absl::StrCat("the certificate was revoked by its issuer on ",
                            TimeText(*revoked_at)),
               problems);
  }
}

class TrustImpl : public Trust {
 public:
  TrustImpl(std::shared_ptr<NssRuntime> runtime, Anchors anchors,
            std::vector<std::string> pins, bool accepts_any)
      : runtime_(std::move(runtime)),
        anchors_(std::move(anchors)),
        pins_(std::move(pins)),
        accepts_any_(accepts_any) {}

  bool danger_accepts_any_certificate() const override { return accepts_any_; }

 private:
  Problems DoVerify(absl::Span<const std::string> chain,
                    absl::Span<const std::string> stapled, const Host& host,
                    absl::Time now) const override;
  void CheckPins(CERTCertificate* leaf, Problems* problems) const;
  bool IsAnchor(const CERTCertificate* certificate) const;
  std::vector<Certificate> AnchorsFor(
      const std::vector<Certificate>& chain) const;
  void CheckPath(const std::vector<Certificate>& chain,
                 absl::Span<const std::string> stapled, absl::Time now,
                 Problems* problems) const;

  const std::shared_ptr<NssRuntime> runtime_;
  const Anchors anchors_;
  const std::vector<std::string> pins_;  // SHA-256 as bytes
  const bool accepts_any_;
};

Problems TrustImpl::DoVerify(absl::Span<const std::string> chain,
                             absl::Span<const std::string> stapled,
                             const Host& host, absl::Time now) const {
  std::vector<Certificate> certificates;
  for (const std::string& der : chain) {
    certificates.push_back(StoreCertificate(der));
    if (certificates.back() == nullptr) {
      return {{ErrorCode::kBadCertificate, "",
               "a certificate in the chain cannot be read"}};
    }
  }
  if (certificates.empty()) {
    return {{ErrorCode::kBadCertificate, "", "there is no certificate"}};
  }
  Problems problems;
  CERTCertificate* const leaf = certificates.front().get();
  if (!pins_.empty()) {
    CheckPins(leaf, &problems);
    return problems;
  }
  CheckName(leaf, host, &problems);
  if (IsAnchor(leaf)) {
    CheckTimes(leaf, leaf, now, &problems);
    CheckKey(leaf, leaf, &problems);
  } else {
    CheckPath(certificates, stapled, now, &problems);
  }
  return problems;
}

void TrustImpl::CheckPins(CERTCertificate* leaf, Problems* problems) const {
  const std::string key = Sha256(leaf->derPublicKey);
  if (std::find(pins_.begin(), pins_.end(), key) == pins_.end()) {
    Add(ErrorCode::kPinMismatch, leaf,
        absl::StrCat("the key of the certificate is ", kPinPrefix,
                     absl::Base64Escape(key), ", which is not pinned"),
        problems);
  }
  CheckKey(leaf, leaf, problems);
}

bool TrustImpl::IsAnchor(const CERTCertificate* certificate) const {
  if (anchors_.peers.count(std::string(BytesOf(certificate->derCert))) > 0) {
    return true;
  }
  const auto range = anchors_.authorities.equal_range(
      std::string(BytesOf(certificate->derSubject)));
  return std::any_of(range.first, range.second, [&](const auto& anchor) {
    return anchor.second == BytesOf(certificate->derCert);
  });
}

// Only anchors that issued a certificate of the chain: verification takes time
// for each anchor that it is given.
std::vector<Certificate> TrustImpl::AnchorsFor(
    const std::vector<Certificate>& chain) const {
  std::vector<Certificate> found;
  for (const Certificate& certificate : chain) {
    const auto range = anchors_.authorities.equal_range(
        std::string(BytesOf(certificate->derIssuer)));
    for (auto it = range.first; it != range.second; ++it) {
      Certificate anchor = StoreCertificate(it->second);
      if (anchor != nullptr) found.push_back(std::move(anchor));
    }
  }
  return found;
}

void TrustImpl::CheckPath(const std::vector<Certificate>& chain,
                          absl::Span<const std::string> stapled, absl::Time now,
                          Problems* problems) const {
  CERTCertificate* const leaf = chain.front().get();
  const std::vector<Certificate> anchors = AnchorsFor(chain);
  const auto verify = [&](absl::Time time, Path* path) {
    return anchors.empty() ? SEC_ERROR_UNKNOWN_ISSUER
                           : VerifyPath(leaf, anchors, time, path);
  };
  Path path;
  PRErrorCode error = verify(now, &path);
  if (error == 0) {
    // libpkix accepts one up to a day before its time (CERT_SetSlopTime).
    for (const Certificate& certificate : path.certificates) {
      CheckTimes(certificate.get(), leaf, now, problems);
    }
  } else {
    path = PathAsSent(chain, anchors);
    const size_t before = problems->size();
    for (CERTCertificate* certificate : WithAnchor(path)) {
      CheckTimes(certificate, leaf, now, problems);
    }
    if (problems->size() > before) {
      const std::optional<absl::Time> time = CommonTime(path);
      Path unused;
      // If they were never all valid, the times are all that can be said.
      error = time ? verify(*time, &unused) : 0;
    }
    if (error != 0) problems->push_back(PathProblem(error, path));
  }
  for (const Certificate& certificate : path.certificates) {
    // Whoever signs himself proves nothing by it, whatever the hash.
    const bool is_untrusted_root = error != 0 && certificate->isRoot;
    if (!is_untrusted_root) CheckSignature(certificate.get(), leaf, problems);
  }
  for (CERTCertificate* certificate : WithAnchor(path)) {
    CheckKey(certificate, leaf, problems);
  }
  CheckRevocation(path, stapled, now, problems);
}

}  // namespace

bool IsPin(absl::string_view text) { return ParsePin(text).has_value(); }

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
  return std::make_shared<TrustImpl>(std::move(runtime), *std::move(anchors),
                                     *std::move(pins),
                                     options.danger_accept_any_certificate);
}

absl::StatusOr<CertificateInfo> ReadCertificate(const NssRuntime&,
                                                absl::string_view der) {
  const Certificate certificate = StoreCertificate(der);
  if (certificate == nullptr) {
    return MakeStatus(ErrorCode::kBadCertificate, Phase::kHandshake,
                      "The certificate cannot be read.");
  }
  const Validity validity = ValidityOf(certificate.get());
  return CertificateInfo{NameText(&certificate->subject),
                         NameText(&certificate->issuer),
                         NamesOf(certificate.get()).Text(),
                         validity.not_before,
                         validity.not_after,
                         absl::BytesToHexString(Sha256(certificate->derCert))};
}

}  // namespace holdfast
