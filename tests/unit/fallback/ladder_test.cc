// The rungs' names (which the cache stores) and highest versions.

#include "holdfast/fallback/ladder.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(LadderTest, EachRungHasItsNameAndMaximum) {
  struct {
    Rung rung;
    absl::string_view name;
    TlsVersion maximum;
  } const rows[] = {
      {Rung::kFull, "full", TlsVersion::kTls13},
      {Rung::kNoAlpn, "no-alpn", TlsVersion::kTls13},
      {Rung::kCompact, "compact", TlsVersion::kTls13},
      {Rung::kTls12, "tls12", TlsVersion::kTls12},
      {Rung::kTls11, "tls11", TlsVersion::kTls11},
      {Rung::kTls10, "tls10", TlsVersion::kTls10},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(RungName(row.rung), row.name);
    EXPECT_EQ(ParseRung(row.name), row.rung);
    EXPECT_EQ(RungMaximum(row.rung), row.maximum);
  }
}

TEST(LadderTest, UnknownNamesAreRefused) {
  EXPECT_EQ(ParseRung(""), std::nullopt);
  EXPECT_EQ(ParseRung("Full"), std::nullopt);
  EXPECT_EQ(ParseRung("tls13"), std::nullopt);
}

}  // namespace
}  // namespace holdfast
