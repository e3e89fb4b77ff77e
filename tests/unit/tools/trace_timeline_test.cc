// Traces as timelines: what is whole is told, what is damaged is named.

#include "holdfast/tools/trace_timeline.h"

#include <sstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/tools/report.h"

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kHeader[] =
    R"({"holdfast":"1","target":"imaps://a.example:993","started":"2026-01-02T03:04:05Z","pid":7})";

TraceTimeline Read(const std::string& text) {
  std::istringstream stream(text);
  return ReadTrace(&stream);
}

std::string EventLine(Event event, int pid = 7) {
  nlohmann::ordered_json json = EventJson(event);
  json["pid"] = pid;
  return JsonLine(json);
}

TEST(TraceTimelineTest, TellsEveryKindOfEvent) {
  for (int i = 0; i <= static_cast<int>(EventKind::kCommandRepeated); ++i) {
    const auto kind = static_cast<EventKind>(i);
    const TraceTimeline timeline = Read(absl::StrCat(
        kHeader, "\n", EventLine({kind, absl::Milliseconds(12), 3, {}})));
    EXPECT_THAT(timeline.damaged_lines, IsEmpty()) << EventKindName(kind);
    EXPECT_THAT(timeline.text, HasSubstr("      12.0 ms  attempt 3   "));
  }
}

TEST(TraceTimelineTest, IsAsWrittenHere) {
  EXPECT_EQ(
      Read(absl::StrCat(
               kHeader, "\n",
               EventLine({EventKind::kHandshakeFailed,
                          absl::Microseconds(1500),
                          1,
                          {{"nss", "PR_END_OF_FILE_ERROR"},
                           {"alert", ""},
                           {"bytes_received", "7"},
                           {"first_bytes", "\\x15"},
                           {"server_hello_version", ""}}}),
               EventLine({EventKind::kCancelled, absl::Seconds(100), 0, {}})))
          .text,
      "2026-01-02T03:04:05Z  imaps://a.example:993  (process 7, holdfast 1)\n"
      "       1.5 ms  attempt 1   the handshake failed: 7 bytes received, "
      "beginning with \"\\x15\", PR_END_OF_FILE_ERROR\n"
      "  100000.0 ms              cancelled\n");
}

TEST(TraceTimelineTest, ConnectionsThroughAProxyAreToldFromOthers) {
  const auto text = [](const std::string& address, bool through_proxy) {
    const Event event{EventKind::kTcpConnected,
                      absl::ZeroDuration(),
                      1,
                      {{"address", address},
                       {"through_proxy", through_proxy ? "true" : "false"}}};
    return Read(absl::StrCat(kHeader, "\n", EventLine(event))).text;
  };
  EXPECT_THAT(text("192.0.2.1", false), HasSubstr("TCP is up with 192.0.2.1"));
  EXPECT_THAT(text("192.0.2.9", true),
              HasSubstr("is connected through a proxy: 192.0.2.9"));
  EXPECT_THAT(text("", true), HasSubstr("is connected through a proxy\n"));
}

TEST(TraceTimelineTest, DamagedLinesAreNamedAndLeftOut) {
  const std::string event =
      EventLine({EventKind::kReady, absl::ZeroDuration(), 1, {}});
  const TraceTimeline timeline = Read(absl::StrCat(
      kHeader, "\n", "{\"ms\":1,\n", event, "\n", "[]\n", "7\n",
      "{\"pid\":\"x\"}\n", "{\"ms\":1,\"event\":\"ready\",\"pid\":7}\n",
      std::string("\0\xff\n", 3), event.substr(0, event.size() / 2)));
  EXPECT_THAT(timeline.damaged_lines, ElementsAre(2, 5, 6, 7, 8, 9, 10));
  EXPECT_THAT(timeline.text, HasSubstr("the connection is ready"));
}

TEST(TraceTimelineTest, RunsThatShareAFileAreToldApart) {
  const Event ready = {EventKind::kReady, absl::ZeroDuration(), 1, {}};
  const Event cancelled = {EventKind::kCancelled, absl::ZeroDuration(), 0, {}};
  const std::string other =
      R"({"holdfast":"1","target":"imaps://b.example:993","started":"now","pid":8})";
  const std::string text =
      Read(absl::StrCat(kHeader, "\n", other, "\n", EventLine(ready, 8),
                        EventLine(cancelled, 7), EventLine(ready, 9)))
          .text;
  EXPECT_LT(text.find("cancelled"), text.find("b.example"));
  EXPECT_LT(text.find("b.example"), text.find("ready"));
  EXPECT_THAT(text, HasSubstr("\n(process 9)\n"));
}

TEST(TraceTimelineTest, UnknownEventsAreShownAsTheyAre) {
  const TraceTimeline timeline = Read(
      R"({"ms":1,"event":"new_thing","attempt":0,"fields":{"a":"b"},"pid":7})");
  EXPECT_THAT(timeline.text, HasSubstr("new_thing a=b"));
  EXPECT_THAT(timeline.damaged_lines, IsEmpty());
}

TEST(TraceTimelineTest, ATraceCannotMoveTheCursor) {
  const Event event = {EventKind::kLookupStarted,
                       absl::ZeroDuration(),
                       1,
                       {{"host", "a\x1b[2J\r\n\xc2\x9b\x7f\xc3\xa9"}}};
  const std::string text = Read(EventLine(event)).text;
  EXPECT_THAT(text, HasSubstr("a\\x1b[2J\\r\\n\\u{9b}\\x7f\xc3\xa9\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace holdfast
