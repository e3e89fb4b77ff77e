// holdfast cache: shows and edits what is remembered of hosts.

#include <sys/stat.h>

#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tools/commands.h"
#include "tools/report.h"

namespace holdfast {
namespace {

// Says what went wrong with the cache; true if that is why nothing was done.
bool ReportWarnings(HostCache* cache) {
  bool any = false;
  for (const Error& warning : cache->TakeWarnings()) {
    std::cerr << "holdfast: " << ErrorText(warning);
    any = any || warning.code == ErrorCode::kCacheUnusable;
  }
  return any;
}

ExitStatus List(const GlobalOptions& global) {
  const std::unique_ptr<HostCache> cache = OpenCache(global);
  const RecordList records = cache->List();
  if (ReportWarnings(cache.get())) return kExitLocal;
  const absl::Time now = absl::Now();
  std::cout << (global.json ? JsonText(CacheListJson(records, now, {}))
                            : CacheListText(records, now, {}));
  return kExitDone;
}

// Reads a host as the user named it; nullopt, with the reason on standard
// error, if it is none.
std::optional<HostPort> ReadHost(const std::string& text) {
  absl::StatusOr<HostPort> host = HostPort::Parse(text);
  if (host.ok()) return *std::move(host);
  std::cerr << "holdfast: " << ErrorText(ErrorFromStatus(host.status()));
  return std::nullopt;
}

ExitStatus Show(const GlobalOptions& global, const std::string& host_text) {
  const std::optional<HostPort> host = ReadHost(host_text);
  if (!host) return kExitUsage;
  const std::unique_ptr<HostCache> cache = OpenCache(global);
  RecordList records;
  for (auto& [key, record] : cache->List()) {
    if (key.endpoint.host != host->host) continue;
    if (host->port && key.endpoint.port != *host->port) continue;
    records.emplace_back(key, record);
  }
  if (ReportWarnings(cache.get())) return kExitLocal;
  const absl::Time now = absl::Now();
  std::cout << (global.json ? JsonText(CacheShowJson(records, now, {}))
                            : CacheShowText(host_text, records, now, {}));
  return kExitDone;
}

ExitStatus Stats(const GlobalOptions& global) {
  const std::unique_ptr<HostCache> cache = OpenCache(global);
  CacheStats stats = CountRecords(cache->List(), absl::Now(), {});
  if (ReportWarnings(cache.get())) return kExitLocal;
  stats.path = CachePath(global);
  // The file, and what SQLite has not yet moved into it.
  for (const char* suffix : {"", "-wal"}) {
    struct stat file;
    if (stat((stats.path + suffix).c_str(), &file) == 0) {
      stats.bytes += file.st_size;
    }
  }
  std::cout << (global.json ? JsonText(CacheStatsJson(stats))
                            : CacheStatsText(stats));
  return kExitDone;
}

ExitStatus Forget(const GlobalOptions& global, const std::string& host_text,
                  bool all) {
  std::optional<HostPort> filter;
  if (!all) {
    filter = ReadHost(host_text);
    if (!filter) return kExitUsage;
  }
  const std::unique_ptr<HostCache> cache = OpenCache(global);
  const absl::StatusOr<int> count =
      all ? cache->ForgetAll()
          : cache->Forget(filter->host, filter->port, /*everything=*/false);
  if (ReportWarnings(cache.get())) return kExitLocal;
  if (!count.ok()) {
    std::cerr << "holdfast: " << ErrorText(ErrorFromStatus(count.status()));
    return kExitLocal;
  }
  if (global.json) {
    std::cout << JsonText({{"forgotten", *count}});
  } else {
    std::cout << "Forgot " << *count << (*count == 1 ? " record" : " records")
              << ".\n";
  }
  return kExitDone;
}

}  // namespace

void AddCacheCommand(CLI::App* app, const GlobalOptions* global, Run* run) {
  CLI::App* cache =
      app->add_subcommand("cache", "Show and edit what is remembered of hosts");
  cache->require_subcommand(1);
  cache->footer("Example:\n  holdfast cache show mail.example.org");

  CLI::App* list = cache->add_subcommand("list", "List what is remembered");
  list->footer("Example:\n  holdfast cache list --json");
  list->callback([=] { *run = [=] { return List(*global); }; });

  CLI::App* show =
      cache->add_subcommand("show", "Show all that is known of a host");
  auto shown = std::make_shared<std::string>();
  show->add_option("HOST[:PORT]", *shown, "The host; without a port, all")
      ->required();
  show->footer("Example:\n  holdfast cache show mail.example.org");
  show->callback([=] { *run = [=] { return Show(*global, *shown); }; });

  CLI::App* stats = cache->add_subcommand("stats", "Show the cache in numbers");
  stats->footer("Example:\n  holdfast cache stats --json");
  stats->callback([=] { *run = [=] { return Stats(*global); }; });

  CLI::App* forget = cache->add_subcommand(
      "forget", "Forget the reduced offer of a host, or everything");
  auto host = std::make_shared<std::string>();
  auto all = std::make_shared<bool>(false);
  forget->add_option("HOST[:PORT]", *host, "The host; without a port, all");
  forget->add_flag("--all", *all, "Forget every host, proofs included");
  forget->footer(
      "What a host has proven stays, unless --all is given.\n\nExample:\n"
      "  holdfast cache forget mail.example.org:993");
  forget->callback([=] {
    if (*all == !host->empty()) {
      throw CLI::ValidationError("name a host, or give --all");
    }
    *run = [=] { return Forget(*global, *host, *all); };
  });
}

}  // namespace holdfast
