#include "holdfast/tests/helpers/exchange_script.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace holdfast::test {
namespace {

struct Line {
  bool from_server;
  std::string text;
};

Line ParseLine(const std::string& entry) {
  EXPECT_GE(entry.size(), 3u) << entry;
  return {entry[0] == 'S',
          absl::StrCat(entry.substr(3), entry[1] == ':' ? "\r\n" : "")};
}

// Adjacent lines of one side are one.
std::vector<Line> ParseScript(const ExchangeScript& script) {
  std::vector<Line> lines;
  for (const std::string& entry : script) {
    Line line = ParseLine(entry);
    if (!lines.empty() && lines.back().from_server == line.from_server) {
      lines.back().text += line.text;
    } else {
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

class Player {
 public:
  explicit Player(Exchange* exchange) : exchange_(exchange) {}

  absl::Status Send() {
    while (!exchange_->done()) {
      const absl::StatusOr<std::string> more = exchange_->Produce();
      if (!more.ok()) return more.status();
      if (more->empty()) break;
      sent_ += *more;
    }
    return absl::OkStatus();
  }
  absl::Status Hear(absl::string_view bytes) {
    input_.append(bytes.data(), bytes.size());
    while (!input_.empty() && !exchange_->done()) {
      const absl::StatusOr<size_t> taken = exchange_->Consume(input_);
      if (!taken.ok()) return taken.status();
      input_.erase(0, *taken);
      if (absl::Status sent = Send(); !sent.ok()) return sent;
      if (*taken == 0) break;
    }
    return absl::OkStatus();
  }

  std::string TakeSent() { return std::exchange(sent_, ""); }
  const std::string& input() const { return input_; }

 private:
  Exchange* const exchange_;
  std::string sent_;
  std::string input_;
};

}  // namespace

absl::Status PlayExchange(Exchange* exchange,
                          const std::vector<std::string>& capabilities,
                          const ExchangeScript& script, Feeding feeding,
                          std::string* left) {
  if (absl::Status started = exchange->Start(capabilities); !started.ok()) {
    return started;
  }
  Player player(exchange);
  if (absl::Status sent = player.Send(); !sent.ok()) return sent;
  for (const Line& line : ParseScript(script)) {
    const std::string sent = player.TakeSent();
    EXPECT_EQ(sent, line.from_server ? "" : line.text);
    if (!line.from_server) continue;
    const size_t step = feeding == Feeding::kInBlocks ? line.text.size() : 1;
    for (size_t i = 0; i < line.text.size(); i += step) {
      const absl::Status heard = player.Hear(line.text.substr(i, step));
      if (!heard.ok()) return heard;
    }
  }
  EXPECT_EQ(player.TakeSent(), "") << "sent at the end";
  EXPECT_EQ(player.input(), left != nullptr ? player.input() : "");
  if (left != nullptr) *left = player.input();
  return absl::OkStatus();
}

}  // namespace holdfast::test
