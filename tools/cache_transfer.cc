#include "holdfast/tools/cache_transfer.h"

#include <limits>

#include "absl/strings/str_cat.h"

namespace holdfast {
namespace {

using Json = nlohmann::ordered_json;

// As exact as a record; "infinite-future" is Abseil's name for what never
// comes.
std::string ExactTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

// Reads members of an object. The first that is missing or wrong is noted; what
// is read after that is of no use.
class MemberReader {
 public:
  explicit MemberReader(const Json& object) : object_(object) {}

  std::string Text(const char* name) {
    const Json* value = Find(name);
    if (value == nullptr || !value->is_string()) return Note(name), "";
    return value->get<std::string>();
  }
  // Null, and a member that is missing, is an empty text.
  std::string OptionalText(const char* name) {
    const Json* value = Find(name);
    return value == nullptr || value->is_null() ? "" : Text(name);
  }
  int64_t Integer(const char* name, int64_t lowest, int64_t highest) {
    const Json* value = Find(name);
    if (value == nullptr || !value->is_number_integer()) return Note(name), 0;
    const auto integer = value->get<int64_t>();
    if (integer < lowest || integer > highest) return Note(name), 0;
    return integer;
  }
  absl::Time Time(const char* name) {
    absl::Time time;
    std::string ignored;
    if (!absl::ParseTime(absl::RFC3339_full, Text(name), &time, &ignored)) {
      Note(name);
    }
    return time;
  }
  // A text that `parse` knows.
  template <typename T>
  T Named(const char* name, std::optional<T> (*parse)(absl::string_view)) {
    const std::optional<T> value = parse(Text(name));
    if (!value) Note(name);
    return value.value_or(T());
  }
  // An object; null if the member is null or missing.
  const Json* Object(const char* name) {
    const Json* value = Find(name);
    if (value == nullptr || value->is_null()) return nullptr;
    if (!value->is_object()) Note(name);
    return value->is_object() ? value : nullptr;
  }

  // Notes that a member is wrong.
  void Note(const char* name) {
    if (error_.empty()) error_ = absl::StrCat("\"", name, "\" is not valid");
  }
  const std::string& error() const { return error_; }

 private:
  const Json* Find(const char* name) const {
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }

  const Json& object_;
  std::string error_;
};

std::optional<ConnectionSecurity> ParseSecurity(absl::string_view name) {
  for (ConnectionSecurity security :
       {ConnectionSecurity::kImplicitTls, ConnectionSecurity::kStartTls}) {
    if (name == ConnectionSecurityName(security)) return security;
  }
  return std::nullopt;
}

Proof ReadProof(MemberReader& read) {
  return {read.Named("version", ParseTlsVersion), read.Time("at")};
}

// A pin has no reason and may have no end.
Reduction ReadReduction(MemberReader& read) {
  constexpr int64_t kLongest = int64_t{100} * 366 * 24 * 3600;
  Reduction reduction = {read.Named("rung", ParseRung), std::nullopt,
                         read.Named("origin", ParseRecordOrigin),
                         read.Time("expires_at"), absl::InfiniteDuration()};
  if (reduction.origin != RecordOrigin::kPinned) {
    reduction.reason = read.Named("reason", ParseErrorCode);
    reduction.lifetime =
        absl::Seconds(read.Integer("lifetime_seconds", 1, kLongest));
  }
  return reduction;
}

HostRecord::Fields ReadFields(MemberReader& read) {
  constexpr int kMost = std::numeric_limits<int>::max();
  HostRecord::Fields fields;
  const auto nested = [&read](const char* name, const MemberReader& reader) {
    if (!reader.error().empty()) read.Note(name);
  };
  if (const Json* proof = read.Object("proof")) {
    MemberReader reader(*proof);
    fields.proof = ReadProof(reader);
    nested("proof", reader);
  }
  if (const Json* reduction = read.Object("reduction")) {
    MemberReader reader(*reduction);
    fields.reduction = ReadReduction(reader);
    nested("reduction", reader);
  }
  fields.failures = static_cast<int>(read.Integer("failures", 0, kMost));
  fields.recoveries = static_cast<int>(read.Integer("recoveries", 0, kMost));
  fields.first_seen = read.Time("first_seen");
  fields.last_seen = read.Time("last_seen");
  return fields;
}

void ImportLine(absl::string_view line, int number, HostCache* cache,
                absl::Time now, ImportReport& report) {
  absl::StatusOr<std::pair<HostKey, ImportRecord>> parsed =
      ParseExportedRecord(line);
  if (!parsed.ok()) {
    ++report.malformed;
    report.rejections.push_back(
        {number, "", std::string(parsed.status().message())});
    return;
  }
  const auto& [key, import] = *parsed;
  const HostRecord before = cache->Lookup(key);
  const std::vector<std::string> refusals =
      before.ImportRefusals(import, now, RecordLifetimes());
  for (const std::string& reason : refusals) {
    report.rejections.push_back({number, key.endpoint.ToString(), reason});
  }
  if (cache->Apply(key, import, now) != before) {
    ++report.imported;
  } else if (refusals.empty()) {
    ++report.unchanged;
  }
}

}  // namespace

Json ExportedRecord(const HostKey& key, const HostRecord& record) {
  const HostRecord::Fields& fields = record.fields();
  Json json = {{"host", key.endpoint.host.name()},
               {"port", key.endpoint.port},
               {"security", ConnectionSecurityName(key.security)},
               {"scope", key.scope.empty() ? Json() : Json(key.scope)},
               {"proof", nullptr},
               {"reduction", nullptr},
               {"failures", fields.failures},
               {"recoveries", fields.recoveries},
               {"first_seen", ExactTime(fields.first_seen)},
               {"last_seen", ExactTime(fields.last_seen)}};
  if (const std::optional<Proof>& proof = fields.proof) {
    json["proof"] = {{"version", TlsVersionName(proof->version)},
                     {"at", ExactTime(proof->at)}};
  }
  if (const std::optional<Reduction>& reduction = fields.reduction) {
    json["reduction"] = {
        {"rung", RungName(reduction->rung)},
        {"reason",
         reduction->reason ? Json(ErrorName(*reduction->reason)) : Json()},
        {"origin", RecordOriginName(reduction->origin)},
        {"expires_at", ExactTime(reduction->expires_at)},
        {"lifetime_seconds", absl::ToInt64Seconds(reduction->lifetime)}};
  }
  return json;
}

absl::StatusOr<std::pair<HostKey, ImportRecord>> ParseExportedRecord(
    absl::string_view line) {
  const Json json = Json::parse(line.begin(), line.end(), nullptr,
                                /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return absl::InvalidArgumentError("it is not a JSON object");
  }
  MemberReader read(json);
  absl::StatusOr<Host> host = Host::Parse(read.Text("host"));
  if (!host.ok()) read.Note("host");
  const auto port = static_cast<uint16_t>(read.Integer("port", 1, 65535));
  const ConnectionSecurity security = read.Named("security", ParseSecurity);
  const std::string scope = read.OptionalText("scope");
  const HostRecord::Fields fields = ReadFields(read);
  if (!read.error().empty()) return absl::InvalidArgumentError(read.error());
  absl::StatusOr<HostRecord> record = HostRecord::Create(fields);
  if (!record.ok()) {
    return absl::InvalidArgumentError(
        ErrorFromStatus(record.status()).Message());
  }
  if (record->empty()) return absl::InvalidArgumentError("it says nothing");
  return std::pair(HostKey{Endpoint{*std::move(host), port}, security, scope},
                   ImportRecord{fields});
}

ImportReport ImportRecords(std::istream& lines, HostCache* cache,
                           absl::Time now) {
  ImportReport report;
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (!line.empty()) ImportLine(line, number, cache, now, report);
  }
  return report;
}

}  // namespace holdfast
