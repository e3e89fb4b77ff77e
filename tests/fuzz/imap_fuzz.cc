// Feeds arbitrary bytes to a command's answer: whatever a server says, however
// it is cut, nothing is held beyond the bound, and both ways of cutting it come
// to the same.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "holdfast/core/base/error.h"
#include "holdfast/protocols/session/imap/imap_exchange.h"
#include "holdfast/protocols/session/imap/imap_handlers.h"

namespace holdfast {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

// Everything that it is given, as one text.
class LogSink final : public ImapFetchSink {
 public:
  absl::Status OnSection(const std::string& section, uint64_t size) override {
    absl::StrAppend(&log, "|", section, " ", size, ":");
    return absl::OkStatus();
  }
  absl::Status OnBytes(absl::string_view bytes) override {
    absl::StrAppend(&log, bytes);
    return absl::OkStatus();
  }
  absl::Status OnMessage(const ImapMessage& message) override {
    absl::StrAppend(&log, "|", message.number, " ", *message.uid, " ",
                    message.envelope);
    return absl::OkStatus();
  }
  std::string log;
};

// What comes of `input` in pieces of `step` bytes.
std::string Hear(absl::string_view input, size_t step,
                 const std::shared_ptr<ImapHandler>& handler, LogSink* sink) {
  ImapStream stream;
  std::string unasked;
  stream.on_unasked = [&unasked](absl::string_view text) {
    const auto update = ParseImapUpdate(text);
    absl::StrAppend(&unasked, "|", update ? update->text : "?");
    return absl::OkStatus();
  };
  ImapExchange exchange(&stream, ImapCommand("X"), OnLoss::kUnknown, handler);
  Check(exchange.Start({}).ok() && *exchange.Produce() == "A1 X\r\n");
  std::string end = "open";
  for (size_t i = 0; i < input.size() && !exchange.done(); i += step) {
    absl::string_view piece = input.substr(i, step);
    while (!piece.empty() && !exchange.done()) {
      const absl::StatusOr<size_t> taken = exchange.Consume(piece);
      if (!taken.ok()) {
        return absl::StrCat(ErrorName(ErrorFromStatus(taken.status()).code),
                            unasked);
      }
      Check(*taken == piece.size() || exchange.done());
      piece.remove_prefix(*taken);
    }
    Check(stream.reader.text().size() <= handler->max_text() + 2);
  }
  if (exchange.done()) end = exchange.answer().text;
  return absl::StrCat(end, unasked, sink->log);
}

template <typename Handler, typename... Arguments>
std::string HearAs(absl::string_view input, size_t step, LogSink* sink,
                   Arguments... arguments) {
  const auto handler = std::make_shared<Handler>(arguments...);
  return Hear(input, step, handler, sink);
}

std::string HearAsEach(absl::string_view input, size_t step) {
  LogSink sink;
  ImapStream stream;
  return absl::StrCat(
      HearAs<ImapFetchHandler>(input, step, &sink, &sink, std::nullopt),
      HearAs<ImapSelectHandler>(input, step, &sink, nullptr),
      HearAs<ImapListHandler>(input, step, &sink, &stream),
      HearAs<ImapStatusHandler>(input, step, &sink),
      HearAs<ImapSearchHandler>(input, step, &sink),
      HearAs<ImapCopyHandler>(input, step, &sink),
      HearAs<ImapEnableHandler>(input, step, &sink, &stream));
}

}  // namespace
}  // namespace holdfast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holdfast;
  if (size == 0) return 0;
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  Check(HearAsEach(input, 1) == HearAsEach(input, size));
  return 0;
}
