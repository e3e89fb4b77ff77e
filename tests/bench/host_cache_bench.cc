// What the host cache costs a connect, next to plain SQLite and a plain hash
// map in the same run. Only the ratios mean anything on a shared machine; they
// stand at the end.
//
//   cmake --preset release -DHOLDFAST_BENCH=ON
//   cmake --build --preset release --target holdfast_host_cache_bench
//   build/release/tests/holdfast_host_cache_bench

#include <benchmark/benchmark.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "holdfast/fallback/host_table.h"
#include "holdfast/fallback/sqlite_host_cache.h"

namespace holdfast {
namespace {

constexpr int kHosts = 100'000;
// Of them, those that the look-ups go round: a client's, not a scan.
constexpr int kUsed = 100;
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr LearnedProof kHealthy{TlsVersion::kTls13, true};

HostKey Key(int number) {
  return HostKey{
      Endpoint{*Host::Parse(absl::StrCat("mail", number, ".example")), 993},
      ConnectionSecurity::kImplicitTls, ""};
}

void Run(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) abort();
}

// A cache file with kHosts healthy hosts, and the same in a map. Written past
// the cache, in one transaction: it is not what is measured.
class Fixture {
 public:
  Fixture() {
    char folder[] = "/tmp/holdfast-bench-XXXXXX";
    if (::mkdtemp(folder) == nullptr) abort();
    folder_ = folder;
    OpenSqliteHostCache(path());
    sqlite3* db = nullptr;
    if (sqlite3_open(path().c_str(), &db) != SQLITE_OK) abort();
    {
      HostTable table(db, RecordLifetimes());
      const HostRecord record =
          HostRecord().Apply(kHealthy, kNow, RecordLifetimes());
      Run(db, "BEGIN");
      for (int i = 0; i < kHosts; ++i) {
        if (!table.Write(Key(i), record).ok()) abort();
        map_.emplace(Key(i), record);
      }
      Run(db, "COMMIT");
    }
    sqlite3_close(db);
    for (int i = 0; i < kUsed; ++i) {
      known_.push_back(Key(i * (kHosts / kUsed)));
      unknown_.push_back(Key(kHosts + i));
    }
  }
  ~Fixture() { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ / "hosts.db"; }
  const absl::flat_hash_map<HostKey, HostRecord>& map() const { return map_; }
  const std::vector<HostKey>& known() const { return known_; }
  const std::vector<HostKey>& unknown() const { return unknown_; }

 private:
  std::filesystem::path folder_;
  absl::flat_hash_map<HostKey, HostRecord> map_;
  std::vector<HostKey> known_;
  std::vector<HostKey> unknown_;
};

const Fixture& Data() {
  static const Fixture data;
  return data;
}

void HashMap(benchmark::State& state) {
  int i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(Data().map().find(Data().known()[++i % kUsed]));
  }
}
BENCHMARK(HashMap);

// The snapshot alone, without the check for other processes.
void InMemory(benchmark::State& state) {
  const auto cache = NewMemoryHostCache(
      {}, RecordList(Data().map().begin(), Data().map().end()));
  int i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache->Lookup(Data().known()[++i % kUsed]));
  }
}
BENCHMARK(InMemory);

// What each connect does: the check for other processes' changes, and the
// look-up in what was read before.
void Lookup(benchmark::State& state, const std::vector<HostKey>& keys) {
  const auto cache = OpenSqliteHostCache(Data().path());
  for (const HostKey& key : keys) cache->Lookup(key);
  int i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(cache->Lookup(keys[++i % kUsed]));
  }
}
void LookupKnown(benchmark::State& state) { Lookup(state, Data().known()); }
void LookupUnknown(benchmark::State& state) { Lookup(state, Data().unknown()); }
BENCHMARK(LookupKnown);
BENCHMARK(LookupUnknown);

// The same look-up by a program that prepared its statement once.
void PlainSqlite(benchmark::State& state) {
  sqlite3* db = nullptr;
  sqlite3_open(Data().path().c_str(), &db);
  sqlite3_stmt* query = nullptr;
  sqlite3_prepare_v2(db,
                     "SELECT * FROM host WHERE host = ? AND port = ? AND "
                     "security = 'implicit' AND scope = ''",
                     -1, &query, nullptr);
  int i = 0;
  for (auto _ : state) {
    const HostKey& key = Data().known()[++i % kUsed];
    sqlite3_bind_text(query, 1, key.endpoint.host.name().c_str(), -1,
                      SQLITE_STATIC);
    sqlite3_bind_int(query, 2, key.endpoint.port);
    if (sqlite3_step(query) != SQLITE_ROW) abort();
    benchmark::DoNotOptimize(sqlite3_column_text(query, 4));
    sqlite3_reset(query);
  }
  sqlite3_finalize(query);
  sqlite3_close(db);
}
BENCHMARK(PlainSqlite);

// What a connection to a known healthy host writes: nothing.
void ApplyKnown(benchmark::State& state) {
  const auto cache = OpenSqliteHostCache(Data().path());
  int i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        cache->Apply(Data().known()[++i % kUsed], kHealthy, kNow));
  }
}
BENCHMARK(ApplyKnown);

// Open, and the first look-up, which reads the file: a run of the command.
void OpenAndLookup(benchmark::State& state) {
  for (auto _ : state) {
    const auto cache = OpenSqliteHostCache(Data().path());
    benchmark::DoNotOptimize(cache->Lookup(Data().known()[0]));
  }
}
BENCHMARK(OpenAndLookup)->Unit(benchmark::kMicrosecond);

void PlainSqliteOpen(benchmark::State& state) {
  for (auto _ : state) {
    sqlite3* db = nullptr;
    sqlite3_open(Data().path().c_str(), &db);
    Run(db, "SELECT * FROM host WHERE host = 'mail0.example'");
    sqlite3_close(db);
  }
}
BENCHMARK(PlainSqliteOpen)->Unit(benchmark::kMicrosecond);

// Prints the usual table, and keeps the times.
class Reporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      // Of the processor: others use this machine too.
      seconds_[run.benchmark_name()] =
          run.cpu_accumulated_time / static_cast<double>(run.iterations);
    }
    ConsoleReporter::ReportRuns(runs);
  }

  void PrintRatio(const char* what, const char* to) const {
    const auto a = seconds_.find(what);
    const auto b = seconds_.find(to);
    if (a == seconds_.end() || b == seconds_.end()) return;
    std::printf("%-14s / %-16s %8.2f\n", what, to, a->second / b->second);
  }

 private:
  std::map<std::string, double> seconds_;
};

}  // namespace
}  // namespace holdfast

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  holdfast::Data();
  holdfast::Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  std::printf("\nRatios\n");
  reporter.PrintRatio("InMemory", "HashMap");
  reporter.PrintRatio("InMemory", "PlainSqlite");
  reporter.PrintRatio("LookupKnown", "HashMap");
  reporter.PrintRatio("LookupKnown", "PlainSqlite");
  reporter.PrintRatio("LookupUnknown", "PlainSqlite");
  reporter.PrintRatio("ApplyKnown", "PlainSqlite");
  reporter.PrintRatio("OpenAndLookup", "PlainSqliteOpen");
  return 0;
}
