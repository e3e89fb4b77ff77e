// Names in certificates, which may be anything, as reports have them.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/nss/nss_runtime.h"
#include "holdfast/core/trust/trust.h"
#include "holdfast/tests/helpers/certificate_maker.h"
#include "holdfast/tests/helpers/hostile.h"
#include "holdfast/tests/helpers/shown_text.h"

namespace holdfast::test {
namespace {

using testing::HasSubstr;

// Types of ASN.1 that a name may have (RFC 5280, 4.1.2.4), and IA5String.
constexpr char kUtf8 = 0x0c, kPrintable = 0x13, kT61 = 0x14, kIa5 = 0x16,
               kBmp = 0x1e;

CertificateInfo Read(const std::string& der) {
  absl::StatusOr<CertificateInfo> info =
      ReadCertificate(**NssRuntime::Start(), der);
  EXPECT_TRUE(info.ok()) << info.status();
  return info.ok() ? *std::move(info) : CertificateInfo();
}

// The subject and the names of a certificate whose CN has `bytes` as `type`.
// OpenSSL makes no such name: one of the same length is replaced.
CertificateInfo WithCommonName(char type, const std::string& bytes) {
  const std::string unlike(bytes.size(), 'u');
  CertificateSpec spec = AuthoritySpec(unlike);
  const std::string head = {kUtf8, static_cast<char>(bytes.size())};
  const std::string odd = {type, static_cast<char>(bytes.size())};
  return Read(absl::StrReplaceAll(MakeCertificate(spec).der,
                                  {{head + unlike, odd + bytes}}));
}

void ExpectShown(const CertificateInfo& info) {
  EXPECT_EQ(FirstUnshown(info.subject), std::nullopt);
  EXPECT_EQ(FirstUnshown(info.issuer), std::nullopt);
  for (const std::string& name : info.names) {
    EXPECT_EQ(FirstUnshown(name), std::nullopt);
  }
}

TEST(CertificateNamesTest, AreShownWhateverBytesTheyHave) {
  const std::string any = Hostile("any").substr(0, 60);
  for (char type : {kUtf8, kPrintable, kT61, kIa5, kBmp}) {
    const CertificateInfo info = WithCommonName(type, any);
    ExpectShown(info);
    EXPECT_EQ(info.subject, info.issuer);
  }
  for (int byte = 0; byte < 256; ++byte) {
    const std::string one = {'a', static_cast<char>(byte), 'b'};
    ExpectShown(WithCommonName(kUtf8, one));
    ExpectShown(WithCommonName(kT61, one));
  }
}

TEST(CertificateNamesTest, AreShownOfAHostileServer) {
  const HostileCertificate hostile = MakeHostileCertificate();
  for (const std::string& pem :
       {hostile.root_pem, hostile.certificate.certificate_pem}) {
    std::string der;
    ASSERT_TRUE(absl::Base64Unescape(
        absl::StrReplaceAll(pem, {{"-----BEGIN CERTIFICATE-----", ""},
                                  {"-----END CERTIFICATE-----", ""},
                                  {"\n", ""}}),
        &der));
    ExpectShown(Read(der));
  }
}

TEST(CertificateNamesTest, KeepTheirLetters) {
  CertificateSpec spec = AuthoritySpec("Grüße 你好 Почта");
  spec.subject.push_back({"O", "Müller & Söhne, \"GmbH\""});
  EXPECT_THAT(Read(MakeCertificate(spec).der).subject,
              HasSubstr("CN=Grüße 你好 Почта"));
  EXPECT_THAT(Read(MakeCertificate(spec).der).subject,
              HasSubstr("Müller & Söhne, "));
}

}  // namespace
}  // namespace holdfast::test
