// holdfast cache, and what a connect does with a cache that is in no state to
// be used: the real command on real files.

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/fallback/sqlite_host_cache.h"
#include "holdfast/tests/helpers/holdfast_command.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tests/helpers/terminal.h"
#include "holdfast/tools/lab/certificate_authority.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr absl::Duration kDay = absl::Hours(24);
constexpr LearnedReduction kNeedsTls12{Rung::kTls12, ErrorCode::kVersionRefused,
                                       TlsVersion::kTls12, false};
constexpr LearnedReduction kNeedsCompact{Rung::kCompact,
                                         ErrorCode::kClosedDuringHandshake,
                                         TlsVersion::kTls13, false};
constexpr LearnedProof kHealthy{TlsVersion::kTls13, true};

HostKey Key(absl::string_view host, uint16_t port = 993,
            ConnectionSecurity security = ConnectionSecurity::kImplicitTls,
            std::string scope = "") {
  return HostKey{Endpoint{*Host::Parse(host), port}, security,
                 std::move(scope)};
}

std::vector<std::string> Lines(absl::string_view text) {
  return absl::StrSplit(text, absl::ByAnyChar("\r\n"), absl::SkipEmpty());
}

// The columns that a line takes on a terminal: UTF-8 bytes that continue a
// character take none.
size_t Columns(const std::string& line) {
  size_t columns = 0;
  for (unsigned char byte : line) columns += (byte & 0xc0) != 0x80;
  return columns;
}

class CacheCommandTest : public testing::Test {
 protected:
  CacheCommandTest() : authority_(*lab::CertificateAuthority::Create()) {
    directory_.Write("ca.pem", authority_.certificate_pem());
  }

  std::string path() const { return directory_.Path("hosts.db"); }

  // Writes into the cache as an earlier connect would have.
  void Learn(const HostKey& key, const CacheUpdate& update,
             absl::Time at = absl::Now()) {
    const std::unique_ptr<HostCache> cache = OpenSqliteHostCache(path());
    cache->Apply(key, update, at);
    ASSERT_TRUE(cache->persistent());
  }

  std::vector<std::string> Arguments(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "cache");
    arguments.insert(arguments.end(), {"--cache", path()});
    return arguments;
  }
  CommandResult Cache(std::vector<std::string> arguments) const {
    return RunHoldfast(Arguments(std::move(arguments)));
  }
  CommandResult Json(std::vector<std::string> arguments) const {
    arguments.push_back("--json");
    return Cache(std::move(arguments));
  }
  TerminalResult OnTerminal(std::vector<std::string> arguments, int columns,
                            absl::string_view input = "") const {
    return RunOnTerminal(HoldfastCommand(Arguments(std::move(arguments))),
                         columns, input);
  }
  // The hosts that `cache list` shows with these options.
  std::vector<std::string> Listed(std::vector<std::string> options = {}) const {
    options.insert(options.begin(), "list");
    std::vector<std::string> hosts;
    for (const auto& entry : Json(std::move(options)).json) {
      hosts.push_back(entry["host"]);
    }
    return hosts;
  }

  std::unique_ptr<lab::LabServer> StartLab(const std::string& behaviour,
                                           uint16_t port = 0) {
    lab::LabOptions options;
    options.behaviour = *lab::FindBehaviour(behaviour);
    options.certificate = *authority_.Issue();
    options.port = port;
    return lab::LabServer::Start(options).value();
  }

  std::vector<std::string> ConnectArguments(uint16_t port,
                                            const std::string& cache) const {
    return {"connect",
            "--check",
            "--json",
            "--no-system-roots",
            "--ca",
            directory_.Path("ca.pem"),
            "--cache",
            cache,
            absl::StrCat("imaps://localhost:", port),
            "--resolve",
            absl::StrCat("localhost:", port, ":127.0.0.1")};
  }
  CommandResult Connect(uint16_t port) const {
    return RunHoldfast(ConnectArguments(port, path()));
  }

  lab::CertificateAuthority authority_;
  TempDir directory_;
};

// list

TEST_F(CacheCommandTest, ListIsSortedByHost) {
  for (const char* host : {"c.example", "a.example", "b.example"}) {
    Learn(Key(host), kHealthy);
  }
  EXPECT_THAT(Listed(), ElementsAre("a.example", "b.example", "c.example"));
}

TEST_F(CacheCommandTest, ListCanBeFiltered) {
  Learn(Key("imap.example.org"), kNeedsTls12);
  Learn(Key("smtp.example.org"), kNeedsCompact);
  Learn(Key("mail.example.net"), kHealthy);
  EXPECT_THAT(Listed({"--rung", "tls12"}), ElementsAre("imap.example.org"));
  EXPECT_THAT(Listed({"--rung", "full"}), ElementsAre("mail.example.net"));
  EXPECT_THAT(Listed({"--reason", "closed_during_handshake"}),
              ElementsAre("smtp.example.org"));
  EXPECT_THAT(Listed({"--host", "*.EXAMPLE.org"}),
              ElementsAre("imap.example.org", "smtp.example.org"));
  EXPECT_THAT(Listed({"--host", "?map.*", "--rung", "tls12"}),
              ElementsAre("imap.example.org"));
  EXPECT_THAT(Listed({"--host", "example.org"}), IsEmpty());
  EXPECT_EQ(Cache({"list", "--rung", "tls99"}).exit_code(), 2);
  EXPECT_EQ(Cache({"list", "--reason", "weather"}).exit_code(), 2);
}

TEST_F(CacheCommandTest, ListHasTheMembersThatScriptsRelyOn) {
  const absl::Time now = absl::Now();
  Learn(Key("mail.example.org", 143, ConnectionSecurity::kStartTls, "office"),
        kNeedsTls12, now);
  const nlohmann::json list = Json({"list"}).json;
  ASSERT_THAT(list, SizeIs(1));
  const auto text = [](absl::Time time) {
    return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
  };
  EXPECT_EQ(list[0], nlohmann::json({{"host", "mail.example.org"},
                                     {"port", 143},
                                     {"security", "starttls"},
                                     {"scope", "office"},
                                     {"proven", "TLS1.2"},
                                     {"rung", "tls12"},
                                     {"reason", "version_refused"},
                                     {"origin", "observed"},
                                     {"failures", 1},
                                     {"recoveries", 1},
                                     {"first_seen", text(now)},
                                     {"last_seen", text(now)},
                                     {"expires_at", text(now + kDay)}}));
}

TEST_F(CacheCommandTest, WhatHasExpiredIsGone) {
  Learn(Key("old.example"), kNeedsTls12, absl::Now() - 31 * kDay);
  Learn(Key("half.example"), kNeedsTls12, absl::Now() - kDay);
  const nlohmann::json list = Json({"list"}).json;
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0]["host"], "half.example");
  EXPECT_TRUE(list[0]["rung"].is_null());
  EXPECT_EQ(list[0]["proven"], "TLS1.2");
}

TEST_F(CacheCommandTest, TableFitsTheTerminal) {
  setenv("LC_ALL", "C.UTF-8", 1);
  const std::string longest =
      "a-rather-long-name-of-a-mail-server.department.example.org";
  Learn(Key(longest), kNeedsTls12);
  Learn(Key("b.example", 143, ConnectionSecurity::kStartTls, "the office"),
        kNeedsCompact);
  for (int columns : {72, 80, 100}) {
    const TerminalResult result = OnTerminal({"list"}, columns);
    EXPECT_EQ(result.exit_code, 0);
    const std::vector<std::string> lines = Lines(result.text);
    EXPECT_THAT(lines, SizeIs(3)) << result.text;
    for (const std::string& line : lines) {
      EXPECT_LE(Columns(line), static_cast<size_t>(columns)) << line;
    }
    EXPECT_THAT(result.text, AllOf(HasSubstr("a-rat"), HasSubstr("…"),
                                   HasSubstr("in 24 h"), HasSubstr("SCOPE")));
  }
  EXPECT_THAT(OnTerminal({"list"}, 200).text, HasSubstr(longest));
  EXPECT_THAT(Cache({"list"}).process.out, HasSubstr(longest))
      << "in a pipe nothing is cut";
}

// explain

TEST_F(CacheCommandTest, ExplainSaysWhatIsOfferedNextAndWhy) {
  const auto sentence = [this](const std::string& host) {
    return Cache({"explain", host}).process.out;
  };
  EXPECT_EQ(sentence("new.example"),
            "The next connection to new.example begins with the full offer: "
            "nothing is known of it.\n");
  Learn(Key("healthy.example"), kHealthy);
  EXPECT_THAT(sentence("healthy.example"),
              AllOf(HasSubstr("healthy.example:993 (implicit) begins with the "
                              "full offer: the host has proven TLS 1.3"),
                    HasSubstr("nothing below that before")));
  Learn(Key("reduced.example"), kNeedsTls12);
  EXPECT_THAT(sentence("reduced.example"),
              HasSubstr("the reduced offer tls12: a fuller offer failed there "
                        "(version_refused); it is tried again in 24 h."));
  Learn(Key("expired.example"), kNeedsTls12, absl::Now() - 30 * absl::Hours(1));
  EXPECT_THAT(sentence("expired.example"),
              HasSubstr("the full offer: the reduced offer on record, tls12, "
                        "expired 6 h ago"));
  Learn(Key("legacy.example"),
        LearnedReduction{Rung::kTls10, ErrorCode::kVersionRefused,
                         TlsVersion::kTls10, false});
  EXPECT_THAT(
      sentence("legacy.example"),
      HasSubstr("the full offer: tls10 is on record, but lies below the "
                "floor, TLS 1.2"));
}

TEST_F(CacheCommandTest, ExplainAgreesWithTheConnectThatFollows) {
  for (const char* behaviour : {"healthy", "tls13-alert-protocol-version"}) {
    const auto server = StartLab(behaviour);
    const std::string host = absl::StrCat("localhost:", server->port());
    for (int i = 0; i < 2; ++i) {
      CommandResult explained = Json({"explain", host});
      ASSERT_THAT(explained.json, SizeIs(1));
      CommandResult connected = Connect(server->port());
      EXPECT_EQ(connected.exit_code(), 0) << connected.process.out;
      EXPECT_EQ(explained.json[0]["next_offer"],
                connected.json["attempts"][0]["rung"])
          << behaviour;
    }
  }
}

// forget

TEST_F(CacheCommandTest, ForgettingAHostForgetsAllOfIt) {
  Learn(Key("mail.example"), kHealthy);
  Learn(Key("mail.example", 143, ConnectionSecurity::kStartTls), kNeedsTls12);
  Learn(Key("other.example"), kHealthy);
  EXPECT_EQ(Json({"forget", "mail.example:993"}).json["forgotten"], 1);
  EXPECT_EQ(Json({"forget", "mail.example"}).json["forgotten"], 1);
  EXPECT_THAT(Listed(), ElementsAre("other.example"));
}

TEST_F(CacheCommandTest, WhatAHostHasProvenCanBeKept) {
  Learn(Key("mail.example"), kHealthy);
  Learn(Key("mail.example"), PinReduction{Rung::kTls12, absl::Now() + kDay});
  EXPECT_EQ(Json({"forget", "--keep-proven", "mail.example"}).json["forgotten"],
            1);
  const nlohmann::json list = Json({"list"}).json;
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0]["proven"], "TLS1.3");
  EXPECT_TRUE(list[0]["rung"].is_null());
}

TEST_F(CacheCommandTest, ForgettingEverythingIsAskedFirst) {
  Learn(Key("mail.example"), kHealthy);
  CommandResult piped = Cache({"forget", "--all"});
  EXPECT_EQ(piped.exit_code(), 2);
  EXPECT_THAT(piped.process.err, HasSubstr("--yes"));
  EXPECT_EQ(OnTerminal({"forget", "--all", "--quiet"}, 80, "y\n").exit_code, 2)
      << "nothing could be asked";
  for (const char* answer : {"n\n", "\n", "\x04"}) {
    const TerminalResult asked = OnTerminal({"forget", "--all"}, 80, answer);
    EXPECT_THAT(asked.text, HasSubstr("Forget all 1 records"));
    EXPECT_THAT(asked.text, HasSubstr("Nothing was forgotten"));
    EXPECT_THAT(Listed(), SizeIs(1));
  }
  const TerminalResult yes = OnTerminal({"forget", "--all"}, 80, "y\n");
  EXPECT_EQ(yes.exit_code, 0);
  EXPECT_THAT(Listed(), IsEmpty());

  Learn(Key("mail.example"), kHealthy);
  EXPECT_EQ(Json({"forget", "--all", "--yes"}).json["forgotten"], 1);
  EXPECT_THAT(Listed(), IsEmpty());
}

// pin

TEST_F(CacheCommandTest, PinIsKeptForThirtyDaysUnlessSaidOtherwise) {
  Learn(Key("mail.example"), kHealthy);
  CommandResult result = Json({"pin", "mail.example", "--rung", "tls12"});
  EXPECT_EQ(result.exit_code(), 0) << result.process.err;
  ASSERT_THAT(result.json, SizeIs(1));
  EXPECT_EQ(result.json[0]["rung"], "tls12");
  EXPECT_EQ(result.json[0]["origin"], "pinned");
  EXPECT_EQ(result.json[0]["proven"], "TLS1.3");
  EXPECT_TRUE(result.json[0]["reason"].is_null());
  EXPECT_EQ(
      Json({"show", "mail.example"}).json[0]["reduction"]["lifetime_seconds"],
      30 * 24 * 3600);
  EXPECT_THAT(Cache({"show", "mail.example"}).process.out,
              HasSubstr("Reduced to    tls12 (pinned)"));
  Cache({"pin", "mail.example", "--rung", "tls12", "--for", "12h"});
  EXPECT_EQ(
      Json({"show", "mail.example"}).json[0]["reduction"]["lifetime_seconds"],
      12 * 3600);
  EXPECT_THAT(Cache({"list"}).process.out, HasSubstr("tls12 (pinned)"));
}

// The user's decision against the ratchet: no fallback, so no SCSV, which the
// server would refuse; and every report shows it.
TEST_F(CacheCommandTest, PinIsWhatTheNextConnectOffers) {
  const auto server = StartLab("healthy");
  const std::string host = absl::StrCat("localhost:", server->port());
  ASSERT_EQ(Connect(server->port()).json["tls"]["version"], "TLS1.3");
  ASSERT_EQ(Cache({"pin", host, "--rung", "tls12"}).exit_code(), 0);
  EXPECT_THAT(Cache({"explain", host}).process.out,
              AllOf(HasSubstr("tls12: it is pinned"),
                    HasSubstr("overrides that the host has proven TLS 1.3")));
  CommandResult pinned = Connect(server->port());
  EXPECT_EQ(pinned.exit_code(), 0) << pinned.process.out;
  EXPECT_EQ(pinned.json["tls"]["version"], "TLS1.2");
  EXPECT_THAT(pinned.json["attempts"], SizeIs(1));
  EXPECT_THAT(pinned.json["diagnosis"]["summary"].get<std::string>(),
              HasSubstr("cache pin"));
  Cache({"forget", "--keep-proven", host});
  EXPECT_EQ(Connect(server->port()).json["tls"]["version"], "TLS1.3");
}

TEST_F(CacheCommandTest, PinFindsOutWhichPortAndModeAreMeant) {
  const auto pinned = [this](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"pin", "--rung", "tls12"});
    std::vector<std::string> keys;
    for (const auto& entry : Json(std::move(arguments)).json) {
      keys.push_back(absl::StrCat(entry["port"].get<int>(), " ",
                                  entry["security"].get<std::string>()));
    }
    return keys;
  };
  EXPECT_THAT(pinned({"a.example:993"}), ElementsAre("993 implicit"));
  EXPECT_THAT(pinned({"a.example:143"}), ElementsAre("143 starttls"));
  EXPECT_THAT(pinned({"a.example"}),
              ElementsAre("993 implicit", "143 starttls"))
      << "those known by now";
  EXPECT_THAT(pinned({"b.example:4711"}),
              ElementsAre("4711 implicit", "4711 starttls"));
  EXPECT_THAT(pinned({"c.example:4711", "--security", "starttls"}),
              ElementsAre("4711 starttls"));
  EXPECT_THAT(pinned({"d.example", "--protocol", "pop3"}),
              ElementsAre("995 implicit", "110 starttls"));
  EXPECT_THAT(
      pinned({"e.example", "--protocol", "smtp", "--security", "implicit"}),
      ElementsAre("465 implicit"));
  EXPECT_EQ(Cache({"pin", "f.example", "--rung", "tls12"}).exit_code(), 2);
}

TEST_F(CacheCommandTest, PinNeverLowersTheFloor) {
  for (const char* rung : {"tls11", "tls10", "full", "tls14"}) {
    CommandResult result = Cache({"pin", "mail.example:993", "--rung", rung});
    EXPECT_EQ(result.exit_code(), 2) << rung;
    EXPECT_THAT(result.process.err, HasSubstr(rung));
  }
  EXPECT_THAT(Cache({"pin", "a.example:1", "--rung", "tls11"}).process.err,
              HasSubstr("below the floor"));
  EXPECT_THAT(Listed(), IsEmpty());
}

TEST_F(CacheCommandTest, PinTakesOnlyATimeThatEnds) {
  for (const char* time : {"0", "-1d", "inf", "30 days", "36501d", "1ns"}) {
    EXPECT_EQ(Cache({"pin", "mail.example:993", "--rung", "tls12",
                     absl::StrCat("--for=", time)})
                  .exit_code(),
              2)
        << time;
  }
}

// export and import

TEST_F(CacheCommandTest, ExportAndImportRoundTrip) {
  Learn(Key("healthy.example"), kHealthy);
  Learn(
      Key("reduced.example", 143, ConnectionSecurity::kStartTls, "b\xc3\xbcro"),
      kNeedsTls12);
  Learn(Key("compact.example"), kNeedsCompact);
  const std::string exported = Cache({"export"}).process.out;
  EXPECT_THAT(Lines(exported), SizeIs(3));
  const RecordList before = OpenSqliteHostCache(path())->List();
  directory_.Write("export.jsonl", exported);

  Cache({"forget", "--all", "--yes"});
  CommandResult imported = Json({"import", directory_.Path("export.jsonl")});
  EXPECT_EQ(imported.exit_code(), 0) << imported.process.err;
  EXPECT_EQ(imported.json,
            nlohmann::json({{"imported", 3},
                            {"unchanged", 0},
                            {"rejected", nlohmann::json::array()}}));
  const RecordList after = OpenSqliteHostCache(path())->List();
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < before.size(); ++i) {
    HostRecord::Fields expected = before[i].second.fields();
    if (expected.reduction) {
      expected.reduction->origin = RecordOrigin::kImported;
    }
    EXPECT_TRUE(after[i].first == before[i].first);
    EXPECT_EQ(after[i].second, *HostRecord::Create(expected))
        << "nothing is lost but who says so";
  }
  EXPECT_EQ(Json({"import", directory_.Path("export.jsonl")}).json["unchanged"],
            3);
}

TEST_F(CacheCommandTest, ImportReadsStandardInput) {
  Learn(Key("healthy.example"), kHealthy);
  ProcessOptions options;
  options.input = Cache({"export"}).process.out;
  Cache({"forget", "--all", "--yes"});
  options.arguments = HoldfastCommand(Arguments({"import"}));
  EXPECT_EQ(RunProcess(options)->out, "Imported 1, unchanged 0, rejected 0.\n");
  for (const std::string& file :
       {directory_.Path("absent"), directory_.path()}) {
    CommandResult result = Cache({"import", file});
    EXPECT_EQ(result.exit_code(), 4);
    EXPECT_THAT(result.process.err, HasSubstr("cannot be read"));
  }
}

// Each line that must be refused, with a word of the reason; the good one after
// them is taken all the same.
TEST_F(CacheCommandTest, ImportNamesEachLineThatItRejects) {
  Learn(Key("ours.example"), kHealthy);
  const auto line = [](const std::string& host, const CacheUpdate& update,
                       absl::Duration ago = absl::ZeroDuration()) {
    const std::string time = absl::FormatTime(
        absl::RFC3339_full, absl::Now() - ago, absl::UTCTimeZone());
    const auto* reduction = std::get_if<LearnedReduction>(&update);
    const std::string rung(RungName(reduction ? reduction->rung : Rung::kFull));
    const std::string expires = absl::FormatTime(
        absl::RFC3339_full, absl::Now() - ago + kDay, absl::UTCTimeZone());
    const std::string proof =
        absl::StrCat(R"({"version":"TLS1.3","at":")", time, R"("})");
    const std::string reduced = absl::StrCat(
        R"({"rung":")", rung,
        R"(","reason":"version_refused","origin":"observed","expires_at":")",
        expires, R"(","lifetime_seconds":86400})");
    return absl::StrCat(
        R"({"host":")", host,
        R"(","port":993,"security":"implicit","scope":null,"proof":)",
        reduction ? "null" : proof, R"(,"reduction":)",
        reduction ? reduced : "null",
        R"(,"failures":1,"recoveries":1,"first_seen":")", time,
        R"(","last_seen":")", time, "\"}\n");
  };
  const LearnedReduction tls11 = {Rung::kTls11, ErrorCode::kVersionRefused,
                                  TlsVersion::kTls11, false};
  std::string pinned = line("pinned.example", kNeedsTls12);
  pinned.replace(pinned.find("observed"), 8, "pinned");
  std::string unknown = line("unknown.example", kNeedsTls12);
  unknown.replace(unknown.find("tls12"), 5, "tls99");
  directory_.Write(
      "import.jsonl",
      absl::StrCat(line("low.example", tls11),
                   line("ours.example", kNeedsTls12),
                   line("old.example", kNeedsTls12, 2 * kDay),
                   line("stale.example", kHealthy, 31 * kDay), pinned,
                   "not json\n", unknown, line("bad host", kHealthy), "[]\n",
                   "\n", line("good.example", kNeedsTls12)));
  CommandResult result = Json({"import", directory_.Path("import.jsonl")});
  EXPECT_EQ(result.exit_code(), 4) << "some lines were no records";
  EXPECT_EQ(result.json["imported"], 1);
  const std::vector<std::pair<int, std::string>> expected = {
      {1, "below the floor"}, {2, "has proven TLS 1.3"}, {3, "has expired"},
      {4, "has expired"},     {5, "a pin is"},           {6, "not a JSON"},
      {7, "\"reduction\""},   {8, "\"host\""},           {9, "not a JSON"}};
  ASSERT_EQ(result.json["rejected"].size(), expected.size());
  const std::vector<std::string> errors = Lines(result.process.err);
  ASSERT_THAT(errors, SizeIs(expected.size()));
  for (size_t i = 0; i < expected.size(); ++i) {
    const nlohmann::json& rejected = result.json["rejected"][i];
    EXPECT_EQ(rejected["line"], expected[i].first);
    EXPECT_THAT(rejected["reason"].get<std::string>(),
                HasSubstr(expected[i].second));
    EXPECT_THAT(errors[i], HasSubstr(absl::StrCat("line ", expected[i].first)));
  }
  EXPECT_THAT(Listed(), ElementsAre("good.example", "ours.example"));
  EXPECT_EQ(Json({"show", "ours.example"}).json[0]["proof"]["version"],
            "TLS1.3");
  EXPECT_EQ(Json({"show", "good.example"}).json[0]["reduction"]["origin"],
            "imported");
}

// verify

TEST_F(CacheCommandTest, VerifyTellsAFileInOrderFromADamagedOne) {
  EXPECT_EQ(Json({"verify"}).json["outcome"], "absent");
  Learn(Key("mail.example"), kHealthy);
  CommandResult good = Json({"verify"});
  EXPECT_EQ(good.exit_code(), 0);
  EXPECT_EQ(good.json["outcome"], "ok");
  EXPECT_EQ(good.json["records"], 1);
  EXPECT_EQ(good.json["format_version"], kHostCacheFormatVersion);

  std::string bytes = directory_.Read("hosts.db");
  bytes.replace(4096, 2000, std::string(2000, '\xee'));
  directory_.Write("hosts.db", bytes);
  CommandResult damaged = Json({"verify"});
  EXPECT_EQ(damaged.exit_code(), 4);
  EXPECT_EQ(damaged.json["outcome"], "damaged");
  EXPECT_THAT(damaged.json["problems"], Not(IsEmpty()));
  EXPECT_THAT(Cache({"verify"}).process.out, HasSubstr("is damaged:"));
  EXPECT_EQ(directory_.Read("hosts.db"), bytes);

  chmod(path().c_str(), 0666);
  CommandResult refused = Json({"verify"});
  EXPECT_EQ(refused.exit_code(), 4);
  EXPECT_THAT(refused.process.err, HasSubstr("written by others"));
}

// What a connect makes of a cache that is in no state to be used (promise 13):
// it works, and says why in one line.

class AbusedCacheTest : public CacheCommandTest {
 protected:
  void ExpectOneWarning(const CommandResult& result,
                        const std::string& why) const {
    EXPECT_EQ(result.exit_code(), 0) << result.process.err;
    EXPECT_THAT(Lines(result.process.err),
                ElementsAre(AllOf(HasSubstr("warning: "), HasSubstr(why))));
  }
  void ExpectOneWarning(const std::string& why) {
    const auto server = StartLab("tls13-alert-protocol-version");
    const CommandResult result = Connect(server->port());
    ExpectOneWarning(result, why);
    EXPECT_EQ(result.json.at("outcome"), "connected");
  }
  // The files that were set aside.
  int SetAside() const {
    int count = 0;
    for (const auto& entry : fs::directory_iterator(directory_.path())) {
      const std::string name = entry.path().string();
      count += absl::StrContains(name, "hosts.db.damaged-") &&
               absl::EndsWith(name, "Z");
    }
    return count;
  }
};

TEST_F(AbusedCacheTest, NoiseIsKeptAside) {
  directory_.Write("hosts.db", std::string(8192, 'x'));
  chmod(path().c_str(), 0600);
  ExpectOneWarning("set aside");
  EXPECT_EQ(SetAside(), 1);
  EXPECT_THAT(Listed(), ElementsAre("localhost"));
}

TEST_F(AbusedCacheTest, TruncatedFileIsKeptAside) {
  Learn(Key("mail.example"), kHealthy);
  fs::resize_file(path(), fs::file_size(path()) / 2);
  ExpectOneWarning("set aside");
  EXPECT_EQ(SetAside(), 1);
}

TEST_F(AbusedCacheTest, FileOfANewerVersionIsLeftAlone) {
  Learn(Key("mail.example"), kHealthy);
  std::string bytes = directory_.Read("hosts.db");
  bytes[63] = 99;  // the last byte of user_version
  directory_.Write("hosts.db", bytes);
  ExpectOneWarning("newer version");
  EXPECT_EQ(directory_.Read("hosts.db"), bytes);
  CommandResult list = Cache({"list"});
  EXPECT_EQ(list.exit_code(), 4);
  EXPECT_THAT(list.process.err, HasSubstr("newer version"));
}

TEST_F(AbusedCacheTest, FileThatOthersMayWriteIsRefused) {
  Learn(Key("mail.example"), kHealthy);
  chmod(path().c_str(), 0666);
  ExpectOneWarning("chmod 600");
}

TEST_F(AbusedCacheTest, CommandThatCouldNotDoItsWorkSaysSo) {
  Learn(Key("mail.example"), kHealthy);
  directory_.Write("export.jsonl", Cache({"export"}).process.out);
  chmod(path().c_str(), 0666);
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{
           {"list"},
           {"show", "mail.example"},
           {"explain", "mail.example"},
           {"forget", "mail.example"},
           {"forget", "--all", "--yes"},
           {"pin", "mail.example:993", "--rung", "tls12"},
           {"export"},
           {"import", directory_.Path("export.jsonl")},
           {"verify"},
           {"stats"}}) {
    CommandResult result = Cache(arguments);
    EXPECT_EQ(result.exit_code(), 4) << arguments[0];
    EXPECT_EQ(result.process.out, "") << arguments[0];
    EXPECT_THAT(Lines(result.process.err),
                ElementsAre(HasSubstr("written by others")))
        << arguments[0];
  }
}

TEST_F(AbusedCacheTest, FileOfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  Learn(Key("mail.example"), kHealthy);
  ASSERT_EQ(chown(path().c_str(), 65534, 65534), 0);
  ExpectOneWarning("another user");
}

TEST_F(AbusedCacheTest, FolderThatNobodyMayWriteCostsOnlyTheMemory) {
  const auto server = StartLab("healthy");
  ExpectOneWarning(
      RunHoldfast(ConnectArguments(server->port(), "/proc/self/hosts.db")),
      "cannot be made");
}

TEST_F(AbusedCacheTest, NoHomeCostsOnlyTheMemory) {
  const auto server = StartLab("healthy");
  ExpectOneWarning(RunHoldfast(ConnectArguments(server->port(), "")), "$HOME");
  CommandResult list = RunHoldfast({"cache", "list"});
  EXPECT_EQ(list.exit_code(), 4);
  EXPECT_THAT(list.process.err, HasSubstr("$HOME"));
}

// A limit on the size of files stands for a full disk; pipes have none.
TEST_F(AbusedCacheTest, FullDiskCostsOnlyTheMemory) {
  Learn(Key("mail.example"), kHealthy);
  const auto server = StartLab("tls13-alert-protocol-version");
  ProcessOptions options;
  options.arguments = {
      "bash", "-c",
      "{ (trap '' XFSZ; ulimit -f 0; exec \"$@\") 2>&1 >/dev/null; "
      "echo \"status $?\"; } | cat",
      "bash"};
  for (const std::string& argument :
       HoldfastCommand(ConnectArguments(server->port(), path()))) {
    options.arguments.push_back(argument);
  }
  EXPECT_THAT(Lines(RunProcess(options)->out),
              ElementsAre(AllOf(HasSubstr("warning: "), HasSubstr("disk")),
                          "status 0"));
  EXPECT_THAT(Listed(), ElementsAre("mail.example"));
}

TEST_F(CacheCommandTest, SixteenConnectsAtOnceLoseNothing) {
  constexpr int kProcesses = 16;
  std::vector<std::unique_ptr<lab::LabServer>> servers;
  std::vector<CommandResult> results(kProcesses);
  std::vector<std::thread> threads;
  for (int i = 0; i < kProcesses; ++i) {
    servers.push_back(StartLab("tls13-alert-protocol-version"));
  }
  for (int i = 0; i < kProcesses; ++i) {
    threads.emplace_back([&, i] { results[i] = Connect(servers[i]->port()); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const CommandResult& result : results) {
    EXPECT_EQ(result.exit_code(), 0) << result.process.out;
    EXPECT_EQ(result.process.err, "");
  }
  EXPECT_THAT(Listed({"--rung", "tls12"}), SizeIs(kProcesses));
  EXPECT_EQ(Json({"verify"}).json["outcome"], "ok");
}

TEST_F(CacheCommandTest, ConnectToAKnownHostWritesNothing) {
  for (const char* behaviour : {"healthy", "tls13-alert-protocol-version"}) {
    const auto server = StartLab(behaviour);
    ASSERT_EQ(Connect(server->port()).exit_code(), 0);
    const std::string before = directory_.Read("hosts.db");
    const fs::file_time_type written = fs::last_write_time(path());
    ASSERT_EQ(Connect(server->port()).exit_code(), 0);
    EXPECT_EQ(directory_.Read("hosts.db"), before) << behaviour;
    EXPECT_EQ(fs::last_write_time(path()), written) << behaviour;
  }
}

// A server that was replaced by a lesser one is refused, since it might be an
// attacker; the report says how to let it in.
TEST_F(CacheCommandTest, LesserServerIsLetInOnceTheUserSaysSo) {
  auto server = StartLab("healthy");
  const uint16_t port = server->port();
  ASSERT_EQ(Connect(port).exit_code(), 0);
  server.reset();
  server = StartLab("tls13-alert-protocol-version", port);
  ASSERT_NE(server, nullptr);
  CommandResult refused = Connect(port);
  EXPECT_NE(refused.exit_code(), 0);
  const std::string host = absl::StrCat("localhost:", port);
  const auto advice =
      refused.json["diagnosis"]["advice"].get<std::vector<std::string>>();
  EXPECT_THAT(advice, Contains(HasSubstr("holdfast cache forget " + host)));
  EXPECT_EQ(Cache({"forget", host}).exit_code(), 0);
  CommandResult recovered = Connect(port);
  EXPECT_EQ(recovered.exit_code(), 0) << recovered.process.out;
  EXPECT_EQ(recovered.json["tls"]["version"], "TLS1.2");
}

}  // namespace
}  // namespace holdfast::test
