// Holdfast as a guest: in a process whose application uses NSS itself, before
// us, beside us and after us. Nothing of the application's may change.
//
// NSS starts once in a process, so each test needs a process of its own, as
// ctest gives it.

#include <cert.h>
#include <certdb.h>
#include <nspr.h>
#include <nss.h>
#include <pk11pub.h>
#include <prio.h>
#include <secmod.h>
#include <signal.h>
#include <ssl.h>
#include <sslproto.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holdfast/protocols/connect/connector.h"
#include "holdfast/tests/helpers/nss_database.h"
#include "holdfast/tests/helpers/own_loop.h"
#include "holdfast/tests/helpers/patient_request.h"
#include "holdfast/tests/helpers/temp_dir.h"
#include "holdfast/tools/lab/certificate_authority.h"
#include "holdfast/tools/lab/lab_server.h"

namespace holdfast::test {
namespace {

using lab::CertificateAuthority;
using lab::LabServer;

// A lab server with an authority of its own.
struct Site {
  explicit Site(const std::string& name,
                const std::string& behaviour = "healthy")
      : authority(*CertificateAuthority::Create(name)) {
    lab::LabOptions options;
    options.behaviour = *lab::FindBehaviour(behaviour);
    options.certificate = *authority.Issue();
    server = LabServer::Start(options).value();
  }

  CertificateAuthority authority;
  std::unique_ptr<LabServer> server;
};

// Everything of the process that a library could change.
std::map<std::string, std::string> ProcessSettings() {
  std::map<std::string, std::string> settings;
  for (int option = 0; option < 64; ++option) {
    PRIntn value = 0;
    if (SSL_OptionGetDefault(option, &value) == SECSuccess) {
      settings[absl::StrCat("option ", option)] = absl::StrCat(value);
    }
  }
  const PRUint16* const suites = SSL_GetImplementedCiphers();
  for (PRUint16 i = 0; i < SSL_GetNumImplementedCiphers(); ++i) {
    PRBool on = PR_FALSE;
    SSL_CipherPrefGetDefault(suites[i], &on);
    settings[absl::StrCat("cipher ", absl::Hex(suites[i]))] = absl::StrCat(on);
  }
  SSLVersionRange range = {};
  SSL_VersionRangeGetDefault(ssl_variant_stream, &range);
  settings["versions"] = absl::StrCat(range.min, " to ", range.max);
  for (const PRInt32 option :
       {NSS_RSA_MIN_KEY_SIZE, NSS_DH_MIN_KEY_SIZE, NSS_DSA_MIN_KEY_SIZE,
        NSS_TLS_VERSION_MIN_POLICY, NSS_TLS_VERSION_MAX_POLICY}) {
    PRInt32 value = 0;
    NSS_OptionGet(option, &value);
    settings[absl::StrCat("limit ", option)] = absl::StrCat(value);
  }
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    struct sigaction action = {};
    sigaction(signal, nullptr, &action);
    settings[absl::StrCat("signal ", signal)] =
        absl::StrCat(absl::Hex(reinterpret_cast<uintptr_t>(action.sa_handler)),
                     " ", action.sa_flags);
  }
  settings["slots"] = absl::StrCat(SECMOD_GetInternalModule()->slotCount);
  return settings;
}

// What NSS, by its own trust, makes of a certificate.
bool NssAccepts(const std::string& pem) {
  CERTCertificate* const leaf = CERT_DecodeCertFromPackage(
      const_cast<char*>(pem.data()), static_cast<int>(pem.size()));
  const bool good =
      CERT_VerifyCertificateNow(CERT_GetDefaultCertDB(), leaf, PR_TRUE,
                                certificateUsageSSLServer, nullptr,
                                nullptr) == SECSuccess;
  CERT_DestroyCertificate(leaf);
  return good;
}

// The trust flags of an authority; nullopt if it has none.
std::optional<unsigned> NssTrustFlags(const std::string& pem) {
  CERTCertificate* const certificate = CERT_DecodeCertFromPackage(
      const_cast<char*>(pem.data()), static_cast<int>(pem.size()));
  CERTCertTrust trust = {};
  const SECStatus found = CERT_GetCertTrust(certificate, &trust);
  CERT_DestroyCertificate(certificate);
  if (found != SECSuccess) return std::nullopt;
  return trust.sslFlags;
}

struct HandshakeResult {
  bool done = false;
  bool resumed = false;
};

// As an application makes it that knows nothing of Holdfast: blocking, with
// NSS's defaults and NSS's trust.
HandshakeResult ShakeHands(const LabServer& server) {
  PRFileDesc* const tcp = PR_OpenTCPSocket(PR_AF_INET);
  PRNetAddr address = {};
  PR_InitializeNetAddr(PR_IpAddrLoopback, server.port(), &address);
  EXPECT_EQ(PR_Connect(tcp, &address, PR_SecondsToInterval(10)), PR_SUCCESS);
  PRFileDesc* const ssl = SSL_ImportFD(nullptr, tcp);
  SSL_SetURL(ssl, "localhost");
  SSL_ResetHandshake(ssl, PR_FALSE);
  HandshakeResult result;
  result.done = SSL_ForceHandshake(ssl) == SECSuccess;
  char greeting[64];
  // Tickets come before it.
  if (result.done)
    PR_Recv(ssl, greeting, sizeof greeting, 0, PR_SecondsToInterval(10));
  SSLChannelInfo channel = {};
  SSL_GetChannelInfo(ssl, &channel, sizeof channel);
  result.resumed = channel.resumed;
  PR_Close(ssl);
  return result;
}

// What connections of ours are given.
class Guest {
 public:
  Guest() : runtime_(*NssRuntime::Start()) {}

  const NssRuntime& runtime() const { return *runtime_; }

  std::shared_ptr<const Trust> Trusting(const CertificateAuthority& authority) {
    TrustOptions options;
    options.system_roots = false;
    options.ca_files = {
        directory_.Write("ca.pem", authority.certificate_pem())};
    return *Trust::Load(runtime_, options);
  }
  std::shared_ptr<const Trust> Load(const TrustOptions& options) {
    return *Trust::Load(runtime_, options);
  }

  // OK, or the first problem of the certificate.
  ErrorCode Connect(const Site& site, std::shared_ptr<const Trust> trust,
                    std::shared_ptr<const ClientIdentity> identity = {}) {
    ConnectRequest request = Patient(
        {*ParseTarget(absl::StrCat("imaps://127.0.0.1:", site.server->port())),
         runtime_, std::move(trust)});
    request.identity = std::move(identity);
    const ConnectResult result = ConnectBlocking(request, nullptr);
    return result.ok() ? kConnected : result.report.error->code;
  }
  static constexpr ErrorCode kConnected = ErrorCode{};

  std::shared_ptr<const ClientIdentity> Identity(
      const lab::Certificate& certificate) {
    return *ClientIdentity::Load(
        runtime_, {directory_.Write("client.pem", certificate.chain_pem),
                   directory_.Write("client.key", certificate.key_pem)});
  }

 private:
  std::shared_ptr<NssRuntime> runtime_;
  TempDir directory_;
};

// Everything that Holdfast does with trust, successful and refused.
void UseHoldfast(Guest* guest, const Site& ours, const Site& hosts) {
  EXPECT_EQ(guest->Connect(ours, guest->Trusting(ours.authority)),
            Guest::kConnected);
  EXPECT_EQ(guest->Connect(hosts, guest->Trusting(ours.authority)),
            ErrorCode::kMissingIntermediate);
  NssDatabase database;
  database.Add("ours", "CT,C,C", ours.authority.certificate_pem());
  TrustOptions from_database;
  from_database.nss_database = database.path();
  from_database.system_bundle = "/nonexistent";  // so NSS's own roots
  EXPECT_EQ(guest->Connect(ours, guest->Load(from_database)),
            Guest::kConnected);
  TrustOptions any;
  any.system_roots = false;
  any.danger_accept_any_certificate = true;
  EXPECT_EQ(guest->Connect(ours, guest->Load(any)), Guest::kConnected);
  const Site asks("Our authority that asks", "client-cert-required");
  EXPECT_EQ(guest->Connect(asks, guest->Trusting(asks.authority),
                           guest->Identity(*asks.authority.Issue())),
            ErrorCode::kClientCertificateRefused);
}

// Private keys in the application's database.
int StoredKeys() {
  PK11SlotInfo* const slot = PK11_GetInternalKeySlot();
  SECKEYPrivateKeyList* const list =
      PK11_ListPrivKeysInSlot(slot, /*nickname=*/nullptr, /*wincx=*/nullptr);
  int count = 0;
  if (list != nullptr) {
    for (auto* node = PRIVKEY_LIST_HEAD(list); !PRIVKEY_LIST_END(node, list);
         node = PRIVKEY_LIST_NEXT(node)) {
      ++count;
    }
    SECKEY_DestroyPrivateKeyList(list);
  }
  PK11_FreeSlot(slot);
  return count;
}

void IgnoreSignal(int) {}

// The application's own taste, unlike NSS's defaults and unlike ours.
void SetHostSettings() {
  SSL_OptionSetDefault(SSL_ENABLE_SESSION_TICKETS, PR_FALSE);
  SSL_OptionSetDefault(SSL_REQUIRE_SAFE_NEGOTIATION, PR_FALSE);
  SSL_OptionSetDefault(SSL_ENABLE_OCSP_STAPLING, PR_FALSE);
  const SSLVersionRange versions = {SSL_LIBRARY_VERSION_TLS_1_2,
                                    SSL_LIBRARY_VERSION_TLS_1_2};
  SSL_VersionRangeSetDefault(ssl_variant_stream, &versions);
  SSL_CipherPrefSetDefault(TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, PR_FALSE);
  struct sigaction action = {};
  action.sa_handler = IgnoreSignal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGPIPE, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
}

TEST(GuestTest, AHostThatWasFirstSeesNoChange) {
  const Site hosts("Host's authority");
  const Site ours("Our authority");
  NssDatabase database;
  database.Add("host", "C,,", hosts.authority.certificate_pem());
  ASSERT_EQ(NSS_InitReadWrite(("sql:" + database.path()).c_str()), SECSuccess);
  SetHostSettings();
  const std::string hosts_leaf = hosts.authority.Issue()->certificate_pem;
  const std::string our_leaf = ours.authority.Issue()->certificate_pem;
  // Which other flags come with these depends on NSS's release.
  const auto hosts_trust = NssTrustFlags(hosts.authority.certificate_pem());
  constexpr unsigned kAuthority = CERTDB_TRUSTED_CA | CERTDB_VALID_CA;
  ASSERT_EQ(hosts_trust.value_or(0) & kAuthority, kAuthority);
  const auto check_trust = [&] {
    EXPECT_TRUE(NssAccepts(hosts_leaf));
    EXPECT_FALSE(NssAccepts(our_leaf));
    EXPECT_EQ(NssTrustFlags(hosts.authority.certificate_pem()), hosts_trust);
    EXPECT_EQ(NssTrustFlags(ours.authority.certificate_pem()).value_or(0), 0u);
  };
  check_trust();
  EXPECT_TRUE(ShakeHands(*hosts.server).done);
  const auto before = ProcessSettings();
  {
    Guest guest;
    EXPECT_TRUE(guest.runtime().is_guest());
    UseHoldfast(&guest, ours, hosts);
    const auto identity = guest.Identity(*ours.authority.Issue());
    check_trust();  // while we are here
    EXPECT_EQ(StoredKeys(), 0);
    EXPECT_EQ(ProcessSettings(), before);
  }
  EXPECT_EQ(ProcessSettings(), before);
  ASSERT_TRUE(NSS_IsInitialized());
  check_trust();
  EXPECT_FALSE(ShakeHands(*ours.server).done);
  // What it remembered of its own sessions is there still.
  const HandshakeResult again = ShakeHands(*hosts.server);
  EXPECT_TRUE(again.done);
  EXPECT_TRUE(again.resumed);
  SSL_ClearSessionCache();
  // Fails if anybody holds on to an object of NSS's.
  EXPECT_EQ(NSS_Shutdown(), SECSuccess);
}

TEST(GuestTest, AHostThatComesLaterGoesOnAfterUs) {
  const Site hosts("Host's authority");
  const Site ours("Our authority");
  NssDatabase database;
  database.Add("host", "C,,", hosts.authority.certificate_pem());
  auto guest = std::make_unique<Guest>();
  EXPECT_FALSE(guest->runtime().is_guest());
  EXPECT_EQ(guest->Connect(ours, guest->Trusting(ours.authority)),
            Guest::kConnected);

  NSSInitContext* const host =
      NSS_InitContext(("sql:" + database.path()).c_str(), "", "", "", nullptr,
                      NSS_INIT_READONLY);
  ASSERT_NE(host, nullptr);
  UseHoldfast(guest.get(), ours, hosts);
  EXPECT_TRUE(ShakeHands(*hosts.server).done);
  guest.reset();

  ASSERT_TRUE(NSS_IsInitialized());
  EXPECT_TRUE(NssAccepts(hosts.authority.Issue()->certificate_pem));
  EXPECT_FALSE(NssAccepts(ours.authority.Issue()->certificate_pem));
  EXPECT_TRUE(ShakeHands(*hosts.server).done);
  EXPECT_FALSE(ShakeHands(*ours.server).done);
  // We may come back, and are a guest now.
  {
    Guest again;
    EXPECT_TRUE(again.runtime().is_guest());
    UseHoldfast(&again, ours, hosts);
  }
  SSL_ClearSessionCache();
  EXPECT_EQ(NSS_ShutdownContext(host), SECSuccess);
  EXPECT_FALSE(NSS_IsInitialized());
}

TEST(GuestTest, NssIsShutDownIfNobodyElseUsesIt) {
  struct sigaction before = {};
  sigaction(SIGPIPE, nullptr, &before);
  const Site ours("Our authority");
  {
    Guest guest;
    EXPECT_EQ(guest.Connect(ours, guest.Trusting(ours.authority)),
              Guest::kConnected);
    EXPECT_TRUE(NSS_IsInitialized());
  }
  EXPECT_FALSE(NSS_IsInitialized());
  struct sigaction after = {};
  sigaction(SIGPIPE, nullptr, &after);
  EXPECT_EQ(after.sa_handler, before.sa_handler);
}

TEST(GuestTest, TwoTrustsAtOnceKeepApart) {
  const Site first("First authority");
  const Site second("Second authority");
  Guest guest;
  const auto trusts_first = guest.Trusting(first.authority);
  const auto trusts_second = guest.Trusting(second.authority);
  const auto use = [&](const Site& own, const Site& foreign,
                       const std::shared_ptr<const Trust>& trust) {
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(guest.Connect(own, trust), Guest::kConnected);
      EXPECT_EQ(guest.Connect(foreign, trust), ErrorCode::kMissingIntermediate);
    }
  };
  use(first, second, trusts_first);
  use(second, first, trusts_second);
  std::thread one([&] { use(first, second, trusts_first); });
  std::thread other([&] { use(second, first, trusts_second); });
  one.join();
  other.join();
}

TEST(GuestTest, TwoThreadsMayReadDatabasesAtOnce) {
  const Site first("First authority");
  const Site second("Second authority");
  Guest guest;
  const auto use = [&](const Site& own, const Site& foreign) {
    NssDatabase database;
    database.Add("own", "C,,", own.authority.certificate_pem());
    TrustOptions options;
    options.system_roots = false;
    options.nss_database = database.path();
    for (int i = 0; i < 10; ++i) {
      const auto trust = guest.Load(options);
      EXPECT_EQ(guest.Connect(own, trust), Guest::kConnected);
      EXPECT_EQ(guest.Connect(foreign, trust), ErrorCode::kMissingIntermediate);
    }
  };
  std::thread one([&] { use(first, second); });
  std::thread other([&] { use(second, first); });
  one.join();
  other.join();
}

}  // namespace
}  // namespace holdfast::test
