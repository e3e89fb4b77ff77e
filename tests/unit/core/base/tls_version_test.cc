// Versions by name and by wire value, and ranges that cannot be wrong.

#include "holdfast/core/base/tls_version.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "holdfast/core/base/error.h"

namespace holdfast {
namespace {

TEST(TlsVersionTest, NameTextAndWireValueAgree) {
  struct {
    TlsVersion version;
    absl::string_view name;
    absl::string_view number;
    uint16_t wire;
  } const rows[] = {
      {TlsVersion::kTls10, "TLS1.0", "1.0", 0x0301},
      {TlsVersion::kTls11, "TLS1.1", "1.1", 0x0302},
      {TlsVersion::kTls12, "TLS1.2", "1.2", 0x0303},
      {TlsVersion::kTls13, "TLS1.3", "1.3", 0x0304},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(TlsVersionName(row.version), row.name);
    EXPECT_EQ(ParseTlsVersion(row.name), row.version);
    EXPECT_EQ(ParseTlsVersion(row.number), row.version);
    EXPECT_EQ(TlsVersionFromWire(row.wire), row.version);
    EXPECT_EQ(TlsVersionText(row.version), absl::StrCat("TLS ", row.number));
    EXPECT_EQ(WireVersionText(row.wire), TlsVersionText(row.version));
  }
}

TEST(TlsVersionTest, OtherTextsAreRefused) {
  for (const char* text :
       {"", "TLS", "1", "1.4", "tls1.2", "TLSv1.2", "TLS1.2 ", "SSL3.0"}) {
    EXPECT_EQ(ParseTlsVersion(text), std::nullopt) << text;
  }
}

TEST(TlsVersionTest, OtherWireValuesHaveNamesButAreNoVersions) {
  for (uint16_t value : {0x0000, 0x0002, 0x0300, 0x0305, 0x7f12, 0xfefd}) {
    EXPECT_EQ(TlsVersionFromWire(value), std::nullopt) << value;
  }
  EXPECT_EQ(WireVersionText(0x0300), "SSL 3.0");
  EXPECT_EQ(WireVersionText(0x0002), "SSL 2.0");
  EXPECT_EQ(WireVersionText(0x0305), "unknown version 0x0305");
  EXPECT_EQ(WireVersionText(0x7f12), "unknown version 0x7f12");
}

TEST(TlsVersionRangeTest, DefaultsToTls12And13) {
  TlsVersionRange range;
  EXPECT_FALSE(range.Contains(TlsVersion::kTls11));
  EXPECT_TRUE(range.Contains(TlsVersion::kTls12));
  EXPECT_TRUE(range.Contains(TlsVersion::kTls13));
}

TEST(TlsVersionRangeTest, OneVersionIsARange) {
  auto range = TlsVersionRange::Create(TlsVersion::kTls12, TlsVersion::kTls12);
  ASSERT_TRUE(range.ok());
  EXPECT_EQ(*range, TlsVersionRange::Only(TlsVersion::kTls12));
  EXPECT_NE(*range, TlsVersionRange());
}

TEST(TlsVersionRangeTest, MinimumAboveMaximumIsRefused) {
  auto range = TlsVersionRange::Create(TlsVersion::kTls13, TlsVersion::kTls12);
  ASSERT_FALSE(range.ok());
  const Error error = ErrorFromStatus(range.status());
  EXPECT_EQ(error.code, ErrorCode::kInvalidVersionRange);
  EXPECT_EQ(error.message,
            "The lowest version allowed, TLS 1.3, is above the highest, "
            "TLS 1.2.");
}

}  // namespace
}  // namespace holdfast
