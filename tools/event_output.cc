#include "holdfast/tools/event_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "holdfast/core/base/unique_fd.h"
#include "holdfast/core/tls/key_log.h"
#include "holdfast/tools/report.h"

namespace holdfast {
namespace {

// The first line of a trace.
nlohmann::ordered_json TraceHeaderJson(const Target& target) {
  return {{"holdfast", HOLDFAST_VERSION},
          {"target", target.ToString()},
          {"started", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(),
                                       absl::UTCTimeZone())}};
}

// A timeline in a file: JSON, one line per event, each written in one piece so
// that processes may share the file.
class Trace {
 public:
  static absl::StatusOr<std::unique_ptr<Trace>> Open(const std::string& path,
                                                     const Target& target) {
    UniqueFd fd(
        open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    std::unique_ptr<Trace> trace(new Trace(std::move(fd)));
    if (!trace->fd_.valid() || !trace->WriteLine(TraceHeaderJson(target))) {
      return MakeStatus(
          ErrorCode::kTraceUnwritable, Phase::kSetup,
          absl::StrCat("The trace file \"", EscapeBytes(path),
                       "\" cannot be written: ",
                       std::system_category().message(errno), "."));
    }
    return trace;
  }

  // False, with errno set, if the line could not be written.
  bool WriteLine(nlohmann::ordered_json line) const {
    line["pid"] = getpid();
    const std::string text = JsonLine(line);
    return write(fd_.get(), text.data(), text.size()) ==
           static_cast<ssize_t>(text.size());
  }

 private:
  explicit Trace(UniqueFd fd) : fd_(std::move(fd)) {}

  const UniqueFd fd_;
};

class EventWriter {
 public:
  EventWriter(const GlobalOptions& global, bool warnings_only,
              std::unique_ptr<Trace> trace,
              std::shared_ptr<const KeyLog> key_log)
      : verbose_(global.verbose),
        warnings_only_(warnings_only || global.quiet),
        paint_(PainterFor(global, STDERR_FILENO)),
        trace_(std::move(trace)),
        key_log_(std::move(key_log)) {}

  void Take(const Event& event) {
    // All of it in one piece: standard error is not buffered.
    std::cerr << Text(event);
    if (trace_ && !trace_->WriteLine(EventJson(event))) {
      trace_.reset();
      Warn("the trace file cannot be written any more; the trace ends here");
    }
    if (event.kind == EventKind::kHandshakeDone && key_log_ &&
        !key_log_->HasGrown()) {
      Warn(
          "the key log has no secrets of this connection: this system's NSS "
          "gives those of TLS 1.3 only");
    }
  }

 private:
  std::string Text(const Event& event) const {
    if (verbose_) return VerboseText(event, paint_);
    if (warnings_only_ && !IsWarning(event.kind)) return "";
    return ProgressText(event, paint_);
  }

  void Warn(absl::string_view text) const {
    std::cerr << paint_(Tint::kWarning, absl::StrCat("warning: ", text)) + "\n";
  }

  const bool verbose_;
  const bool warnings_only_;
  const Painter paint_;
  std::unique_ptr<Trace> trace_;  // null: none
  const std::shared_ptr<const KeyLog> key_log_;
};

}  // namespace

absl::StatusOr<EventOutput> OpenEventOutput(const GlobalOptions& global,
                                            const ConnectionOptions& options,
                                            const Target& target,
                                            bool warnings_only) {
  EventOutput output;
  std::unique_ptr<Trace> trace;
  if (!options.trace.empty()) {
    auto opened = Trace::Open(options.trace, target);
    if (!opened.ok()) return opened.status();
    trace = *std::move(opened);
  }
  if (!options.key_log.empty()) {
    auto opened = KeyLog::Open(options.key_log);
    if (!opened.ok()) return opened.status();
    output.key_log = *std::move(opened);
    // For an NSS that was built to write such a file, too.
    setenv("SSLKEYLOGFILE", options.key_log.c_str(), /*overwrite=*/1);
  }
  auto writer = std::make_shared<EventWriter>(global, warnings_only,
                                              std::move(trace), output.key_log);
  output.on_event = [writer](const Event& event) { writer->Take(event); };
  return output;
}

}  // namespace holdfast
