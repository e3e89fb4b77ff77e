// Signing in that begins with the connect, against a scripted server on real
// TLS: what goes out when, past which gate, and that it goes out once.

#include "holdfast/protocols/sign_in/begun_sign_in.h"

#include <poll.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/tests/helpers/manual_event_loop.h"
#include "holdfast/tests/helpers/openssl_peer.h"
#include "holdfast/tests/helpers/sign_in_parts.h"
#include "holdfast/tests/helpers/socket_pair.h"
#include "holdfast/tests/helpers/temp_dir.h"

namespace holdfast::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using M = SaslMechanism;
using Reason = CredentialsRequest::Reason;

const char kLogin[] = "auth1 LOGIN \"alice\" \"pw\"\r\n";
const char kImapTogether[] =
    "hf2 CAPABILITY\r\nauth1 LOGIN \"alice\" \"pw\"\r\n";

class OneAddress final : public Resolver {
 public:
  explicit OneAddress(EventLoop* loop) : loop_(loop) {}
  std::unique_ptr<Request> Resolve(
      const Endpoint& endpoint,
      std::function<void(Result)> on_result) override {
    loop_->Post([on_result, port = endpoint.port] {
      on_result(std::vector<SocketAddress>{
          SocketAddress::FromLiteral(*Host::Parse("192.0.2.1"), port)});
    });
    return std::make_unique<Request>();
  }

 private:
  EventLoop* const loop_;
};

// Each dial is one end of a pair of sockets.
class PairDialer final : public Dialer {
 public:
  explicit PairDialer(EventLoop* loop) : loop_(loop) {}
  std::unique_ptr<Request> Dial(
      const Endpoint&, std::vector<SocketAddress> addresses,
      std::function<void(DialResult)> on_result) override {
    SocketPair pair;
    clients.push_back(pair.client.get());
    servers.push_back(std::move(pair.server));
    loop_->Post(
        [on_result, address = addresses.front(), fd = pair.client.release()] {
          on_result(DialResult{UniqueFd(fd), address, std::nullopt, {}});
        });
    return std::make_unique<Request>();
  }

  std::vector<int> clients;
  std::vector<UniqueFd> servers;

 private:
  EventLoop* const loop_;
};

class BegunSignInTest : public testing::Test {
 protected:
  static std::shared_ptr<const Trust> TrustWith(
      std::shared_ptr<NssRuntime> runtime, std::string ca_file) {
    TrustOptions options;
    options.system_roots = false;
    if (ca_file.empty()) {
      options.danger_accept_any_certificate = true;
    } else {
      options.ca_files = {std::move(ca_file)};
    }
    return *Trust::Load(std::move(runtime), options);
  }

  // `target` is "imap://localhost" or the like.
  void Connect(const std::string& target, SignInOptions options,
               bool any_way = false) {
    options_ = std::move(options);
    ConnectRequest request{*ParseTarget(target), runtime_, trust_};
    if (any_way) request.target.security = ConnectionSecurity::kAuto;
    request.identity = identity_;
    operation_ = connector_.Connect(
        std::move(request), {&provider_, options_},
        [this](ConnectResult result) { connected_ = std::move(result); });
    Run();
  }
  // Lets the client do all that it can.
  void Run() {
    for (int i = 0; i < 20; ++i) {
      loop_.Advance(absl::ZeroDuration());
      loop_.RunPosted();
      for (const int fd : dialer_.clients) {
        if (!loop_.WatchedFor(fd)) continue;
        pollfd entry = {fd, POLLIN, 0};
        if (poll(&entry, 1, 0) == 1) loop_.MarkReady(fd);
      }
    }
  }
  // The dialogue in clear of the last dial, then the handshake, on the last
  // socket. `clear` is what the server says; empty for implicit TLS.
  void Accept(const std::vector<std::string>& clear,
              const OpensslPeer::Adjust& adjust = nullptr) {
    UniqueFd& server = dialer_.servers.back();
    for (const std::string& line : clear) {
      SendAll(server, line);
      Run();
    }
    if (!clear.empty()) ReadAllBut(server);
    peer_.emplace(std::move(server), *authority_.Issue(), adjust);
    for (int i = 0; i < 5; ++i) {
      peer_->Accept();
      Run();
    }
    ASSERT_TRUE(peer_->Accept());
  }
  // Takes the dialogue's commands, and leaves the ClientHello.
  static void ReadAllBut(const UniqueFd& fd) {
    char byte = 0;
    while (recv(fd.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1 &&
           byte != 0x16) {
      recv(fd.get(), &byte, 1, 0);
    }
  }
  void ServerSays(const std::string& text) {
    peer_->Write(text);
    Run();
  }
  void AcceptImap(const OpensslPeer::Adjust& adjust = nullptr) {
    Accept({"* OK hello\r\n", "hf1 OK go\r\n"}, adjust);
  }
  // Of which the server may have heard a part.
  void SignInNow() {
    ASSERT_TRUE(connected_ && connected_->ok());
    sign_in_ = SignIn::Start(
        &loop_, connected_->connection.get(), &provider_, options_,
        [this](SignInResult result) { signed_in_ = std::move(result); },
        std::move(connected_->begun_sign_in));
    Run();
  }
  std::string Unread() const {
    char buffer[100];
    const auto read = connected_->connection->Read(absl::MakeSpan(buffer));
    return std::string(buffer, read.bytes);
  }
  ErrorCode SignInCode() const {
    return signed_in_ && signed_in_->error ? signed_in_->error->code
                                           : ErrorCode::kInternal;
  }
  static SignInOptions Told(Protocol protocol, SaslMechanism mechanism,
                            std::vector<std::string> remembered = {}) {
    SignInOptions options{protocol, mechanism};
    options.remembered_capabilities = std::move(remembered);
    return options;
  }
  static SignInOptions ImapLogin() {
    return Told(Protocol::kImap, M::kProtocolLogin);
  }

  std::shared_ptr<NssRuntime> runtime_ = *NssRuntime::Start();
  lab::CertificateAuthority authority_ = *lab::CertificateAuthority::Create();
  TempDir files_;
  std::shared_ptr<const Trust> trust_ =
      TrustWith(runtime_, files_.Write("ca.pem", authority_.certificate_pem()));
  ManualEventLoop loop_;
  OneAddress resolver_{&loop_};
  PairDialer dialer_{&loop_};
  const std::unique_ptr<HostCache> cache_ = NewMemoryHostCache();
  Connector connector_{{&loop_, &resolver_, &dialer_, cache_.get()}};
  ListProvider provider_{{"pw", "pw2"}};
  std::shared_ptr<const ClientIdentity> identity_;  // null: none
  SignInOptions options_{Protocol::kImap};
  std::optional<ConnectResult> connected_;
  std::unique_ptr<Connector::Operation> operation_;
  std::optional<OpensslPeer> peer_;
  std::optional<SignInResult> signed_in_;
  std::unique_ptr<SignIn> sign_in_;
};

// --- What goes out when

TEST_F(BegunSignInTest, ImapAsksWhatTheServerCanDoInTheSameRecord) {
  Connect("imap://localhost", ImapLogin());
  AcceptImap();
  char record[200];
  const int size = SSL_read(peer_->ssl(), record, sizeof record);
  EXPECT_EQ(std::string(record, size > 0 ? size : 0), kImapTogether);
}

TEST_F(BegunSignInTest, OnlyTheServersFirstBytesMakeTheConnectionReady) {
  Connect("imap://localhost", ImapLogin());
  AcceptImap();
  EXPECT_EQ(peer_->Read(), kImapTogether);
  EXPECT_FALSE(connected_);
  EXPECT_THAT(cache_->List(), IsEmpty());
  ServerSays("*");
  ASSERT_TRUE(connected_);
  EXPECT_TRUE(connected_->ok());
  EXPECT_EQ(cache_->List().size(), 1u);

  SignInNow();
  ServerSays(" CAPABILITY IDLE SASL-IR\r\nhf2 OK\r\n");
  EXPECT_FALSE(signed_in_);
  ServerSays("auth1 OK [CAPABILITY MOVE] in\r\n* 3 EXISTS\r\n");
  ASSERT_TRUE(signed_in_);
  EXPECT_TRUE(signed_in_->ok());
  EXPECT_EQ(signed_in_->mechanism, M::kProtocolLogin);
  EXPECT_EQ(signed_in_->tries, 1);
  EXPECT_EQ(signed_in_->round_trips, 1);
  EXPECT_THAT(signed_in_->capabilities, ElementsAre("MOVE"));
  EXPECT_THAT(connected_->connection->capabilities(),
              ElementsAre("IDLE", "SASL-IR"));
  EXPECT_EQ(Unread(), "* 3 EXISTS\r\n");
  EXPECT_EQ(provider_.asked().size(), 1u);
  EXPECT_EQ(peer_->Read(), "");
}

TEST_F(BegunSignInTest, Pop3DoesNotAsk) {
  Connect("pop3://localhost", Told(Protocol::kPop3, M::kPlain));
  Accept({"+OK hello\r\n", "+OK go\r\n"});
  EXPECT_EQ(peer_->Read(), "AUTH PLAIN AGFsaWNlAHB3\r\n");
  EXPECT_FALSE(connected_);
  ServerSays("+OK in\r\n");
  SignInNow();
  ASSERT_TRUE(signed_in_);
  EXPECT_TRUE(signed_in_->ok());
  EXPECT_THAT(connected_->connection->capabilities(), IsEmpty());
}

TEST_F(BegunSignInTest, SmtpAndNntpAskFirst) {
  Connect("submission://localhost", Told(Protocol::kSubmission, M::kPlain));
  Accept({"220 hello\r\n", "250 STARTTLS\r\n", "220 go\r\n"});
  EXPECT_EQ(peer_->Read(), "EHLO [127.0.0.1]\r\n");
  Connect("nntp://localhost", Told(Protocol::kNntp, M::kProtocolLogin));
  Accept({"200 hello\r\n", "382 go\r\n"});
  EXPECT_EQ(peer_->Read(), "CAPABILITIES\r\n");
  EXPECT_THAT(provider_.asked(), IsEmpty());
  operation_.reset();
}

TEST_F(BegunSignInTest, WithImplicitTlsTheGreetingIsHeardFirst) {
  Connect("imaps://localhost", ImapLogin());
  Accept({});
  EXPECT_EQ(peer_->Read(), "");
  EXPECT_THAT(provider_.asked(), IsEmpty());
  ServerSays("* OK hello\r\n");
  EXPECT_EQ(peer_->Read(), absl::StrCat("hf1 CAPABILITY\r\n", kLogin));
  SignInNow();
  ServerSays("* CAPABILITY IDLE\r\nhf1 OK\r\nauth1 OK in\r\n");
  ASSERT_TRUE(signed_in_);
  EXPECT_TRUE(signed_in_->ok());
}

TEST_F(BegunSignInTest, ARememberedListAllowsAnInitialResponse) {
  Connect("imap://localhost", Told(Protocol::kImap, M::kPlain, {"SASL-IR"}));
  AcceptImap();
  EXPECT_EQ(peer_->Read(),
            "hf2 CAPABILITY\r\nauth1 AUTHENTICATE PLAIN AGFsaWNlAHB3\r\n");
}

TEST_F(BegunSignInTest, ARememberedMechanismIsBegunWith) {
  SignInOptions options{Protocol::kPop3};
  options.remembered_mechanism = M::kPlain;
  Connect("pop3://localhost", options);
  Accept({"+OK hello\r\n", "+OK go\r\n"});
  EXPECT_EQ(peer_->Read(), "AUTH PLAIN AGFsaWNlAHB3\r\n");
  ServerSays("+OK in\r\n");
  SignInNow();
  ASSERT_TRUE(signed_in_);
  EXPECT_TRUE(signed_in_->ok());
  EXPECT_EQ(signed_in_->mechanism, M::kPlain);
}

TEST_F(BegunSignInTest, ExternalIsBegunWithOnceTheServerHasTheCertificate) {
  provider_.kind = CredentialKind::kCertificate;
  lab::CertificateOptions alice;
  alice.extended_key_usage = "clientAuth";
  const lab::Certificate certificate = *authority_.Issue(alice);
  identity_ = *ClientIdentity::Load(
      runtime_, {files_.Write("alice.pem", certificate.chain_pem),
                 files_.Write("alice.key", certificate.key_pem)});
  for (const bool asks : {true, false}) {
    connected_.reset();
    Connect("pop3://localhost", Told(Protocol::kPop3, M::kExternal));
    Accept({"+OK hello\r\n", "+OK go\r\n"}, [asks](SSL_CTX* context) {
      const auto accept = [](int, X509_STORE_CTX*) { return 1; };
      if (asks) SSL_CTX_set_verify(context, SSL_VERIFY_PEER, accept);
    });
    EXPECT_EQ(peer_->Read(), asks ? "AUTH EXTERNAL =\r\n" : "CAPA\r\n");
  }
}

// Where nothing can be begun it means nothing: the list decides.
TEST_F(BegunSignInTest, ARememberedMechanismIsNotATold) {
  SignInOptions options{Protocol::kImap};
  options.remembered_mechanism = M::kPlain;
  Connect("imap://localhost", options);
  AcceptImap();
  EXPECT_EQ(peer_->Read(), "hf2 CAPABILITY\r\n");
  ServerSays("* CAPABILITY AUTH=LOGIN\r\nhf2 OK\r\n");
  SignInNow();
  EXPECT_EQ(peer_->Read(), "auth1 AUTHENTICATE LOGIN\r\n");
}

TEST_F(BegunSignInTest, WhereTheListIsNeededItIsHeardFirst) {
  const SignInOptions kCases[] = {
      {Protocol::kImap},                 // the strongest of it
      Told(Protocol::kImap, M::kPlain),  // SASL-IR or not?
      Told(Protocol::kImap, M::kScramSha256, {"SASL-IR"}),
      Told(Protocol::kImap, M::kProtocolLogin, {"LOGINDISABLED"}),
      Told(Protocol::kImap, M::kXoauth2, {"SASL-IR"}),  // has no token
  };
  for (const SignInOptions& options : kCases) {
    connected_.reset();
    Connect("imap://localhost", options);
    AcceptImap();
    EXPECT_EQ(peer_->Read(), "hf2 CAPABILITY\r\n");
    EXPECT_THAT(provider_.asked(), IsEmpty());
    ServerSays("* CAPABILITY IDLE\r\nhf2 OK\r\n");
    ASSERT_TRUE(connected_);
    EXPECT_THAT(connected_->connection->capabilities(), ElementsAre("IDLE"));
  }
}

TEST_F(BegunSignInTest, AfterPreauthNobodyIsAsked) {
  Connect("imaps://localhost", ImapLogin());
  Accept({});
  ServerSays("* PREAUTH hello\r\n");
  EXPECT_EQ(peer_->Read(), "hf1 CAPABILITY\r\n");
  ServerSays("* CAPABILITY IDLE\r\nhf1 OK\r\n");
  SignInNow();
  ASSERT_TRUE(signed_in_);
  EXPECT_TRUE(signed_in_->ok());
  EXPECT_THAT(provider_.asked(), IsEmpty());
}

// --- The gate

TEST_F(BegunSignInTest, ACertificateThatIsOnlyAcceptedGetsNothing) {
  trust_ = TrustWith(runtime_, "");
  Connect("imap://localhost", ImapLogin());
  AcceptImap();
  EXPECT_EQ(peer_->Read(), "hf2 CAPABILITY\r\n");
  ServerSays("* CAPABILITY IDLE\r\nhf2 OK\r\n");
  SignInNow();
  EXPECT_EQ(SignInCode(), ErrorCode::kUnprotectedCredentials);
  EXPECT_THAT(provider_.asked(), IsEmpty());
  EXPECT_EQ(peer_->Read(), "");
}

TEST_F(BegunSignInTest, AVersionBelowTheFloorGetsNothing) {
  SignInOptions options = ImapLogin();
  options.min_version = TlsVersion::kTls13;
  Connect("imap://localhost", options);
  AcceptImap([](SSL_CTX* context) {
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  });
  EXPECT_EQ(peer_->Read(), "hf2 CAPABILITY\r\n");
  ServerSays("* CAPABILITY IDLE\r\nhf2 OK\r\n");
  SignInNow();
  EXPECT_EQ(SignInCode(), ErrorCode::kUnprotectedCredentials);
  EXPECT_THAT(provider_.asked(), IsEmpty());
}

// --- Once only (promise 11)

TEST_F(BegunSignInTest, AConnectionThatIsLostAfterwardsIsNotTriedAgain) {
  enum class Loss { kCloseNotify, kFin, kReset, kDeadline };
  for (const Loss loss :
       {Loss::kCloseNotify, Loss::kFin, Loss::kReset, Loss::kDeadline}) {
    SCOPED_TRACE(static_cast<int>(loss));
    provider_ = ListProvider({"pw", "pw2"});
    dialer_.clients.clear();
    connected_.reset();
    Connect("imap://localhost", ImapLogin());
    AcceptImap();
    ErrorCode expected = ErrorCode::kClosedBeforeReady;
    switch (loss) {
      case Loss::kCloseNotify:
      case Loss::kFin:
        EXPECT_EQ(peer_->Read(), kImapTogether);
        peer_->Close(loss == Loss::kCloseNotify);
        break;
      case Loss::kReset:  // with the command unread
        peer_->Close(/*politely=*/false);
        expected = ErrorCode::kConnectionReset;
        break;
      case Loss::kDeadline:
        loop_.Advance(absl::Seconds(30));
        expected = ErrorCode::kResponseTimedOut;
        break;
    }
    Run();
    ASSERT_TRUE(connected_);
    ASSERT_FALSE(connected_->ok());
    EXPECT_EQ(connected_->report.error->code, expected);
    EXPECT_EQ(connected_->report.attempts.size(), 1u);
    EXPECT_EQ(dialer_.clients.size(), 1u);
    EXPECT_EQ(provider_.asked().size(), 1u);
  }
}

// What the last test would see if it were not for the command.
TEST_F(BegunSignInTest, WithoutACommandTheSameLossIsTriedAgain) {
  Connect("imap://localhost", {Protocol::kImap});
  AcceptImap();
  peer_->Close(/*politely=*/false);
  Run();
  EXPECT_FALSE(connected_);
  EXPECT_EQ(dialer_.clients.size(), 2u);
  operation_.reset();
}

// The greeting is there, and nobody who reads what is said to it.
TEST_F(BegunSignInTest, NoOtherWayInIsTriedAfterwards) {
  for (const bool has_command : {true, false}) {
    provider_ = ListProvider({"pw", "pw2"});
    dialer_.clients.clear();
    connected_.reset();
    Connect("imap://localhost",
            has_command ? ImapLogin() : SignInOptions{Protocol::kImap},
            /*any_way=*/true);
    Accept({});
    peer_->Write("* OK hello\r\n");
    peer_->Close(/*politely=*/false);
    Run();
    EXPECT_EQ(dialer_.clients.size(), has_command ? 1u : 2u);
    EXPECT_EQ(provider_.asked().size(), has_command ? 1u : 0u);
    EXPECT_EQ(connected_.has_value(), has_command);
  }
  operation_.reset();
}

TEST_F(BegunSignInTest, AttemptsBesideItAreGivenUpBeforehand) {
  Connect("imaps://localhost", ImapLogin());
  loop_.Advance(FallbackPolicy().hedge_delay);
  Run();
  const size_t dials = dialer_.clients.size();
  ASSERT_GT(dials, 1u);
  peer_.emplace(std::move(dialer_.servers[1]), *authority_.Issue());
  for (int i = 0; i < 5; ++i) {
    peer_->Accept();
    loop_.Advance(absl::Milliseconds(100));  // an answer may be held
    Run();
  }
  ASSERT_TRUE(peer_->Accept());
  peer_->Write("* OK hello\r\n");
  peer_->Close(/*politely=*/false);
  Run();
  ASSERT_TRUE(connected_);
  EXPECT_FALSE(connected_->ok());
  EXPECT_EQ(dialer_.clients.size(), dials);
  EXPECT_EQ(provider_.asked().size(), 1u);
  EXPECT_EQ(connected_->report.attempts.size(), dials);
  EXPECT_EQ(connected_->report.error->code,
            connected_->report.attempts[1].error->code);
}

TEST_F(BegunSignInTest, ARefusalAsksAgainOnTheSameConnection) {
  Connect("imap://localhost", ImapLogin());
  AcceptImap();
  EXPECT_EQ(peer_->Read(), kImapTogether);
  ServerSays("* CAPABILITY IDLE\r\nhf2 OK\r\nauth1 NO wrong\r\n");
  SignInNow();
  EXPECT_EQ(peer_->Read(), "auth2 LOGIN \"alice\" \"pw2\"\r\n");
  ASSERT_EQ(provider_.asked().size(), 2u);
  EXPECT_EQ(provider_.asked()[1].reason, Reason::kRefused);
  ServerSays("auth2 OK in\r\n");
  ASSERT_TRUE(signed_in_);
  EXPECT_TRUE(signed_in_->ok());
  EXPECT_EQ(signed_in_->tries, 2);
}

// A list that was remembered wrongly is no reason to send them in another form.
TEST_F(BegunSignInTest, ACommandThatTheServerDoesNotKnowEndsIt) {
  Connect("imap://localhost", Told(Protocol::kImap, M::kPlain, {"SASL-IR"}));
  AcceptImap();
  peer_->Read();
  ServerSays("* CAPABILITY AUTH=PLAIN\r\nhf2 OK\r\nauth1 BAD what?\r\n");
  SignInNow();
  EXPECT_EQ(SignInCode(), ErrorCode::kUnexpectedResponse);
  EXPECT_EQ(peer_->Read(), "");
  EXPECT_EQ(provider_.asked().size(), 1u);
}

TEST_F(BegunSignInTest, AServerThatLeavesInsteadOfItsListIsBusy) {
  Connect("imap://localhost", ImapLogin());
  AcceptImap();
  ServerSays("* BYE enough\r\n");
  SignInNow();
  EXPECT_EQ(SignInCode(), ErrorCode::kServerBusy);
  EXPECT_EQ(signed_in_->error->server_text, "enough");
}

// --- Providers that take their time, or fail

TEST_F(BegunSignInTest, AProviderThatTakesItsTimeIsAskedOnce) {
  for (const bool before_sign_in : {true, false}) {
    provider_ = ListProvider({});
    provider_.later = true;
    connected_.reset();
    signed_in_.reset();
    Connect("imap://localhost", ImapLogin());
    AcceptImap();
    EXPECT_EQ(peer_->Read(), "hf2 CAPABILITY\r\n");
    ServerSays("* CAPABILITY IDLE\r\nhf2 OK\r\n");
    if (before_sign_in) {
      provider_.kept(Credentials{"alice", SecretString("pw")});
    }
    SignInNow();
    if (!before_sign_in) {
      EXPECT_EQ(peer_->Read(), "");
      provider_.kept(Credentials{"alice", SecretString("pw")});
    }
    EXPECT_EQ(peer_->Read(), kLogin);
    ServerSays("auth1 OK in\r\n");
    ASSERT_TRUE(signed_in_);
    EXPECT_TRUE(signed_in_->ok());
    EXPECT_EQ(provider_.asked().size(), 1u);
  }
}

TEST_F(BegunSignInTest, AnAnswerAfterItWasAbandonedIsIgnored) {
  provider_.later = true;
  Connect("imap://localhost", ImapLogin());
  AcceptImap();
  operation_.reset();
  provider_.kept(Credentials{"alice", SecretString("pw")});
  Run();
  EXPECT_EQ(peer_->Read(), "hf2 CAPABILITY\r\n");
}

TEST_F(BegunSignInTest, WhatTheProviderSaysInsteadEndsTheSignIn) {
  struct {
    std::deque<std::string> passwords;
    ErrorCode code;
  } const kCases[] = {{{}, ErrorCode::kCancelled},
                      {{"a\r\nb"}, ErrorCode::kCredentialsUnusable}};
  for (const auto& c : kCases) {
    provider_ = ListProvider(c.passwords);
    connected_.reset();
    signed_in_.reset();
    Connect("imap://localhost", ImapLogin());
    AcceptImap();
    EXPECT_EQ(peer_->Read(), "hf2 CAPABILITY\r\n");
    ServerSays("* CAPABILITY IDLE\r\nhf2 OK\r\n");
    SignInNow();
    EXPECT_EQ(SignInCode(), c.code);
    EXPECT_EQ(provider_.asked().size(), 1u);
    EXPECT_EQ(peer_->Read(), "");
  }
}

}  // namespace
}  // namespace holdfast::test
