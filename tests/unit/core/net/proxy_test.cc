// Proxies as they are written, and what is said to them: transcripts of SOCKS 5
// and HTTP CONNECT, whole and byte by byte.

#include "holdfast/core/net/proxy.h"

#include <algorithm>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/net/proxy_dialogue.h"

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Endpoint kServer{*Host::Parse("mail.example.org"), 993};

TEST(ProxyTest, IsReadFromAUrl) {
  const Proxy socks =
      *Proxy::Parse("socks5://al%40ice:p%3Aw%20d:x@Proxy.example.org:1081");
  EXPECT_EQ(socks.kind(), Proxy::Kind::kSocks5);
  EXPECT_EQ(socks.endpoint().ToString(), "proxy.example.org:1081");
  EXPECT_EQ(socks.user(), "al@ice");
  EXPECT_EQ(socks.password(), "p:w d:x");
  EXPECT_EQ(socks.ToString(), "socks5://proxy.example.org:1081");

  const Proxy http = *Proxy::Parse("HTTP://[::1]/");
  EXPECT_EQ(http.kind(), Proxy::Kind::kHttpConnect);
  EXPECT_EQ(http.endpoint().ToString(), "[::1]:3128");
  EXPECT_EQ(http.user(), "");

  EXPECT_EQ(Proxy::Parse("socks5h://127.0.0.1")->endpoint().port, 1080);
  EXPECT_EQ(Proxy::Parse("http://alice@127.0.0.1")->password(), "");
}

TEST(ProxyTest, WhatIsNoneIsRefusedWithoutAWordOfThePassword) {
  const std::string long_name(256, 'a');
  for (const std::string& text :
       {std::string("127.0.0.1:1080"), std::string("socks4://127.0.0.1"),
        std::string("https://alice:secret@127.0.0.1"),
        std::string("socks5://alice:secret"),
        std::string("socks5://alice:secret@"),
        std::string("socks5://alice:secret@127.0.0.1:0"),
        std::string("socks5://alice:secret@127.0.0.1/path"),
        std::string("socks5://alice:secret%4@127.0.0.1"),
        std::string("socks5://alice:secret%zz@127.0.0.1"),
        std::string("socks5://:secret@127.0.0.1"),
        "socks5://" + long_name + ":secret@127.0.0.1",
        "socks5://alice:secret" + long_name + "@127.0.0.1",
        std::string("http://al%3Aice:secret@127.0.0.1"),
        std::string("http://alice:secret%0d%0a@127.0.0.1")}) {
    const absl::StatusOr<Proxy> proxy = Proxy::Parse(text);
    ASSERT_FALSE(proxy.ok()) << text;
    const Error error = ErrorFromStatus(proxy.status());
    EXPECT_EQ(error.code, ErrorCode::kInvalidProxy) << text;
    EXPECT_THAT(error.Message(), Not(HasSubstr("secret"))) << text;
  }
}

// What is heard, in the proxy's messages, and what comes of it.
struct Outcome {
  std::vector<std::string> said;  // to the proxy, in hexadecimal if it is SOCKS
  std::string left;               // of what was heard
  bool over;
  std::optional<Error> error;

  std::string code() const {
    return error  ? std::string(ErrorName(error->code))
           : over ? "connected"
                  : "";
  }
};

Outcome Talk(const std::string& url, const Endpoint& server,
             const std::vector<std::string>& messages, size_t piece) {
  const Proxy proxy = *Proxy::Parse(url);
  const auto dialogue = ProxyDialogue::Start(proxy, server);
  Outcome outcome;
  const auto listen = [&] {
    const SecretString said = dialogue->TakeOutgoing();
    if (said.empty()) return;
    outcome.said.push_back(proxy.kind() == Proxy::Kind::kSocks5
                               ? absl::BytesToHexString(said.view())
                               : std::string(said.view()));
  };
  listen();
  for (const std::string& message : messages) {
    for (size_t at = 0; at < message.size(); at += piece) {
      const std::string bytes = message.substr(at, piece);
      const size_t taken = dialogue->Consume(bytes);
      EXPECT_TRUE(dialogue->over() || taken == bytes.size());
      outcome.left += bytes.substr(taken);
    }
    listen();
  }
  outcome.over = dialogue->over();
  outcome.error = dialogue->error();
  return outcome;
}

std::string FromHex(absl::string_view hexadecimal) {
  std::string bytes;
  for (; !hexadecimal.empty(); hexadecimal.remove_prefix(2)) {
    unsigned int byte = 0;
    EXPECT_TRUE(absl::SimpleHexAtoi(hexadecimal.substr(0, 2), &byte));
    bytes.push_back(static_cast<char>(byte));
  }
  return bytes;
}

// Whole, or byte by byte.
class ProxyDialogueTest : public testing::TestWithParam<size_t> {
 protected:
  static Outcome Socks(const std::vector<std::string>& hexadecimal,
                       const std::string& credentials = "",
                       const Endpoint& server = kServer) {
    std::vector<std::string> messages;
    for (const std::string& message : hexadecimal) {
      messages.push_back(FromHex(message));
    }
    return Talk("socks5://" + credentials + "127.0.0.1", server, messages,
                GetParam());
  }
  static Outcome Http(const std::string& answer,
                      const std::string& credentials = "",
                      const Endpoint& server = kServer) {
    return Talk("http://" + credentials + "127.0.0.1", server, {answer},
                GetParam());
  }
};

INSTANTIATE_TEST_SUITE_P(Pieces, ProxyDialogueTest,
                         testing::Values(size_t{100000}, size_t{1}),
                         [](const auto& piece) {
                           return piece.param == 1 ? "ByteByByte" : "Whole";
                         });

// 18 bytes with the port.
constexpr char kNameInHex[] = "106d61696c2e6578616d706c652e6f726703e1";

TEST_P(ProxyDialogueTest, SocksIsToldANameAsAName) {
  const Outcome outcome = Socks({"0500", "050000010000000000002a4f4b"});
  EXPECT_EQ(outcome.code(), "connected");
  EXPECT_THAT(outcome.said,
              ElementsAre("050100", absl::StrCat("05010003", kNameInHex)));
  EXPECT_EQ(outcome.left, "*OK");  // the server's
}

TEST_P(ProxyDialogueTest, SocksIsToldAnAddressAsAnAddress) {
  EXPECT_EQ(Socks({"0500"}, "", {*Host::Parse("192.0.2.7"), 25}).said.back(),
            "05010001c00002070019");
  EXPECT_EQ(Socks({"0500"}, "", {*Host::Parse("2001:db8::7"), 25}).said.back(),
            "0501000420010db80000000000000000000000070019");
}

TEST_P(ProxyDialogueTest, SocksIsToldTheLongestNameThereIs) {
  const std::string label(63, 'a');
  const Host host = *Host::Parse(
      absl::StrCat(label, ".", label, ".", label, ".", label.substr(2)));
  ASSERT_EQ(host.name().size(), 253u);  // a longer one is no Host
  const std::string said = Socks({"0500"}, "", {host, 993}).said.back();
  EXPECT_EQ(said.substr(0, 12), "05010003fd61");
  EXPECT_EQ(said.size(), 2 * (4 + 1 + 253 + 2));
}

TEST_P(ProxyDialogueTest, SocksSignsInIfTheProxyWantsIt) {
  const std::string request = absl::StrCat("05010003", kNameInHex);
  EXPECT_THAT(Socks({"0502", "0100"}, "al:pw@").said,
              ElementsAre("05020002", "0102616c027077", request));
  EXPECT_THAT(Socks({"0500"}, "al:pw@").said, ElementsAre("05020002", request));
  EXPECT_THAT(Socks({"0502", "0500"}, "al:@").said,
              ElementsAre("05020002", "0102616c00", request));
}

TEST_P(ProxyDialogueTest, SocksThatRefusesTheSignInSaysSo) {
  for (const Outcome& outcome : {Socks({"0502", "0101"}, "al:pw@"),
                                 Socks({"05ff"}, "al:pw@"), Socks({"05ff"})}) {
    EXPECT_EQ(outcome.code(), "proxy_authentication_refused");
    EXPECT_EQ(outcome.error->phase, Phase::kConnect);
  }
  EXPECT_NE(Socks({"05ff"}, "al:pw@").error->message,
            Socks({"05ff"}).error->message);
}

TEST_P(ProxyDialogueTest, EachKindOfSocksReplyEndsWhereItEnds) {
  for (const std::string& address :
       {std::string("01") + "c0000201",
        std::string("04") + std::string(32, '0'),
        std::string("03") + "03616263", std::string("0300")}) {
    const std::string reply = "050000" + address + "0000";
    for (size_t size = 2; size < reply.size(); size += 2) {
      EXPECT_EQ(Socks({"0500", reply.substr(0, size)}).code(), "") << address;
    }
    const Outcome outcome = Socks({"0500", reply + "58"});
    EXPECT_EQ(outcome.code(), "connected") << address;
    EXPECT_EQ(outcome.left, "X") << address;
  }
}

TEST_P(ProxyDialogueTest, EachSocksReplyCodeHasItsMeaning) {
  std::map<std::string, int> messages;
  for (const char* code :
       {"01", "02", "03", "04", "05", "06", "07", "08", "09", "ff"}) {
    const Outcome outcome = Socks({"0500", absl::StrCat("05", code)});
    EXPECT_EQ(outcome.code(), "proxy_refused") << code;
    EXPECT_THAT(outcome.error->message,
                HasSubstr("would not connect to mail.example.org:993: "));
    ++messages[outcome.error->message];
  }
  EXPECT_EQ(messages.size(), 10u);
}

TEST_P(ProxyDialogueTest, WhatIsNotSocks5IsNamed) {
  EXPECT_THAT(Socks({"005a"}).error->message, HasSubstr("SOCKS 4"));
  EXPECT_THAT(Socks({"485454502f312e3120343030"}).error->message,
              HasSubstr("HTTP"));
  for (const std::vector<std::string>& messages :
       std::vector<std::vector<std::string>>{{"005a"},
                                             {"485454"},
                                             {"2a204f4b"},  // "* OK"
                                             {"0501"},
                                             {"0502"},  // was not offered
                                             {"0500", "005a"},
                                             {"0500", "0500000200"}}) {
    EXPECT_EQ(Socks(messages).code(), "proxy_failed") << messages.back();
  }
}

TEST_P(ProxyDialogueTest, HttpConnectsAndLeavesTheServersBytes) {
  const Outcome outcome = Http(
      "HTTP/1.1 200 Connection established\r\nContent-Length: 5\r\n"
      "X-Long: " +
      std::string(1000, 'x') + "\r\n\r\n* OK\r\n\r\n");
  EXPECT_EQ(outcome.code(), "connected");
  EXPECT_THAT(outcome.said,
              ElementsAre("CONNECT mail.example.org:993 HTTP/1.1\r\n"
                          "Host: mail.example.org:993\r\n\r\n"));
  EXPECT_EQ(outcome.left, "* OK\r\n\r\n");
}

TEST_P(ProxyDialogueTest, HttpHasCredentialsAndAddressesInItsOwnForm) {
  EXPECT_THAT(Http("", "al:p%40w@", {*Host::Parse("::1"), 25}).said,
              ElementsAre("CONNECT [::1]:25 HTTP/1.1\r\nHost: [::1]:25\r\n"
                          "Proxy-Authorization: Basic YWw6cEB3\r\n\r\n"));
}

TEST_P(ProxyDialogueTest, HttpMayEndItsLinesByLfAndSayOneThingBeforeAnother) {
  const Outcome outcome = Http(
      "HTTP/1.0 100 Wait\nA: b\n\nHTTP/1.1 103\r\n\r\n"
      "HTTP/1.0 204 \nA: b\n\nX");
  EXPECT_EQ(outcome.code(), "connected");
  EXPECT_EQ(outcome.left, "X");
}

TEST_P(ProxyDialogueTest, HttpThatRefusesSaysWhy) {
  const auto code = [](const std::string& line, const char* credentials = "") {
    return Http("HTTP/1.1 " + line + "\r\n", credentials).code();
  };
  EXPECT_EQ(code("403 Forbidden"), "proxy_refused");
  EXPECT_EQ(code("502 Bad Gateway"), "proxy_refused");
  EXPECT_EQ(code("302 Found"), "proxy_refused");
  EXPECT_EQ(code("407 Who?"), "proxy_authentication_refused");
  EXPECT_EQ(code("401 Who?", "al:pw@"), "proxy_authentication_refused");
  EXPECT_EQ(code("407 Who?", "al:pw@"), "proxy_authentication_refused");
  EXPECT_EQ(Http("HTTP/1.1 403 Not\x1b here\r\n").error->message,
            "The proxy would not connect to mail.example.org:993: "
            "403 Not\\x1b here.");
}

TEST_P(ProxyDialogueTest, WhatIsNotHttpFailsWithoutWaitingForALine) {
  EXPECT_THAT(Http("\x05").error->message, HasSubstr("SOCKS"));
  for (const char* answer :
       {"\x05", "* OK ready", "SSH-2.0", "HTTP/2", "HTTP/1.1\r\n",
        "HTTP/1.1 2x0 OK\r\n", "HTTP/1.1 099 OK\r\n", "HTTP/1.1\t200 OK\r\n",
        "\r\n"}) {
    EXPECT_EQ(Http(answer).code(), "proxy_failed") << answer;
  }
}

TEST_P(ProxyDialogueTest, HttpMayNotGoOnForEver) {
  const std::string begin = "HTTP/1.1 200 OK\r\n";
  EXPECT_EQ(Http(begin + "A: " + std::string(15000, 'x')).code(), "");
  EXPECT_EQ(Http(begin + "A: " + std::string(16384, 'x')).code(),
            "proxy_failed");
  std::string fields = begin;
  while (fields.size() <= 16384) fields += "A: b\r\n";
  EXPECT_EQ(Http(fields).code(), "proxy_failed");
  std::string informational;
  while (informational.size() <= 16384) informational += "HTTP/1.1 100\r\n\r\n";
  EXPECT_EQ(Http(informational).code(), "proxy_failed");
}

}  // namespace
}  // namespace holdfast
