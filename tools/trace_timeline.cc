#include "holdfast/tools/trace_timeline.h"

#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "holdfast/core/base/event_log.h"
#include "holdfast/core/base/printable.h"
#include "holdfast/tools/report.h"
#include "nlohmann/json.hpp"

namespace holdfast {
namespace {

std::optional<EventKind> ParseEventKind(absl::string_view name) {
  for (int i = 0; i <= static_cast<int>(EventKind::kCommandRepeated); ++i) {
    const auto kind = static_cast<EventKind>(i);
    if (EventKindName(kind) == name) return kind;
  }
  return std::nullopt;
}

// " text", or nothing for an empty field.
std::string Detail(absl::string_view before, absl::string_view value,
                   absl::string_view after = "") {
  return value.empty() ? "" : absl::StrCat(before, value, after);
}

std::string Sentence(const Event& event) {
  const auto field = [&event](absl::string_view name) {
    return event.field(name);
  };
  switch (event.kind) {
    case EventKind::kLookupStarted:
      return absl::StrCat("looks up ", field("host"));
    case EventKind::kLookupEnded:
      return absl::StrCat("found addresses: ", field("addresses"));
    case EventKind::kAttemptStarted:
      return absl::StrCat(
          "starts, by ", field("target"), ", with the offer ", field("rung"),
          field("from_cache") == "true" ? " (remembered)" : "",
          field("hedged") == "true" ? " (beside another one)" : "");
    case EventKind::kAddressTried:
      return absl::StrCat(field("address"), ": ", field("outcome"), " after ",
                          field("milliseconds"), " ms",
                          Detail(": ", field("message")));
    case EventKind::kTcpConnected:
      return field("through_proxy") == "true"
                 ? absl::StrCat("is connected through a proxy",
                                Detail(": ", field("address")))
                 : absl::StrCat("TCP is up",
                                Detail(" with ", field("address")));
    case EventKind::kStartTlsAccepted:
      return "the server has accepted STARTTLS";
    case EventKind::kHandshakeStarted:
      return absl::StrCat("sends the hello: ", field("rung"), ", ",
                          field("min_version"), " to ", field("max_version"));
    case EventKind::kHandshakeFailed:
      return absl::StrCat(
          "the handshake failed: ", field("bytes_received"), " bytes received",
          Detail(", beginning with \"", field("first_bytes"), "\""),
          Detail(", alert ", field("alert")),
          Detail(", ServerHello of ", field("server_hello_version")),
          Detail(", ", field("nss")));
    case EventKind::kHandshakeDone:
      return absl::StrCat(field("version"), " is up, ", field("cipher"),
                          Detail(", ", field("group")),
                          Detail(", ALPN ", field("alpn")), ", certificate ",
                          field("certificate"));
    case EventKind::kLegacyVersion:
      return absl::StrCat("warning: ", field("version"),
                          " is not safe any more");
    case EventKind::kReady:
      return "the connection is ready";
    case EventKind::kAttemptFailed:
      return absl::StrCat("failed: ", field("message"), " (", field("error"),
                          ")");
    case EventKind::kAttemptGivenUp:
      return "given up: it is not needed any more";
    case EventKind::kServerSilent:
      return absl::StrCat("no byte for ", field("milliseconds"),
                          " ms; it waits on");
    case EventKind::kRecordForgotten:
      return "what was remembered of the host is forgotten";
    case EventKind::kCacheWarning:
      return absl::StrCat("warning: ", field("message"), " (", field("error"),
                          ")");
    case EventKind::kCancelled:
      return "cancelled";
    case EventKind::kSignedIn:
      return absl::StrCat("signed in by ", field("mechanism"));
    case EventKind::kSignInFailed:
      return absl::StrCat("signing in failed: ", field("message"), " (",
                          field("error"), ")");
    case EventKind::kConnectionLost:
      return absl::StrCat("the connection was lost: ", field("message"), " (",
                          field("error"), ")");
    case EventKind::kRedialPause:
      return absl::StrCat("dials again in ", field("milliseconds"), " ms");
    case EventKind::kStateRestored:
      return "the session is as before";
    case EventKind::kCommandRepeated:
      return "the interrupted command is repeated";
  }
  return "";
}

// An event of a kind that only a later version knows: its fields as they are.
std::string UnknownEventText(const std::string& name, const Event& event) {
  std::string text = name;
  for (const auto& [field, value] : event.fields) {
    absl::StrAppend(&text, " ", field, "=", value);
  }
  return text;
}

// Throws nlohmann::json::exception if `line` is not what EventJson() makes. Its
// texts should be printable, but a trace may come from somebody else.
std::string EventLine(const nlohmann::json& line) {
  Event event{};
  event.attempt = line.at("attempt").get<int>();
  for (const auto& [name, value] : line.at("fields").items()) {
    event.fields.emplace_back(name, value.get<std::string>());
  }
  const std::string name = line.at("event").get<std::string>();
  const std::optional<EventKind> kind = ParseEventKind(name);
  if (kind) event.kind = *kind;
  return absl::StrFormat(
      "%10.1f ms  %-11s %s\n", line.at("ms").get<double>(),
      event.attempt > 0 ? absl::StrCat("attempt ", event.attempt) : "",
      PrintableAgain(kind ? Sentence(event) : UnknownEventText(name, event)));
}

// Likewise, if it is not what TraceHeaderJson() makes.
std::string HeaderLine(const nlohmann::json& line) {
  return PrintableAgain(
             absl::StrCat(line.at("started").get<std::string>(), "  ",
                          line.at("target").get<std::string>(), "  (process ",
                          line.at("pid").get<int>(), ", holdfast ",
                          line.at("holdfast").get<std::string>(), ")")) +
         "\n";
}

// The runs of a file. Processes that share it write by turns.
class Runs {
 public:
  // Throws nlohmann::json::exception if `text` is no line of a trace.
  void Add(const std::string& text) {
    const auto line = nlohmann::json::parse(text);
    const int pid = line.at("pid").get<int>();
    if (line.contains("holdfast")) {
      texts_.push_back(HeaderLine(line));
      latest_[pid] = texts_.size() - 1;
      return;
    }
    const std::string event = EventLine(line);
    if (latest_.count(pid) == 0) {  // the file does not have its beginning
      texts_.push_back(absl::StrCat("(process ", pid, ")\n"));
      latest_[pid] = texts_.size() - 1;
    }
    texts_[latest_.at(pid)] += event;
  }

  std::string Text() const {
    std::string text;
    for (const std::string& run : texts_) {
      absl::StrAppend(&text, text.empty() ? "" : "\n", run);
    }
    return text;
  }

 private:
  std::vector<std::string> texts_;
  std::map<int, size_t> latest_;  // by process: its last run
};

}  // namespace

TraceTimeline ReadTrace(std::istream* trace) {
  TraceTimeline timeline;
  Runs runs;
  std::string line;
  for (int number = 1; std::getline(*trace, line); ++number) {
    if (line.empty()) continue;
    try {
      runs.Add(line);
    } catch (const nlohmann::json::exception&) {
      timeline.damaged_lines.push_back(number);
    }
  }
  timeline.text = runs.Text();
  return timeline;
}

}  // namespace holdfast
