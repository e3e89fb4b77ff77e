// NSS's error codes by name, and by meaning.

#include "holdfast/core/nss/nss_error.h"

#include <nspr.h>
#include <secerr.h>
#include <sslerr.h>

#include "gtest/gtest.h"
#include "holdfast/core/nss/nss_runtime.h"

namespace holdfast {
namespace {

TEST(NssErrorTest, NamesEveryKindOfCode) {
  EXPECT_EQ(NssErrorName(PR_END_OF_FILE_ERROR), "PR_END_OF_FILE_ERROR");
  EXPECT_EQ(NssErrorName(SSL_ERROR_NO_CYPHER_OVERLAP),
            "SSL_ERROR_NO_CYPHER_OVERLAP");
  EXPECT_EQ(NssErrorName(SEC_ERROR_UNKNOWN_ISSUER), "SEC_ERROR_UNKNOWN_ISSUER");
}

TEST(NssErrorTest, NumbersStandForThemselvesAndZeroIsNoError) {
  EXPECT_EQ(NssErrorName(0), "");
  EXPECT_EQ(NssErrorName(-4242), "-4242");
}

TEST(NssErrorTest, NamesKnownToNssAreTheSame) {
  const auto runtime = NssRuntime::Start();  // before, they know none
  ASSERT_TRUE(runtime.ok()) << runtime.status();
  for (int32_t code = PR_NSPR_ERROR_BASE; code < PR_MAX_ERROR; ++code) {
    const char* const name = PR_ErrorToName(code);
    if (name == nullptr) continue;
    EXPECT_EQ(NssErrorName(code), name);
  }
}

struct Meaning {
  int32_t nss_error;
  ErrorCode code;
};

TEST(NssErrorTest, MeansWhatTheTableSays) {
  const Meaning meanings[] = {
      {PR_CONNECT_REFUSED_ERROR, ErrorCode::kConnectionRefused},
      {PR_NETWORK_UNREACHABLE_ERROR, ErrorCode::kHostUnreachable},
      {PR_CONNECT_RESET_ERROR, ErrorCode::kConnectionReset},
      {PR_END_OF_FILE_ERROR, ErrorCode::kConnectionClosed},
      {PR_INSUFFICIENT_RESOURCES_ERROR, ErrorCode::kOutOfResources},
      {PR_NOT_IMPLEMENTED_ERROR, ErrorCode::kTlsSetupFailed},
      {SSL_ERROR_UNSUPPORTED_EXPERIMENTAL_API, ErrorCode::kTlsSetupFailed},
      {SEC_ERROR_UNKNOWN_ISSUER, ErrorCode::kUnknownIssuer},
      {SSL_ERROR_BAD_CERT_DOMAIN, ErrorCode::kWrongName},
      {SEC_ERROR_EXPIRED_CERTIFICATE, ErrorCode::kExpired},
      {SEC_ERROR_INADEQUATE_CERT_TYPE, ErrorCode::kBadCertificate},
      {SSL_ERROR_UNSUPPORTED_VERSION, ErrorCode::kServerTooOld},
      {SSL_ERROR_INAPPROPRIATE_FALLBACK_ALERT, ErrorCode::kDowngradeDetected},
      {SSL_ERROR_WEAK_SERVER_EPHEMERAL_DH_KEY, ErrorCode::kWeakServerKey},
      {SSL_ERROR_UNSAFE_NEGOTIATION, ErrorCode::kUnsafeRenegotiation},
      {SSL_ERROR_INTERNAL_ERROR_ALERT, ErrorCode::kHandshakeAlert},
      {SSL_ERROR_RX_RECORD_TOO_LONG, ErrorCode::kBrokenTlsServer},
      {SSL_ERROR_MISSING_KEY_SHARE, ErrorCode::kBrokenTlsServer},
      {SSL_ERROR_BAD_MAC_READ, ErrorCode::kTlsFailed},
      {-4242, ErrorCode::kTlsFailed},
  };
  for (const Meaning& meaning : meanings) {
    EXPECT_EQ(ErrorCodeFromNss(meaning.nss_error), meaning.code)
        << NssErrorName(meaning.nss_error);
  }
}

}  // namespace
}  // namespace holdfast
