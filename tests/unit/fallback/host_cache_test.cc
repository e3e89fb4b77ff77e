// What every host cache does, in memory or on disk.

#include "holdfast/fallback/host_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "holdfast/fallback/sqlite_host_cache.h"

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Duration kDay = absl::Hours(24);
constexpr LearnedReduction kTls12{
    Rung::kTls12, ErrorCode::kClosedDuringHandshake, TlsVersion::kTls12, false};
constexpr LearnedProof kHealthy{TlsVersion::kTls13, true};

HostKey Key(absl::string_view host, uint16_t port = 993,
            ConnectionSecurity security = ConnectionSecurity::kImplicitTls,
            std::string scope = "") {
  return HostKey{Endpoint{*Host::Parse(host), port}, security,
                 std::move(scope)};
}

enum class Kind { kMemory, kSqlite };

void PrintTo(Kind kind, std::ostream* out) {
  *out << (kind == Kind::kMemory ? "memory" : "sqlite");
}

class HostCacheTest : public testing::TestWithParam<Kind> {
 protected:
  HostCacheTest() {
    char folder[] = "/tmp/holdfast-cache-XXXXXX";
    folder_ = ::mkdtemp(folder);
    Limit(HostCacheOptions().max_records);
  }
  ~HostCacheTest() override {
    EXPECT_THAT(cache_->TakeWarnings(), IsEmpty());
    std::filesystem::remove_all(folder_);
  }

  // Starts anew with room for so many records.
  void Limit(size_t records) {
    HostCacheOptions options;
    options.max_records = records;
    cache_ = GetParam() == Kind::kMemory
                 ? NewMemoryHostCache(options)
                 : OpenSqliteHostCache(folder_ / "hosts.db", options);
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const auto& [key, record] : cache_->List()) {
      names.push_back(key.endpoint.host.name());
    }
    return names;
  }

  HostRecord Apply(const HostKey& key, const CacheUpdate& update,
                   absl::Time now = kStart) {
    return cache_->Apply(key, update, now);
  }
  std::optional<Rung> RungOf(const HostKey& key) {
    const std::optional<Reduction> reduction =
        cache_->Lookup(key).ActiveReduction(kStart);
    if (!reduction) return std::nullopt;
    return reduction->rung;
  }

  std::filesystem::path folder_;
  std::unique_ptr<HostCache> cache_;
};

TEST_P(HostCacheTest, UnknownHostHasAnEmptyRecord) {
  EXPECT_TRUE(cache_->Lookup(Key("mail.example")).empty());
  EXPECT_THAT(cache_->List(), IsEmpty());
}

TEST_P(HostCacheTest, KeepsARecordWithAllThatItHolds) {
  const HostKey key = Key("mail.example");
  const HostRecord record = Apply(key, kTls12);
  EXPECT_EQ(record, HostRecord().Apply(kTls12, kStart, {}));
  EXPECT_EQ(cache_->Lookup(key), record);
  EXPECT_THAT(cache_->List(), ElementsAre(Pair(key, record)));
}

TEST_P(HostCacheTest, AppliesTheRulesOfTheRecord) {
  const HostKey key = Key("mail.example");
  Apply(key, kHealthy);
  const HostRecord after = Apply(key, kTls12);
  EXPECT_FALSE(after.ActiveReduction(kStart));
  EXPECT_EQ(cache_->Lookup(key), after);
}

TEST_P(HostCacheTest, NothingLearnedIsNothingKept) {
  EXPECT_TRUE(Apply(Key("mail.example"), std::monostate{}).empty());
  EXPECT_TRUE(Apply(Key("mail.example"), ForgetReduction{}).empty());
  EXPECT_THAT(cache_->List(), IsEmpty());
}

TEST_P(HostCacheTest, HostPortModeAndScopeAreTheKey) {
  Apply(Key("mail.example"), kTls12);
  EXPECT_EQ(RungOf(Key("mail.example")), Rung::kTls12);
  EXPECT_EQ(RungOf(Key("other.example")), std::nullopt);
  EXPECT_EQ(RungOf(Key("mail.example", 143)), std::nullopt);
  EXPECT_EQ(RungOf(Key("mail.example", 993, ConnectionSecurity::kStartTls)),
            std::nullopt);
  EXPECT_EQ(RungOf(Key("mail.example", 993, ConnectionSecurity::kImplicitTls,
                       "office")),
            std::nullopt);
}

TEST_P(HostCacheTest, ListIsSortedByTheKey) {
  const std::vector<HostKey> sorted = {
      Key("192.0.2.1"),
      Key("2001:db8::1"),
      Key("a.example", 143),
      Key("a.example", 993),
      Key("a.example", 993, ConnectionSecurity::kImplicitTls, "office"),
      Key("a.example", 993, ConnectionSecurity::kStartTls),
      Key("b.example", 25)};
  for (auto it = sorted.rbegin(); it != sorted.rend(); ++it) {
    Apply(*it, kHealthy);
  }
  std::vector<HostKey> listed;
  for (const auto& [key, record] : cache_->List()) listed.push_back(key);
  EXPECT_TRUE(listed == sorted);
}

TEST_P(HostCacheTest, WhatIsSpentIsDeletedAtTheNextWrite) {
  const absl::Time spent = kStart + 30 * kDay;
  Apply(Key("old.example"), kHealthy);
  Apply(Key("new.example"), kHealthy, spent - absl::Seconds(1));
  EXPECT_EQ(cache_->List().size(), 2);
  Apply(Key("newer.example"), kHealthy, spent);
  EXPECT_EQ(cache_->List().size(), 2);
  EXPECT_TRUE(cache_->Lookup(Key("old.example")).empty());
}

TEST_P(HostCacheTest, BeyondTheLimitTheLeastRecentlyUsedGoes) {
  Limit(3);
  int second = 0;
  const auto use = [&](absl::string_view host) {
    Apply(Key(host), kHealthy, kStart + absl::Seconds(second++));
  };
  use("a.example");
  use("b.example");
  use("c.example");
  use("a.example");  // known: nothing is written, and it is used all the same
  use("d.example");
  EXPECT_THAT(Names(), ElementsAre("a.example", "c.example", "d.example"));
  use("e.example");
  EXPECT_THAT(Names(), ElementsAre("a.example", "d.example", "e.example"));
  EXPECT_TRUE(cache_->Lookup(Key("b.example")).empty());
}

TEST_P(HostCacheTest, PinsAreKeptBeyondTheLimit) {
  Limit(2);
  Apply(Key("pinned.example"), PinReduction{Rung::kTls12, kStart + kDay});
  Apply(Key("a.example"), kHealthy, kStart + absl::Seconds(1));
  Apply(Key("b.example"), kHealthy, kStart + absl::Seconds(2));
  EXPECT_THAT(Names(), ElementsAre("b.example", "pinned.example"));
}

TEST_P(HostCacheTest, LimitIsKeptByGoingAHundredthBelowIt) {
  Limit(200);
  for (int i = 0; i < 500; ++i) {
    Apply(Key(absl::StrCat("h", i, ".example")), kHealthy,
          kStart + absl::Seconds(i));
    ASSERT_LE(cache_->List().size(), 202u);
  }
  EXPECT_GE(cache_->List().size(), 198u);
  EXPECT_FALSE(cache_->Lookup(Key("h499.example")).empty());
  EXPECT_FALSE(cache_->Lookup(Key("h302.example")).empty());
  EXPECT_TRUE(cache_->Lookup(Key("h290.example")).empty());
}

TEST_P(HostCacheTest, PinsAndImportsAreKeptAsTheyAre) {
  const HostKey pinned = Key("pinned.example");
  const HostRecord pin =
      Apply(pinned, PinReduction{Rung::kTls12, kStart + 30 * kDay});
  EXPECT_EQ(pin.ActiveReduction(kStart)->origin, RecordOrigin::kPinned);
  EXPECT_EQ(cache_->Lookup(pinned), pin);

  const HostKey imported = Key("imported.example");
  const HostRecord import = Apply(
      imported, ImportRecord{HostRecord().Apply(kTls12, kStart, {}).fields()});
  EXPECT_EQ(import.ActiveReduction(kStart)->origin, RecordOrigin::kImported);
  EXPECT_EQ(cache_->Lookup(imported), import);
}

TEST_P(HostCacheTest, ForgettingAHostKeepsWhatItHasProven) {
  const HostKey key = Key("mail.example");
  Apply(key, kTls12);
  Apply(Key("other.example"), kTls12);
  EXPECT_EQ(*cache_->Forget(key.endpoint.host, std::nullopt, false), 1);
  EXPECT_EQ(RungOf(key), std::nullopt);
  EXPECT_EQ(cache_->Lookup(key).ProvenVersion(kStart, {}), TlsVersion::kTls12);
  EXPECT_EQ(RungOf(Key("other.example")), Rung::kTls12);
  EXPECT_EQ(*cache_->Forget(key.endpoint.host, std::nullopt, false), 0);
}

TEST_P(HostCacheTest, ForgettingOnePortLeavesTheOthers) {
  Apply(Key("mail.example", 993), kTls12);
  Apply(Key("mail.example", 143, ConnectionSecurity::kStartTls), kTls12);
  EXPECT_EQ(*cache_->Forget(*Host::Parse("mail.example"), 143, false), 1);
  EXPECT_EQ(RungOf(Key("mail.example", 993)), Rung::kTls12);
  EXPECT_EQ(RungOf(Key("mail.example", 143, ConnectionSecurity::kStartTls)),
            std::nullopt);
}

TEST_P(HostCacheTest, ForgettingEverythingOfAHostTakesItsProofsToo) {
  Apply(Key("mail.example", 993), kTls12);
  Apply(Key("mail.example", 143), kHealthy);
  Apply(Key("other.example"), kHealthy);
  EXPECT_EQ(*cache_->Forget(*Host::Parse("mail.example"), std::nullopt, true),
            2);
  EXPECT_EQ(cache_->List().size(), 1);
}

TEST_P(HostCacheTest, ForgetAllLeavesNothing) {
  Apply(Key("mail.example"), kTls12);
  Apply(Key("other.example"), kHealthy);
  EXPECT_EQ(*cache_->ForgetAll(), 2);
  EXPECT_THAT(cache_->List(), IsEmpty());
  EXPECT_EQ(*cache_->ForgetAll(), 0);
}

TEST_P(HostCacheTest, SaysWhetherItOutlivesTheProcess) {
  EXPECT_EQ(cache_->persistent(), GetParam() == Kind::kSqlite);
}

INSTANTIATE_TEST_SUITE_P(Caches, HostCacheTest,
                         testing::Values(Kind::kMemory, Kind::kSqlite),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace holdfast
