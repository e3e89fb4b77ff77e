// The cache file under abuse: several processes, kills, damage, and files and
// folders that cannot be used (promise 13).

#include "holdfast/fallback/sqlite_host_cache.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "holdfast/core/base/unique_fd.h"

namespace holdfast {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);
constexpr LearnedReduction kTls12{
    Rung::kTls12, ErrorCode::kClosedDuringHandshake, TlsVersion::kTls12, false};
constexpr uid_t kNobody = 65534;

HostKey Key(absl::string_view host) {
  return HostKey{Endpoint{*Host::Parse(host), 993},
                 ConnectionSecurity::kImplicitTls, ""};
}
HostKey NumberedKey(absl::string_view prefix, int number) {
  return Key(absl::StrCat(prefix, number, ".example"));
}

std::string ReadFile(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}
void WriteFile(const fs::path& path, absl::string_view bytes) {
  std::ofstream(path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  ::chmod(path.c_str(), 0600);
}

mode_t ModeOf(const fs::path& path) {
  struct stat file;
  return ::lstat(path.c_str(), &file) == 0 ? file.st_mode & 07777 : 0;
}

// Changes a file as another program would. `path` must not be open here.
void Sql(const fs::path& path, const std::string& statements) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  char* error = nullptr;
  sqlite3_exec(db, statements.c_str(), nullptr, nullptr, &error);
  EXPECT_EQ(error, nullptr) << error;
  sqlite3_close(db);
}

// A process of its own that runs `work` and exits with what it returns.
pid_t Start(const std::function<int()>& work) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(work());
  return pid;
}
int StatusOf(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Prints what went wrong, for tests whose cache lives in another process.
int Failures(HostCache& cache) {
  int count = 0;
  for (const Error& warning : cache.TakeWarnings()) {
    fprintf(stderr, "%s\n", warning.Message().c_str());
    ++count;
  }
  return count;
}

class SqliteHostCacheTest : public testing::Test {
 protected:
  SqliteHostCacheTest() {
    char folder[] = "/tmp/holdfast-cache-XXXXXX";
    folder_ = ::mkdtemp(folder);
    path_ = folder_ / "hosts.db";
  }
  ~SqliteHostCacheTest() override { fs::remove_all(folder_); }

  std::unique_ptr<HostCache> Open() { return OpenSqliteHostCache(path_); }

  // A file that holds some hosts, closed.
  void MakeFile(int hosts = 1) {
    const std::unique_ptr<HostCache> cache = Open();
    for (int i = 0; i < hosts; ++i) {
      cache->Apply(NumberedKey("h", i), kTls12, kStart);
    }
    ASSERT_TRUE(cache->persistent());
  }

  // The files that were set aside, without their companions.
  std::vector<fs::path> SetAside() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      const std::string name = entry.path().filename();
      if (name.rfind("hosts.db.damaged-", 0) == 0 && name.back() == 'Z') {
        found.push_back(entry.path());
      }
    }
    return found;
  }

  // The cache works, and says once why not on the file.
  void ExpectMemoryOnly(HostCache& cache, absl::string_view why) {
    EXPECT_FALSE(cache.Apply(Key("mail.example"), kTls12, kStart).empty());
    EXPECT_FALSE(cache.Lookup(Key("mail.example")).empty());
    EXPECT_FALSE(cache.persistent());
    const std::vector<Error> warnings = cache.TakeWarnings();
    ASSERT_THAT(warnings, SizeIs(1));
    EXPECT_EQ(warnings[0].code, ErrorCode::kCacheUnusable);
    EXPECT_THAT(warnings[0].message,
                AllOf(HasSubstr(path_.string()), HasSubstr(std::string(why))));
    EXPECT_FALSE(cache.Forget(*Host::Parse("mail.example"), {}, true).ok());
  }

  // The damaged file lies aside, byte by byte, and a new one is in use.
  void ExpectSetAside(HostCache& cache, const std::string& damaged) {
    cache.Apply(Key("mail.example"), kTls12, kStart);
    EXPECT_TRUE(cache.persistent());
    const std::vector<Error> warnings = cache.TakeWarnings();
    ASSERT_THAT(warnings, SizeIs(1));
    EXPECT_EQ(warnings[0].code, ErrorCode::kCacheDamaged);
    ASSERT_THAT(SetAside(), SizeIs(1));
    const fs::path aside = SetAside()[0];
    EXPECT_THAT(warnings[0].message,
                AllOf(HasSubstr(path_.string()), HasSubstr(aside.string())));
    EXPECT_EQ(ReadFile(aside), damaged);
    EXPECT_FALSE(Open()->Lookup(Key("mail.example")).empty());
  }

  fs::path folder_;
  fs::path path_;
};

TEST_F(SqliteHostCacheTest, RecordsOutliveTheCache) {
  const HostRecord record = Open()->Apply(Key("mail.example"), kTls12, kStart);
  const std::unique_ptr<HostCache> cache = Open();
  EXPECT_EQ(cache->Lookup(Key("mail.example")), record);
  EXPECT_THAT(cache->TakeWarnings(), IsEmpty());
}

TEST_F(SqliteHostCacheTest, FilesAreForTheirOwnerOnlyWhateverTheUmask) {
  path_ = folder_ / "made" / "for it" / "hosts.db";
  const mode_t before = ::umask(0);
  const std::unique_ptr<HostCache> cache = Open();
  cache->Apply(Key("mail.example"), kTls12, kStart);
  ::umask(before);
  EXPECT_EQ(ModeOf(path_), 0600);
  EXPECT_EQ(ModeOf(path_.string() + "-wal"), 0600);
  EXPECT_EQ(ModeOf(path_.string() + "-shm"), 0600);
  EXPECT_EQ(ModeOf(folder_ / "made"), 0700);
  EXPECT_EQ(ModeOf(folder_ / "made" / "for it"), 0700);
}

TEST_F(SqliteHostCacheTest, ClosedCacheLeavesOneFile) {
  MakeFile();
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

TEST_F(SqliteHostCacheTest, KnownHostWritesNothing) {
  MakeFile();
  const std::string before = ReadFile(path_);
  const std::unique_ptr<HostCache> cache = Open();
  cache->Apply(NumberedKey("h", 0), LearnedProof{TlsVersion::kTls12, false},
               kStart + absl::Hours(1));
  EXPECT_EQ(fs::file_size(path_.string() + "-wal"), 0);
  EXPECT_EQ(ReadFile(path_), before);
}

TEST_F(SqliteHostCacheTest, WhatOneCacheLearnsTheOtherUsesAtOnce) {
  const std::unique_ptr<HostCache> one = Open();
  const std::unique_ptr<HostCache> other = Open();
  EXPECT_TRUE(other->Lookup(Key("mail.example")).empty());
  const HostRecord record = one->Apply(Key("mail.example"), kTls12, kStart);
  EXPECT_EQ(other->Lookup(Key("mail.example")), record);
}

// Says one byte to whoever waits for it.
void Signal(int fd) { ASSERT_EQ(::write(fd, "+", 1), 1); }
bool WaitFor(int fd) {
  char byte;
  return ::read(fd, &byte, 1) == 1;
}

// Both live on with their caches open, and each has asked for the host before
// the other learns of it.
TEST_F(SqliteHostCacheTest, WhatOneProcessLearnsTheOtherUsesAtItsNextConnect) {
  int to_child[2];
  int to_us[2];
  ASSERT_EQ(::pipe2(to_child, O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(to_us, O_CLOEXEC), 0);
  const pid_t child = Start([&] {
    const std::unique_ptr<HostCache> cache = Open();
    const bool unknown = cache->Lookup(Key("ours.example")).empty();
    Signal(to_us[1]);
    WaitFor(to_child[0]);
    const bool known = !cache->Lookup(Key("ours.example")).empty();
    cache->Apply(Key("theirs.example"), kTls12, kStart);
    cache->Apply(Key("ours.example"), ForgetReduction{}, kStart);
    Signal(to_us[1]);
    WaitFor(to_child[0]);
    return unknown && known ? Failures(*cache) : 1;
  });
  const std::unique_ptr<HostCache> cache = Open();
  EXPECT_TRUE(cache->Lookup(Key("theirs.example")).empty());
  ASSERT_TRUE(WaitFor(to_us[0]));
  cache->Apply(Key("ours.example"), kTls12, kStart);
  EXPECT_TRUE(cache->Lookup(Key("ours.example")).ActiveReduction(kStart));
  Signal(to_child[1]);
  ASSERT_TRUE(WaitFor(to_us[0]));
  EXPECT_TRUE(cache->Lookup(Key("theirs.example")).ActiveReduction(kStart));
  EXPECT_FALSE(cache->Lookup(Key("ours.example")).ActiveReduction(kStart));
  Signal(to_child[1]);
  EXPECT_EQ(StatusOf(child), 0);
  for (int fd : {to_child[0], to_child[1], to_us[0], to_us[1]}) ::close(fd);
}

// Its own writes are seen by a cache that has read the host before.
TEST_F(SqliteHostCacheTest, CacheSeesItsOwnWrites) {
  const std::unique_ptr<HostCache> cache = Open();
  EXPECT_TRUE(cache->Lookup(Key("mail.example")).empty());
  cache->Apply(Key("mail.example"), kTls12, kStart);
  EXPECT_TRUE(cache->Lookup(Key("mail.example")).ActiveReduction(kStart));
  EXPECT_TRUE(cache->Forget(*Host::Parse("mail.example"), {}, true).ok());
  EXPECT_TRUE(cache->Lookup(Key("mail.example")).empty());
  cache->Apply(Key("mail.example"), kTls12, kStart);
  EXPECT_EQ(*cache->ForgetAll(), 1);
  EXPECT_TRUE(cache->Lookup(Key("mail.example")).empty());
}

TEST_F(SqliteHostCacheTest, ForgottenHostLeavesNoByteInTheFile) {
  MakeFile(50);
  ASSERT_THAT(ReadFile(path_), HasSubstr("h17.example"));
  ASSERT_TRUE(Open()->Forget(*Host::Parse("h17.example"), {}, true).ok());
  EXPECT_EQ(ReadFile(path_).find("h17.example"), std::string::npos);
  EXPECT_THAT(ReadFile(path_), HasSubstr("h18.example"));
  ASSERT_TRUE(Open()->ForgetAll().ok());
  EXPECT_EQ(ReadFile(path_).find(".example"), std::string::npos);
}

TEST_F(SqliteHostCacheTest, WhenAHostWasUsedIsWrittenWithTheNextWrite) {
  const std::unique_ptr<HostCache> cache = Open();
  cache->Apply(Key("known.example"), kTls12, kStart);
  const absl::Time used = kStart + absl::Hours(1);
  cache->Apply(Key("known.example"), LearnedProof{TlsVersion::kTls12, false},
               used);
  EXPECT_EQ(Open()->Lookup(Key("known.example")).fields().last_seen, kStart);
  cache->Apply(Key("new.example"), kTls12, used + absl::Hours(1));
  EXPECT_EQ(Open()->Lookup(Key("known.example")).fields().last_seen, used);
}

TEST_F(SqliteHostCacheTest, PinWithoutEndIsReadBackAsSuch) {
  MakeFile();
  Sql(path_,
      "UPDATE host SET origin = 'pinned', reason = NULL, "
      "expires_at = 9223372036854775807, lifetime = 9223372036854775807");
  const HostRecord record = Open()->Lookup(NumberedKey("h", 0));
  ASSERT_TRUE(record.fields().reduction);
  EXPECT_EQ(record.fields().reduction->expires_at, absl::InfiniteFuture());
  EXPECT_EQ(record.fields().reduction->lifetime, absl::InfiniteDuration());
}

TEST_F(SqliteHostCacheTest, ThreadsShareACache) {
  constexpr int kThreads = 4;
  constexpr int kWrites = 25;
  const std::unique_ptr<HostCache> cache = Open();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&cache, t] {
      for (int i = 0; i < kWrites; ++i) {
        cache->Apply(Key("mail.example"), kTls12, kStart);
        cache->Apply(NumberedKey("t", t), kTls12, kStart);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(cache->Lookup(Key("mail.example")).fields().failures,
            kThreads * kWrites);
  EXPECT_THAT(cache->List(), SizeIs(kThreads + 1));
  EXPECT_THAT(cache->TakeWarnings(), IsEmpty());
}

// All of them find no file, make it, and write the same key and their own.
TEST_F(SqliteHostCacheTest, SixteenProcessesLoseNoUpdateAndSeeNoLock) {
  constexpr int kProcesses = 16;
  constexpr int kWrites = 20;
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    children.push_back(Start([this, p] {
      int failures = 0;
      for (int i = 0; i < kWrites; ++i) {
        const std::unique_ptr<HostCache> cache = Open();
        cache->Apply(Key("mail.example"), kTls12, kStart);
        cache->Apply(NumberedKey(absl::StrCat("p", p, "-"), i), kTls12, kStart);
        failures += Failures(*cache);
      }
      return failures;
    }));
  }
  for (pid_t child : children) EXPECT_EQ(StatusOf(child), 0);
  const std::unique_ptr<HostCache> cache = Open();
  EXPECT_EQ(cache->Lookup(Key("mail.example")).fields().failures,
            kProcesses * kWrites);
  EXPECT_THAT(cache->List(), SizeIs(1 + kProcesses * kWrites));
  EXPECT_THAT(SetAside(), IsEmpty());
}

// A process that writes one host after another, and a byte to `acknowledge`
// after each, until it is killed.
pid_t StartWriter(const fs::path& path, const std::string& prefix,
                  int acknowledge) {
  return Start([=] {
    const std::unique_ptr<HostCache> cache = OpenSqliteHostCache(path);
    for (int i = 0;; ++i) {
      cache->Apply(NumberedKey(prefix, i), kTls12, kStart);
      const bool kept = Failures(*cache) == 0;
      if (!kept || ::write(acknowledge, "+", 1) != 1) return 1;
    }
  });
}

// A writer that is to be killed.
class Victim {
 public:
  Victim(const fs::path& path, const std::string& prefix) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    from_writer_.reset(ends[0]);
    const UniqueFd to_us(ends[1]);
    pid_ = StartWriter(path, prefix, to_us.get());
  }

  // Waits until it has written one host more; returns how long that took.
  absl::Duration AwaitWrite() {
    const absl::Time begun = absl::Now();
    EXPECT_TRUE(Read()) << "it ended before it was killed";
    return absl::Now() - begun;
  }
  // Returns how many hosts it has written.
  int Kill() {
    ::kill(pid_, SIGKILL);
    EXPECT_EQ(StatusOf(pid_), -1) << "it ended before it was killed";
    while (Read()) {
    }
    return committed_;
  }

 private:
  bool Read() {
    char byte;
    const bool written = ::read(from_writer_.get(), &byte, 1) == 1;
    committed_ += written;
    return written;
  }

  UniqueFd from_writer_;
  pid_t pid_ = -1;
  int committed_ = 0;
};

class Mean {
 public:
  void Add(absl::Duration time) {
    sum_ += time;
    ++count_;
  }
  absl::Duration value() const { return sum_ / std::max(count_, 1); }

 private:
  absl::Duration sum_;
  int count_ = 0;
};

// Each fifth round starts without a file, so that its making is killed too.
// What earlier rounds have committed must be there as well. Half of the kills
// come before the first write is done, at any point of it however long it
// takes; the others during a later one.
TEST_F(SqliteHostCacheTest, KilledWriterLosesNoCommittedRecord) {
  constexpr int kRounds = 500;
  constexpr int kMostAwaited = 20;
  std::mt19937 random(20261121);
  Mean takes_to_make;  // the file, and to write a first host
  Mean takes_to_open;  // the same with a file that is there
  Mean takes_to_write;
  int in_file = 0;
  int in_all = 0;
  for (int round = 0; round < kRounds; ++round) {
    if (round % 5 == 0) {
      path_ = folder_ / absl::StrCat("hosts", round, ".db");
      in_file = 0;
    }
    const std::string prefix = absl::StrCat("r", round, "-");
    Mean& takes_first = round % 5 == 0 ? takes_to_make : takes_to_open;
    const bool is_early = round >= 5 && random() % 2 == 0;
    const int awaited =
        is_early ? 0 : 1 + static_cast<int>(random() % kMostAwaited);
    Victim victim(path_, prefix);
    for (int i = 0; i < awaited; ++i) {
      (i == 0 ? takes_first : takes_to_write).Add(victim.AwaitWrite());
    }
    const Mean& takes = is_early ? takes_first : takes_to_write;
    absl::SleepFor(std::uniform_real_distribution<double>(0, 1.2)(random) *
                   takes.value());
    const int committed = victim.Kill();

    const std::unique_ptr<HostCache> cache = Open();
    for (int i = 0; i < committed; ++i) {
      ASSERT_FALSE(cache->Lookup(NumberedKey(prefix, i)).empty())
          << "round " << round << ", record " << i << " of " << committed;
    }
    in_file += committed;
    in_all += committed;
    ASSERT_GE(cache->List().size(), in_file) << "round " << round;
    ASSERT_THAT(cache->TakeWarnings(), IsEmpty());
    ASSERT_TRUE(cache->persistent());
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(in_all, kRounds);
}

TEST_F(SqliteHostCacheTest, EmptyFileIsANewOne) {
  WriteFile(path_, "");
  MakeFile();
  EXPECT_THAT(SetAside(), IsEmpty());
  EXPECT_FALSE(Open()->Lookup(NumberedKey("h", 0)).empty());
}

TEST_F(SqliteHostCacheTest, NoiseIsSetAside) {
  const std::string noise(5000, 'x');
  WriteFile(path_, noise);
  ExpectSetAside(*Open(), noise);
}

TEST_F(SqliteHostCacheTest, TruncatedFileIsSetAside) {
  MakeFile(200);
  fs::resize_file(path_, fs::file_size(path_) / 2);
  const std::string damaged = ReadFile(path_);
  ExpectSetAside(*Open(), damaged);
}

TEST_F(SqliteHostCacheTest, NoiseInThePagesIsSetAsideWhenItIsMet) {
  MakeFile(200);
  std::string damaged = ReadFile(path_);
  damaged.replace(4096, std::string::npos,
                  std::string(damaged.size() - 4096, '\xee'));
  WriteFile(path_, damaged);
  const std::unique_ptr<HostCache> cache = Open();
  EXPECT_TRUE(cache->Lookup(NumberedKey("h", 0)).empty());
  ExpectSetAside(*cache, damaged);
}

// Wherever it is: cut off, or noise of some length in some place.
TEST_F(SqliteHostCacheTest, NoDamageStandsInTheWay) {
  constexpr int kRounds = 150;
  MakeFile(200);
  const std::string good = ReadFile(path_);
  std::mt19937 random(20261122);
  for (int round = 0; round < kRounds; ++round) {
    std::string bytes = good;
    const size_t place = random() % good.size();
    if (round % 3 == 0) {
      bytes.resize(place);
    } else {
      const size_t end = std::min(place + random() % 5000, good.size());
      for (size_t i = place; i < end; ++i)
        bytes[i] = static_cast<char>(random());
    }
    path_ = folder_ / absl::StrCat("hosts", round, ".db");
    WriteFile(path_, bytes);
    const std::unique_ptr<HostCache> cache = Open();
    cache->Lookup(NumberedKey("h", round));
    const HostRecord record = cache->Apply(Key("mail.example"), kTls12, kStart);
    EXPECT_FALSE(record.empty());
    EXPECT_EQ(cache->Lookup(Key("mail.example")), record) << "round " << round;
    cache->List();
    EXPECT_LE(cache->TakeWarnings().size(), 1) << "round " << round;
  }
}

TEST_F(SqliteHostCacheTest, FileWithoutItsTableIsSetAside) {
  MakeFile();
  Sql(path_, "DROP TABLE host");
  const std::string damaged = ReadFile(path_);
  ExpectSetAside(*Open(), damaged);
}

TEST_F(SqliteHostCacheTest, ProcessesThatMeetDamageAtOnceSetOneFileAside) {
  constexpr int kProcesses = 8;
  WriteFile(path_, std::string(5000, 'x'));
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    children.push_back(Start([this, p] {
      const std::unique_ptr<HostCache> cache = Open();
      cache->Apply(NumberedKey("p", p), kTls12, kStart);
      return cache->persistent() ? 0 : Failures(*cache);
    }));
  }
  for (pid_t child : children) EXPECT_EQ(StatusOf(child), 0);
  EXPECT_THAT(SetAside(), SizeIs(1));
  EXPECT_THAT(Open()->List(), SizeIs(kProcesses));
}

TEST_F(SqliteHostCacheTest, SecondDamagedFileDoesNotReplaceTheFirst) {
  for (int i = 0; i < 2; ++i) {
    WriteFile(path_, "damage enough to be told from a database");
    EXPECT_TRUE(Open()->persistent());
  }
  int kept = 0;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    kept += entry.path().filename().string().rfind("hosts.db.dam", 0) == 0;
  }
  EXPECT_EQ(kept, 2);
}

TEST_F(SqliteHostCacheTest, DeletedFileIsMadeAgain) {
  const std::unique_ptr<HostCache> cache = Open();
  cache->Apply(Key("mail.example"), kTls12, kStart);
  for (const char* companion : {"-wal", "-shm", ""}) {
    fs::remove(path_.string() + companion);
  }
  EXPECT_TRUE(cache->Lookup(Key("mail.example")).empty());
  cache->Apply(Key("mail.example"), kTls12, kStart);
  EXPECT_FALSE(Open()->Lookup(Key("mail.example")).empty());
  EXPECT_THAT(cache->TakeWarnings(), IsEmpty());
}

TEST_F(SqliteHostCacheTest, FileOfANewerVersionIsLeftAlone) {
  MakeFile();
  Sql(path_,
      absl::StrCat("PRAGMA user_version = ", kHostCacheFormatVersion + 1));
  const std::string before = ReadFile(path_);
  ExpectMemoryOnly(*Open(), "newer version");
  EXPECT_EQ(ReadFile(path_), before);
}

// A file as version 1 of the format had it.
constexpr char kVersion1[] = R"(
  PRAGMA journal_mode = WAL;
  BEGIN;
  CREATE TABLE host (
    host       TEXT    NOT NULL,
    port       INTEGER NOT NULL,
    security   TEXT    NOT NULL,
    scope      TEXT    NOT NULL DEFAULT '',
    proven     TEXT,
    proven_at  INTEGER,
    rung       TEXT,
    reason     TEXT,
    origin     TEXT,
    expires_at INTEGER,
    lifetime   INTEGER,
    failures   INTEGER NOT NULL DEFAULT 0,
    recoveries INTEGER NOT NULL DEFAULT 0,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    spent_at   INTEGER NOT NULL,
    PRIMARY KEY (host, port, security, scope)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX host_by_spent_at ON host (spent_at);
  INSERT INTO host VALUES
    ('healthy.example', 993, 'implicit', '', 'TLS1.3', 1800000000000000,
     NULL, NULL, NULL, NULL, NULL, 0, 0,
     1799000000000000, 1800000000000000, 1802592000000000),
    ('old.example', 143, 'starttls', 'office', 'TLS1.2', 1800000000000000,
     'tls12', 'closed_during_handshake', 'observed', 1800086400000000,
     86400000000, 3, 2, 1799000000000000, 1800000000000000, 1802592000000000),
    ('pinned.example', 993, 'implicit', '', NULL, NULL,
     'tls12', 'version_refused', 'pinned', 1800086400000000,
     86400000000, 0, 0, 1800000000000000, 1800000000000000, 1800086400000000);
  PRAGMA application_id = 1212564273;
  PRAGMA user_version = 1;
  COMMIT;
)";

// The version that a closed file says it has.
int64_t FormatOf(const fs::path& path) {
  const std::string header = ReadFile(path).substr(60, 4);  // big-endian
  int64_t version = 0;
  for (unsigned char byte : header) version = version * 256 + byte;
  return version;
}

TEST_F(SqliteHostCacheTest, FileOfVersion1IsBroughtUpToDateWithAllItHolds) {
  Sql(path_, kVersion1);
  ::chmod(path_.c_str(), 0600);
  ASSERT_EQ(FormatOf(path_), 1);
  {
    const std::unique_ptr<HostCache> cache = Open();
    EXPECT_THAT(cache->TakeWarnings(), IsEmpty());
    EXPECT_THAT(cache->List(), SizeIs(3));
    EXPECT_EQ(cache->Lookup(Key("healthy.example")).ProvenVersion(kStart, {}),
              TlsVersion::kTls13);
    const HostRecord old =
        cache->Lookup(HostKey{Endpoint{*Host::Parse("old.example"), 143},
                              ConnectionSecurity::kStartTls, "office"});
    EXPECT_EQ(old.fields().reduction,
              (Reduction{Rung::kTls12, ErrorCode::kClosedDuringHandshake,
                         RecordOrigin::kObserved, kStart + absl::Hours(24),
                         absl::Hours(24)}));
    EXPECT_EQ(old.fields().failures, 3);
    EXPECT_EQ(old.fields().recoveries, 2);
    EXPECT_EQ(old.fields().first_seen, kStart - absl::Seconds(1'000'000));
    EXPECT_EQ(
        cache->Lookup(Key("pinned.example")).ActiveReduction(kStart)->origin,
        RecordOrigin::kPinned);
    cache->Apply(Key("mail.example"), kTls12, kStart);
  }
  EXPECT_EQ(FormatOf(path_), kHostCacheFormatVersion);
  EXPECT_TRUE(VerifyHostCache(path_)->ok());

  // It now has what a new file has.
  const auto schema = [](const fs::path& path) {
    sqlite3* db = nullptr;
    std::string text;
    EXPECT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
    sqlite3_exec(
        db, "SELECT name FROM sqlite_schema ORDER BY name",
        [](void* out, int, char** values, char**) {
          absl::StrAppend(static_cast<std::string*>(out), values[0], " ");
          return 0;
        },
        &text, nullptr);
    sqlite3_close(db);
    return text;
  };
  const fs::path migrated = path_;
  path_ = folder_ / "new.db";
  MakeFile();
  EXPECT_EQ(schema(migrated), schema(path_));
}

TEST_F(SqliteHostCacheTest, ProcessesBringAFileUpToDateTogether) {
  constexpr int kProcesses = 8;
  Sql(path_, kVersion1);
  ::chmod(path_.c_str(), 0600);
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    children.push_back(Start([this, p] {
      const std::unique_ptr<HostCache> cache = Open();
      cache->Apply(NumberedKey("p", p), kTls12, kStart);
      return Failures(*cache);
    }));
  }
  for (pid_t child : children) EXPECT_EQ(StatusOf(child), 0);
  EXPECT_THAT(Open()->List(), SizeIs(3 + kProcesses));
}

TEST_F(SqliteHostCacheTest, VersionThatNeverWasIsDamage) {
  MakeFile();
  Sql(path_, "PRAGMA user_version = 0");
  const std::string damaged = ReadFile(path_);
  ExpectSetAside(*Open(), damaged);
}

TEST_F(SqliteHostCacheTest, VerifyFindsAFileInOrderAndLeavesItAsItIs) {
  EXPECT_FALSE(VerifyHostCache(path_)->exists);
  EXPECT_FALSE(fs::exists(path_)) << "looking makes no file";
  MakeFile(20);
  const std::string before = ReadFile(path_);
  const absl::StatusOr<HostCacheCheck> check = VerifyHostCache(path_);
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_TRUE(check->exists);
  EXPECT_TRUE(check->ok());
  EXPECT_EQ(check->records, 20);
  EXPECT_EQ(check->unknown, 0);
  EXPECT_EQ(check->format_version, kHostCacheFormatVersion);
  EXPECT_EQ(ReadFile(path_), before);
}

TEST_F(SqliteHostCacheTest, VerifyNamesEachRecordThatBreaksAnInvariant) {
  MakeFile(5);
  Sql(path_,
      "UPDATE host SET proven = 'TLS1.3' WHERE host = 'h0.example';"
      "UPDATE host SET failures = -1 WHERE host = 'h1.example';"
      "UPDATE host SET port = 0 WHERE host = 'h2.example';"
      "UPDATE host SET rung = 'tls12-small' WHERE host = 'h3.example'");
  const absl::StatusOr<HostCacheCheck> check = VerifyHostCache(path_);
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_THAT(
      check->problems,
      ElementsAre(AllOf(HasSubstr("h0.example:993"), HasSubstr("offers less")),
                  HasSubstr("h1.example:993"), HasSubstr("h2.example:0")));
  EXPECT_EQ(check->records, 1);
  EXPECT_EQ(check->unknown, 1);
}

TEST_F(SqliteHostCacheTest, VerifyFindsDamageAndLeavesItAsItIs) {
  MakeFile(200);
  std::string damaged = ReadFile(path_);
  damaged.replace(damaged.size() / 2, 3000, std::string(3000, '\xee'));
  for (const std::string& bytes :
       {damaged, damaged.substr(0, damaged.size() / 3),
        std::string(5000, 'x')}) {
    WriteFile(path_, bytes);
    const absl::StatusOr<HostCacheCheck> check = VerifyHostCache(path_);
    ASSERT_TRUE(check.ok()) << check.status();
    EXPECT_FALSE(check->ok());
    EXPECT_EQ(ReadFile(path_), bytes);
    EXPECT_THAT(SetAside(), IsEmpty());
  }
}

TEST_F(SqliteHostCacheTest, VerifySaysWhyItCannotLook) {
  MakeFile();
  ::chmod(path_.c_str(), 0666);
  EXPECT_THAT(VerifyHostCache(path_).status().message(),
              HasSubstr("written by others"));
  ::chmod(path_.c_str(), 0600);
  Sql(path_, "PRAGMA user_version = 99");
  EXPECT_THAT(VerifyHostCache(path_).status().message(),
              HasSubstr("newer version"));
}

TEST_F(SqliteHostCacheTest, DatabaseOfAnotherProgramIsLeftAlone) {
  Sql(path_, "CREATE TABLE bookmarks (url TEXT)");
  ::chmod(path_.c_str(), 0600);
  const std::string before = ReadFile(path_);
  ExpectMemoryOnly(*Open(), "another program");
  EXPECT_EQ(ReadFile(path_), before);
}

TEST_F(SqliteHostCacheTest, FileThatOthersMayWriteIsRefused) {
  MakeFile();
  for (mode_t mode : {0620, 0602}) {
    ::chmod(path_.c_str(), mode);
    ExpectMemoryOnly(*Open(), "written by others");
  }
}

TEST_F(SqliteHostCacheTest, LogThatOthersMayWriteIsRefused) {
  MakeFile();
  WriteFile(path_.string() + "-wal", "");
  ::chmod((path_.string() + "-wal").c_str(), 0666);
  ExpectMemoryOnly(*Open(), "-wal may be written by others");
}

TEST_F(SqliteHostCacheTest, FileOfAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  MakeFile();
  ASSERT_EQ(::chown(path_.c_str(), kNobody, kNobody), 0);
  ExpectMemoryOnly(*Open(), "another user");
}

TEST_F(SqliteHostCacheTest, WhatIsNotAFileIsRefused) {
  MakeFile();
  const fs::path target = path_;
  path_ = folder_ / "link.db";
  fs::create_symlink(target, path_);
  ExpectMemoryOnly(*Open(), "not a regular file");
  path_ = "/dev/full";
  ExpectMemoryOnly(*Open(), "not a regular file");
  path_ = folder_;
  ExpectMemoryOnly(*Open(), "not a regular file");
}

TEST_F(SqliteHostCacheTest, PathInAFileIsRefused) {
  WriteFile(folder_ / "file", "");
  path_ = folder_ / "file" / "hosts.db";
  ExpectMemoryOnly(*Open(), "Not a directory");
}

// Root may do anything, so that these run as another user.
class UnprivilegedTest : public SqliteHostCacheTest {
 protected:
  // Whether `work`, run by a user who does not own everything, has failed no
  // expectation.
  bool Unprivileged(const std::function<void()>& work) {
    return StatusOf(Start([&] {
             if (::geteuid() == 0 &&
                 ::setresuid(kNobody, kNobody, kNobody) != 0)
               return 2;
             work();
             return HasFailure() ? 1 : 0;
           })) == 0;
  }

  // Gives the folder to that user, with `mode`.
  void GiveFolder(mode_t mode) {
    if (::geteuid() == 0) {
      ASSERT_EQ(::chown(folder_.c_str(), kNobody, kNobody), 0);
    }
    ::chmod(folder_.c_str(), mode);
  }
};

TEST_F(UnprivilegedTest, FolderThatCannotBeWrittenCostsOnlyTheMemory) {
  GiveFolder(0500);
  EXPECT_TRUE(Unprivileged(
      [this] { ExpectMemoryOnly(*Open(), "cannot be made: Permission"); }));
  path_ = folder_ / "new" / "hosts.db";
  EXPECT_TRUE(Unprivileged(
      [this] { ExpectMemoryOnly(*Open(), "cannot be made: Permission"); }));
}

TEST_F(UnprivilegedTest, FileInAFolderThatBecameReadOnlyCostsOnlyTheMemory) {
  GiveFolder(0700);
  EXPECT_TRUE(Unprivileged([this] { MakeFile(); }));
  GiveFolder(0500);
  EXPECT_TRUE(Unprivileged([this] { ExpectMemoryOnly(*Open(), "readonly"); }));
}

TEST_F(UnprivilegedTest, DamagedFileThatCannotBeMovedIsLeftAlone) {
  GiveFolder(0700);
  EXPECT_TRUE(
      Unprivileged([this] { WriteFile(path_, std::string(5000, 'x')); }));
  GiveFolder(0500);
  EXPECT_TRUE(Unprivileged(
      [this] { ExpectMemoryOnly(*Open(), "cannot be set aside"); }));
}

// A limit on the size of files stands for a full disk.
TEST_F(SqliteHostCacheTest, FullDiskCostsWhatIsLearnedNotWhatIsKnown) {
  MakeFile();
  EXPECT_EQ(StatusOf(Start([this] {
              const std::unique_ptr<HostCache> cache = Open();
              ::signal(SIGXFSZ, SIG_IGN);
              const rlimit limit = {100, 100};
              ::setrlimit(RLIMIT_FSIZE, &limit);
              ExpectMemoryOnly(*cache, "disk");
              EXPECT_FALSE(cache->Lookup(NumberedKey("h", 0)).empty());
              return HasFailure() ? 1 : 0;
            })),
            0);
  EXPECT_FALSE(Open()->Lookup(NumberedKey("h", 0)).empty());
}

TEST_F(SqliteHostCacheTest, DiskThatWasFullFromTheStartCostsOnlyTheMemory) {
  EXPECT_EQ(StatusOf(Start([this] {
              ::signal(SIGXFSZ, SIG_IGN);
              const rlimit limit = {0, 0};
              ::setrlimit(RLIMIT_FSIZE, &limit);
              ExpectMemoryOnly(*Open(), "disk");
              return HasFailure() ? 1 : 0;
            })),
            0);
}

TEST_F(SqliteHostCacheTest, RungsAndReasonsOfANewerProgramArePassedOver) {
  MakeFile(4);
  Sql(path_,
      "UPDATE host SET rung = 'tls12-small' WHERE host = 'h0.example';"
      "UPDATE host SET reason = 'tea_time' WHERE host = 'h1.example';"
      "UPDATE host SET security = 'quic' WHERE host = 'h2.example';"
      "INSERT INTO host (host, port, security, proven, proven_at, first_seen, "
      "last_seen, spent_at) VALUES ('h4.example', 993, 'implicit', 'TLS1.4', "
      "1, 1, 1, 1), ('-', 0, 'implicit', 'TLS1.3', 1, 1, 1, 1)");
  const std::unique_ptr<HostCache> cache = Open();
  EXPECT_THAT(cache->List(), SizeIs(3));
  for (int i : {0, 1}) {
    const HostRecord record = cache->Lookup(NumberedKey("h", i));
    EXPECT_FALSE(record.fields().reduction);
    EXPECT_EQ(record.ProvenVersion(kStart, {}), TlsVersion::kTls12);
  }
  EXPECT_TRUE(cache->Lookup(NumberedKey("h", 3)).fields().reduction);
  EXPECT_TRUE(cache->Lookup(NumberedKey("h", 4)).empty());
  EXPECT_THAT(cache->TakeWarnings(), IsEmpty());
}

TEST_F(SqliteHostCacheTest, RowThatBreaksTheRatchetKeepsItsProofOnly) {
  MakeFile();
  Sql(path_, "UPDATE host SET proven = 'TLS1.3'");
  const HostRecord record = Open()->Lookup(NumberedKey("h", 0));
  EXPECT_FALSE(record.fields().reduction);
  EXPECT_EQ(record.ProvenVersion(kStart, {}), TlsVersion::kTls13);
}

TEST_F(SqliteHostCacheTest, LockedFileCostsOnlyTheMemory) {
  MakeFile();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr),
            SQLITE_OK);
  const std::unique_ptr<HostCache> cache = Open();
  ExpectMemoryOnly(*cache, "locked for 5s");
  EXPECT_FALSE(cache->Lookup(NumberedKey("h", 0)).empty());
  sqlite3_close(db);
}

}  // namespace
}  // namespace holdfast
