// holdfast cache: shows and edits what is remembered of hosts.

#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "holdfast/core/base/printable.h"
#include "holdfast/fallback/host_record_json.h"
#include "holdfast/tools/cache_report.h"
#include "holdfast/tools/cache_transfer.h"
#include "holdfast/tools/commands.h"
#include "holdfast/tools/report.h"
#include "holdfast/tools/text_layout.h"

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

ExitStatus Complain(const absl::Status& status, ExitStatus exit) {
  std::cerr << "holdfast: " << ErrorText(ErrorFromStatus(status));
  return exit;
}

// Prints what a command has to say; nothing if the cache could not be used.
ExitStatus Print(const GlobalOptions& global, HostCache* cache,
                 const nlohmann::ordered_json& json, const std::string& text) {
  if (ReportWarnings(cache)) return kExitLocal;
  std::cout << (global.json ? JsonText(json) : text);
  return kExitDone;
}

// Reads a host as the user named it; nullopt, with the reason on standard
// error, if it is none.
std::optional<HostPort> ReadHost(const std::string& text) {
  absl::StatusOr<HostPort> host = HostPort::Parse(text);
  if (host.ok()) return *std::move(host);
  Complain(host.status(), kExitUsage);
  return std::nullopt;
}

bool IsOf(const HostKey& key, const HostPort& host) {
  return key.endpoint.host == host.host &&
         (!host.port || key.endpoint.port == *host.port);
}

RecordList RecordsOf(const HostPort& host, HostCache* cache) {
  RecordList records;
  for (auto& [key, record] : cache->List()) {
    if (IsOf(key, host)) records.emplace_back(key, record);
  }
  return records;
}

// What `list` shows.
struct ListFilter {
  std::string host;  // a pattern, as of file names; empty: every host
  std::optional<Rung> rung;
  std::optional<ErrorCode> reason;
};

// What has expired passes no filter.
bool Passes(const ListFilter& filter, const HostKey& key,
            const HostRecord& record, absl::Time now) {
  const std::optional<Reduction> reduction = record.ActiveReduction(now);
  if (!reduction && !record.ProvenVersion(now, RecordLifetimes())) return false;
  const Rung rung = reduction ? reduction->rung : Rung::kFull;
  if (filter.rung && *filter.rung != rung) return false;
  if (filter.reason && (!reduction || reduction->reason != filter.reason)) {
    return false;
  }
  return filter.host.empty() ||
         fnmatch(absl::AsciiStrToLower(filter.host).c_str(),
                 key.endpoint.host.name().c_str(), 0) == 0;
}

ExitStatus List(const GlobalOptions& global, const ListFilter& filter) {
  const std::unique_ptr<HostCache> cache = OpenCache(global);
  const absl::Time now = absl::Now();
  RecordList shown;
  for (auto& [key, record] : cache->List()) {
    if (Passes(filter, key, record, now)) shown.emplace_back(key, record);
  }
  return Print(global, cache.get(), CacheListJson(shown, now),
               CacheListText(shown, now, TerminalWidth(STDOUT_FILENO)));
}

ExitStatus Show(const GlobalOptions& global, const std::string& host_text) {
  const std::optional<HostPort> host = ReadHost(host_text);
  if (!host) return kExitUsage;
  const std::unique_ptr<HostCache> cache = OpenCache(global);
  const RecordList records = RecordsOf(*host, cache.get());
  const absl::Time now = absl::Now();
  return Print(global, cache.get(), CacheShowJson(records, now),
               CacheShowText(host_text, records, now));
}

ExitStatus Explain(const GlobalOptions& global, const std::string& host_text) {
  const std::optional<HostPort> host = ReadHost(host_text);
  if (!host) return kExitUsage;
  const std::unique_ptr<HostCache> cache = OpenCache(global);
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  std::string text;
  const auto add = [&](const HostKey* key, const NextOffer& offer) {
    json.push_back(NextOfferJson(key, offer));
    absl::StrAppend(&text, offer.sentence, "\n");
  };
  for (const auto& [key, record] : RecordsOf(*host, cache.get())) {
    add(&key, ExplainNextOffer(key, record, absl::Now()));
  }
  if (json.empty()) add(nullptr, ExplainUnknownHost(host_text));
  return Print(global, cache.get(), json, text);
}

ExitStatus Stats(const GlobalOptions& global) {
  const std::unique_ptr<HostCache> cache = OpenCache(global);
  CacheStats stats = CountRecords(cache->List(), absl::Now());
  stats.path = CachePath(global);
  // The file, and what SQLite has not yet moved into it.
  for (const char* suffix : {"", "-wal"}) {
    struct stat file;
    if (stat((stats.path + suffix).c_str(), &file) == 0) {
      stats.bytes += file.st_size;
    }
  }
  return Print(global, cache.get(), CacheStatsJson(stats),
               CacheStatsText(stats));
}

ExitStatus Verify(const GlobalOptions& global) {
  const std::string path = CachePath(global);
  if (path.empty()) {
    std::cerr << "holdfast: The cache is in memory: there is no file.\n";
    return global.cache == "none" ? kExitUsage : kExitLocal;
  }
  const absl::StatusOr<HostCacheCheck> check = VerifyHostCache(path);
  if (!check.ok()) return Complain(check.status(), kExitLocal);
  std::cout << (global.json ? JsonText(CacheCheckJson(path, *check))
                            : CacheCheckText(path, *check));
  return check->ok() ? kExitDone : kExitLocal;
}

// Asks on the terminal.
bool MayForgetAll(HostCache* cache) {
  std::cerr << "Forget all " << cache->List().size()
            << " records, with proofs and pins? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  answer = absl::AsciiStrToLower(absl::StripAsciiWhitespace(answer));
  return answer == "y" || answer == "yes";
}

struct ForgetOptions {
  std::string host;
  bool all = false;
  bool yes = false;
  bool keep_proven = false;
};

ExitStatus Forget(const GlobalOptions& global, const ForgetOptions& options) {
  std::optional<HostPort> host;
  if (!options.all) {
    host = ReadHost(options.host);
    if (!host) return kExitUsage;
  }
  const bool ask = options.all && !options.yes;
  if (ask && (global.quiet || isatty(STDIN_FILENO) == 0 ||
              isatty(STDERR_FILENO) == 0)) {
    std::cerr << "holdfast: forget --all needs --yes where there is no "
                 "terminal to ask on\n";
    return kExitUsage;
  }
  const std::unique_ptr<HostCache> cache = OpenCache(global);
  if (ask && !MayForgetAll(cache.get())) {
    std::cerr << "Nothing was forgotten.\n";
    return kExitDone;
  }
  const absl::StatusOr<int> count =
      options.all ? cache->ForgetAll()
                  : cache->Forget(host->host, host->port,
                                  /*everything=*/!options.keep_proven);
  if (!count.ok()) {
    return ReportWarnings(cache.get()) ? kExitLocal
                                       : Complain(count.status(), kExitLocal);
  }
  return Print(global, cache.get(), {{"forgotten", *count}},
               absl::StrCat("Forgot ", *count,
                            *count == 1 ? " record" : " records", ".\n"));
}

struct PinOptions {
  std::string host;
  std::optional<Protocol> protocol;
  std::optional<ConnectionSecurity> security;
  Rung rung = Rung::kTls12;
  absl::Duration duration = absl::Hours(24 * 30);
};

// The mode that `port` usually has, if it has one.
std::optional<ConnectionSecurity> UsualSecurity(uint16_t port) {
  for (const ProtocolInfo& info : AllProtocols()) {
    if (info.implicit_port == port) return ConnectionSecurity::kImplicitTls;
    if (info.starttls_port == port) return ConnectionSecurity::kStartTls;
  }
  return std::nullopt;
}

// The port that is meant in that mode; nullopt: whichever is known.
std::optional<uint16_t> PortToPin(const HostPort& host,
                                  const PinOptions& options,
                                  ConnectionSecurity security) {
  if (host.port || !options.protocol) return host.port;
  const ProtocolInfo& info = GetProtocolInfo(*options.protocol);
  return security == ConnectionSecurity::kImplicitTls ? info.implicit_port
                                                      : info.starttls_port;
}

// What the user means: the records of the host that fit. If none does, new ones
// in the mode given, or the port's usual one, or both; none without a port.
std::vector<HostKey> KeysToPin(const HostPort& host, const PinOptions& options,
                               const RecordList& known) {
  std::vector<HostKey> keys;
  std::vector<HostKey> new_keys;
  for (ConnectionSecurity security :
       {ConnectionSecurity::kImplicitTls, ConnectionSecurity::kStartTls}) {
    if (options.security.value_or(security) != security) continue;
    const std::optional<uint16_t> port = PortToPin(host, options, security);
    for (const auto& [key, record] : known) {
      const bool fits = port.value_or(key.endpoint.port) == key.endpoint.port;
      if (key.security == security && fits) keys.push_back(key);
    }
    if (port && (options.security ||
                 UsualSecurity(*port).value_or(security) == security)) {
      new_keys.push_back(HostKey{Endpoint{host.host, *port}, security, ""});
    }
  }
  return keys.empty() ? new_keys : keys;
}

ExitStatus Pin(const GlobalOptions& global, const PinOptions& options) {
  const std::optional<HostPort> host = ReadHost(options.host);
  if (!host) return kExitUsage;
  const std::unique_ptr<HostCache> cache = OpenCache(global);
  const std::vector<HostKey> keys =
      KeysToPin(*host, options, RecordsOf(*host, cache.get()));
  if (keys.empty()) {
    std::cerr << "holdfast: nothing is known of " << Printable(options.host)
              << "; name its port, or its --protocol\n";
    return kExitUsage;
  }
  const absl::Time now = absl::Now();
  RecordList pinned;
  std::string text;
  for (const HostKey& key : keys) {
    pinned.emplace_back(
        key, cache->Apply(
                 key, PinReduction{options.rung, now + options.duration}, now));
    absl::StrAppend(
        &text, ExplainNextOffer(key, pinned.back().second, now).sentence, "\n");
  }
  return Print(global, cache.get(), CacheListJson(pinned, now), text);
}

ExitStatus Export(const GlobalOptions& global) {
  const std::unique_ptr<HostCache> cache = OpenCache(global);
  const RecordList records = cache->List();
  if (ReportWarnings(cache.get())) return kExitLocal;
  for (const auto& [key, record] : records) {
    std::cout << JsonLine(ExportedRecord(key, record));
  }
  return kExitDone;
}

nlohmann::ordered_json ImportJson(const ImportReport& report) {
  nlohmann::ordered_json rejected = nlohmann::ordered_json::array();
  for (const ImportReport::Rejection& rejection : report.rejections) {
    rejected.push_back({{"line", rejection.line},
                        {"host", rejection.host.empty()
                                     ? nlohmann::ordered_json()
                                     : nlohmann::ordered_json(rejection.host)},
                        {"reason", rejection.reason}});
  }
  return {{"imported", report.imported},
          {"unchanged", report.unchanged},
          {"rejected", rejected}};
}

ExitStatus Import(const GlobalOptions& global, const std::string& file) {
  std::ifstream opened;
  if (file != "-") opened.open(file);
  std::istream& lines = file == "-" ? std::cin : opened;
  const std::unique_ptr<HostCache> cache = OpenCache(global);
  if (ReportWarnings(cache.get())) return kExitLocal;
  const ImportReport report = ImportRecords(lines, cache.get(), absl::Now());
  if (!lines.eof()) {  // it was not read to its end
    std::cerr << "holdfast: " << EscapeBytes(file) << " cannot be read\n";
    return kExitLocal;
  }
  for (const ImportReport::Rejection& rejection : report.rejections) {
    std::cerr << "holdfast: line " << rejection.line;
    if (!rejection.host.empty()) std::cerr << " (" << rejection.host << ")";
    std::cerr << " is not imported: " << rejection.reason << "\n";
  }
  const ExitStatus printed =
      Print(global, cache.get(), ImportJson(report),
            absl::StrCat("Imported ", report.imported, ", unchanged ",
                         report.unchanged, ", rejected ",
                         report.rejections.size(), ".\n"));
  return report.malformed > 0 ? kExitLocal : printed;
}

// Rungs that a pin may name.
Rung ParsePinnedRung(const std::string& text) {
  const std::optional<Rung> rung = ParseRung(text);
  if (rung && RungMaximum(*rung) < TlsVersion::kTls12) {
    throw CLI::ValidationError(
        absl::StrCat("\"", text,
                     "\" lies below the floor, TLS 1.2, which no pin lowers; "
                     "connect --allow-legacy does, for one connection"));
  }
  if (!rung || *rung == Rung::kFull) {
    throw CLI::ValidationError(
        absl::StrCat("\"", text, "\" is not no-alpn, compact or tls12"));
  }
  return *rung;
}

void AddList(CLI::App* cache, const GlobalOptions* global, Run* run) {
  CLI::App* list = cache->add_subcommand("list", "List what is remembered");
  auto filter = std::make_shared<ListFilter>();
  list->add_option("--host", filter->host, "Hosts that match, such as *.org")
      ->type_name("PATTERN");
  list->add_option_function<std::string>(
          "--rung",
          [filter](const std::string& text) {
            filter->rung = ParseRung(text);
            if (!filter->rung) {
              throw CLI::ValidationError(
                  absl::StrCat("\"", text, "\" is not a rung"));
            }
          },
          "Hosts that are offered this")
      ->type_name("RUNG");
  list->add_option_function<std::string>(
          "--reason",
          [filter](const std::string& text) {
            filter->reason = ParseErrorCode(text);
            if (!filter->reason) {
              throw CLI::ValidationError(
                  absl::StrCat("\"", text, "\" is not an error code"));
            }
          },
          "Offers reduced because of this")
      ->type_name("CODE");
  list->footer(
      "Rungs: full, no-alpn, compact, tls12, tls11, tls10.\n\nExample:\n"
      "  holdfast cache list --rung tls12 --host '*.example.org'");
  list->callback([=] { *run = [=] { return List(*global, *filter); }; });
}

// A subcommand that takes a host and nothing else.
void AddHostCommand(CLI::App* cache, const char* name, const char* description,
                    const GlobalOptions* global, Run* run,
                    ExitStatus (*work)(const GlobalOptions&,
                                       const std::string&)) {
  CLI::App* command = cache->add_subcommand(name, description);
  auto host = std::make_shared<std::string>();
  command->add_option("HOST", *host, "HOST or HOST:PORT; without a port, all")
      ->required();
  command->footer(
      absl::StrCat("Example:\n  holdfast cache ", name, " mail.example.org"));
  command->callback([=] { *run = [=] { return work(*global, *host); }; });
}

// A subcommand that takes nothing.
void AddPlainCommand(CLI::App* cache, const char* name, const char* description,
                     const char* footer, const GlobalOptions* global, Run* run,
                     ExitStatus (*work)(const GlobalOptions&)) {
  CLI::App* command = cache->add_subcommand(name, description);
  command->footer(footer);
  command->callback([=] { *run = [=] { return work(*global); }; });
}

void AddForget(CLI::App* cache, const GlobalOptions* global, Run* run) {
  CLI::App* forget =
      cache->add_subcommand("forget", "Forget a host, or everything");
  auto options = std::make_shared<ForgetOptions>();
  forget->add_option("HOST", options->host,
                     "HOST or HOST:PORT; without a port, all");
  forget->add_flag("--keep-proven", options->keep_proven,
                   "Forget only its reduced offer or pin");
  forget->add_flag("--all", options->all, "Forget every host");
  forget->add_flag("--yes", options->yes, "Do not ask");
  forget->footer(
      "Example:\n"
      "  holdfast cache forget mail.example.org:993");
  forget->callback([=] {
    if (options->all == !options->host.empty()) {
      throw CLI::ValidationError("name a host, or give --all");
    }
    if (options->all && options->keep_proven) {
      throw CLI::ValidationError("--all forgets what was proven, too");
    }
    *run = [=] { return Forget(*global, *options); };
  });
}

void AddPin(CLI::App* cache, const GlobalOptions* global, Run* run) {
  CLI::App* pin =
      cache->add_subcommand("pin", "Decide what a host is offered first");
  auto options = std::make_shared<PinOptions>();
  pin->add_option("HOST", options->host,
                  "HOST[:PORT]; without a port, those known")
      ->required();
  pin->add_option_function<std::string>(
         "--rung",
         [options](const std::string& text) {
           options->rung = ParsePinnedRung(text);
         },
         "The most that is offered")
      ->type_name("no-alpn|compact|tls12")
      ->required();
  pin->add_option_function<std::string>(
         "--for",
         [options](const std::string& text) {
           options->duration = ParsePositiveDuration(text);
           if (options->duration < absl::Seconds(1)) {
             throw CLI::ValidationError("a pin lasts a second at least");
           }
         },
         "How long [30d]")
      ->type_name("TIME");
  AddWayOptions(pin, &options->protocol, &options->security);
  pin->get_option("--protocol")->description("Whose usual port is meant");
  pin->get_option("--security")->description("Which mode is meant");
  pin->footer(
      "A pin overrides what the host has proven; no connection goes below its\n"
      "minimum version for it. cache forget ends it.\n\nExample:\n"
      "  holdfast cache pin mail.example.org:993 --rung tls12 --for 30d");
  pin->callback([=] {
    if (options->security == ConnectionSecurity::kAuto) {
      options->security.reset();
    }
    *run = [=] { return Pin(*global, *options); };
  });
}

void AddImport(CLI::App* cache, const GlobalOptions* global, Run* run) {
  CLI::App* import =
      cache->add_subcommand("import", "Take in what another cache exported");
  auto file = std::make_shared<std::string>("-");
  import->add_option("FILE", *file, "The export; - or none: standard input");
  import->footer(
      "It cannot make a pin, add what has expired, or lower anything; each\n"
      "line that is rejected is named on standard error.\n\nExample:\n"
      "  holdfast cache import hosts.jsonl");
  import->callback([=] { *run = [=] { return Import(*global, *file);
};
}  // namespace
);
}  // namespace holdfast

}  // namespace

void AddCacheCommand(CLI::App* app, const GlobalOptions* global, Run* run) {
  CLI::App* cache =
      app->add_subcommand("cache", "Show and edit what is remembered of hosts");
  cache->require_subcommand(1);
  cache->footer("Example:\n  holdfast cache explain mail.example.org");
  AddList(cache, global, run);
  AddHostCommand(cache, "show", "Show all that is known of a host", global, run,
                 Show);
  AddHostCommand(cache, "explain",
                 "Say what is offered to a host next, and why", global, run,
                 Explain);
  AddForget(cache, global, run);
  AddPin(cache, global, run);
  AddPlainCommand(cache, "export", "Print all records as JSON lines",
                  "Example:\n  holdfast cache export > hosts.jsonl", global,
                  run, Export);
  AddImport(cache, global, run);
  AddPlainCommand(cache, "verify", "Check the file and every record in it",
                  "Exit status: 0 in order, 4 damaged.\n\nExample:\n"
                  "  holdfast cache verify",
                  global, run, Verify);
  AddPlainCommand(cache, "stats", "Show the cache in numbers",
                  "Example:\n  holdfast cache stats --json", global, run,
                  Stats);
}

}  // namespace holdfast
