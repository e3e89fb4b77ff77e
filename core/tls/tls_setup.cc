// Lists of what is offered, and the switches around them.

#include "holdfast/core/tls/tls_setup.h"

#include <nspr.h>
#include <ssl.h>
#include <sslproto.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/nss/nss_error.h"

namespace holdfast {
namespace {

// AES and ChaCha20 only. NSS has RC4 and 3DES on by default. RSA key exchange
// is kept for TLS 1.2 servers that know nothing else, as browsers keep it.
constexpr PRUint16 kCipherSuites[] = {
    TLS_AES_128_GCM_SHA256,
    TLS_CHACHA20_POLY1305_SHA256,
    TLS_AES_256_GCM_SHA384,
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
    TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
    TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
    TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
    TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
    TLS_DHE_RSA_WITH_AES_256_GCM_SHA384,
    TLS_DHE_RSA_WITH_AES_128_CBC_SHA,
    TLS_DHE_RSA_WITH_AES_256_CBC_SHA,
    TLS_RSA_WITH_AES_128_GCM_SHA256,
    TLS_RSA_WITH_AES_256_GCM_SHA384,
    TLS_RSA_WITH_AES_128_CBC_SHA,
    TLS_RSA_WITH_AES_256_CBC_SHA,
};
constexpr PRUint16 kCompactCipherSuites[] = {
    TLS_AES_128_GCM_SHA256,
    TLS_CHACHA20_POLY1305_SHA256,
    TLS_AES_256_GCM_SHA384,
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
};

// The first one gets the key share.
constexpr SSLNamedGroup kGroups[] = {
    ssl_grp_ec_curve25519, ssl_grp_ec_secp256r1, ssl_grp_ec_secp384r1,
    ssl_grp_ec_secp521r1,  ssl_grp_ffdhe_2048,   ssl_grp_ffdhe_3072};
constexpr size_t kCompactGroups = 3;

// No SHA-1 (RFC 9155); TLS 1.0 and 1.1 do not ask this list.
constexpr SSLSignatureScheme kSignatureSchemes[] = {
    ssl_sig_ecdsa_secp256r1_sha256, ssl_sig_ecdsa_secp384r1_sha384,
    ssl_sig_rsa_pss_rsae_sha256,    ssl_sig_rsa_pss_rsae_sha384,
    ssl_sig_rsa_pss_rsae_sha512,    ssl_sig_rsa_pkcs1_sha256,
    ssl_sig_rsa_pkcs1_sha384,       ssl_sig_rsa_pkcs1_sha512,
    ssl_sig_ecdsa_secp521r1_sha512};
constexpr size_t kCompactSignatureSchemes = 8;

// Compatibility mode (RFC 8446, D.4) adds 32 bytes. In a compact hello they
// fit beside a name of up to 44 octets; beyond 255 bytes NSS pads to 512.
constexpr size_t kLongestNameInCompatibleHello = 44;

// Remembers the first setting that failed, so that each is a line.
class Settings {
 public:
  explicit Settings(PRFileDesc* ssl) : ssl_(ssl) {}

  void Check(absl::string_view what, SECStatus result) {
    if (result == SECSuccess || !status_.ok()) return;
    status_ = MakeStatus(ErrorCode::kTlsSetupFailed, Phase::kHandshake,
                         absl::StrCat("NSS refused the setting ", what, ": ",
                                      NssErrorName(PR_GetError())));
  }
  void Option(absl::string_view what, PRInt32 option, PRIntn value) {
    Check(what, SSL_OptionSet(ssl_, option, value));
  }
  absl::Status status() const { return status_; }

 private:
  PRFileDesc* ssl_;
  absl::Status status_;
};

SECStatus SetCipherSuites(PRFileDesc* ssl, absl::Span<const PRUint16> offered) {
  const PRUint16* const all = SSL_GetImplementedCiphers();
  for (PRUint16 i = 0; i < SSL_GetNumImplementedCiphers(); ++i) {
    const bool on =
        std::find(offered.begin(), offered.end(), all[i]) != offered.end();
    if (SSL_CipherPrefSet(ssl, all[i], on) != SECSuccess) return SECFailure;
  }
  return SECSuccess;
}

SECStatus SetAlpn(PRFileDesc* ssl, std::vector<std::string> protocols) {
  // NSS moves the first one to the end; moving the last one to the front
  // undoes it.
  std::rotate(protocols.begin(), protocols.end() - 1, protocols.end());
  std::string list;
  for (const std::string& protocol : protocols) {
    list.push_back(static_cast<char>(protocol.size()));
    list.append(protocol);
  }
  return SSL_SetNextProtoNego(
      ssl, reinterpret_cast<const unsigned char*>(list.data()),
      static_cast<unsigned>(list.size()));
}

// False Start (RFC 7918, 4): forward secrecy and an AEAD.
SECStatus CanFalseStart(PRFileDesc* ssl, void*, PRBool* can) {
  SSLChannelInfo channel;
  SSLCipherSuiteInfo suite;
  *can = SSL_GetChannelInfo(ssl, &channel, sizeof channel) == SECSuccess &&
         SSL_GetCipherSuiteInfo(channel.cipherSuite, &suite, sizeof suite) ==
             SECSuccess &&
         channel.protocolVersion == SSL_LIBRARY_VERSION_TLS_1_2 &&
         suite.keaType == ssl_kea_ecdh && suite.macAlgorithm == ssl_mac_aead;
  return SECSuccess;
}

void SetVersions(PRFileDesc* ssl, const HandshakeProfile& profile,
                 Settings* settings) {
  const SSLVersionRange range = {static_cast<PRUint16>(profile.versions.min()),
                                 static_cast<PRUint16>(profile.versions.max())};
  settings->Check("version range", SSL_VersionRangeSet(ssl, &range));
  if (!profile.reduced_from) return;
  settings->Option("TLS_FALLBACK_SCSV", SSL_ENABLE_FALLBACK_SCSV,
                   profile.fallback_scsv);
  settings->Check("downgrade check version",
                  SSL_SetDowngradeCheckVersion(
                      ssl, static_cast<PRUint16>(*profile.reduced_from)));
}

void SetOptions(PRFileDesc* ssl, const HandshakeProfile& profile,
                const Host& host, Settings* settings) {
  const bool compact = profile.compact;
  settings->Option("security", SSL_SECURITY, PR_TRUE);
  settings->Option("client", SSL_HANDSHAKE_AS_CLIENT, PR_TRUE);
  // Sessions are not resumed: NSS's cache is the whole process's.
  settings->Option("no cache", SSL_NO_CACHE, PR_TRUE);
  settings->Option("tickets", SSL_ENABLE_SESSION_TICKETS, !compact);
  settings->Option("OCSP stapling", SSL_ENABLE_OCSP_STAPLING, !compact);
  settings->Option(
      "compatibility mode", SSL_ENABLE_TLS13_COMPAT_MODE,
      !compact || host.name().size() <= kLongestNameInCompatibleHello);
  settings->Option("renegotiation", SSL_ENABLE_RENEGOTIATION,
                   SSL_RENEGOTIATE_NEVER);
  settings->Option("safe negotiation", SSL_REQUIRE_SAFE_NEGOTIATION, PR_TRUE);
  settings->Option("extended master secret", SSL_ENABLE_EXTENDED_MASTER_SECRET,
                   PR_TRUE);
  settings->Option("certificate timestamps", SSL_ENABLE_SIGNED_CERT_TIMESTAMPS,
                   PR_FALSE);
  settings->Option("downgrade check", SSL_ENABLE_HELLO_DOWNGRADE_CHECK,
                   PR_TRUE);
  settings->Option("0-RTT", SSL_ENABLE_0RTT_DATA, PR_FALSE);
  settings->Option("post-handshake authentication",
                   SSL_ENABLE_POST_HANDSHAKE_AUTH, PR_FALSE);
  const bool may_false_start =
      profile.false_start && !compact && !profile.reduced_from;
  settings->Option("False Start", SSL_ENABLE_FALSE_START, may_false_start);
  settings->Check("False Start callback",
                  SSL_SetCanFalseStartCallback(ssl, CanFalseStart, nullptr));
}

}  // namespace

absl::Status ApplyProfile(PRFileDesc* ssl, const HandshakeProfile& profile,
                          const Host& host) {
  Settings settings(ssl);
  SetOptions(ssl, profile, host, &settings);
  SetVersions(ssl, profile, &settings);
  settings.Check("cipher suites",
                 profile.compact ? SetCipherSuites(ssl, kCompactCipherSuites)
                                 : SetCipherSuites(ssl, kCipherSuites));
  settings.Check(
      "groups",
      SSL_NamedGroupConfig(
          ssl, kGroups, profile.compact ? kCompactGroups : std::size(kGroups)));
  settings.Check("signature schemes",
                 SSL_SignatureSchemePrefSet(
                     ssl, kSignatureSchemes,
                     profile.compact ? kCompactSignatureSchemes
                                     : std::size(kSignatureSchemes)));
  if (!profile.compact && !profile.alpn.empty()) {
    settings.Check("ALPN", SetAlpn(ssl, profile.alpn));
  }
  // SNI holds DNS names only (RFC 6066, 3).
  if (!host.is_ip_literal()) {
    settings.Check("server name", SSL_SetURL(ssl, host.name().c_str()));
  }
  return settings.status();
}

}  // namespace holdfast
