#include "tests/helpers/dovecot_server.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"

namespace holdfast::test {
namespace {

// $0 the directory, $1 the uid and $2 the gid that own the mail, $3 the relay's
// port, $4 the login services, $5 the lines for a Dovecot without root, $6
// the mechanisms of SASL, $7 the lines about client certificates, $8 the
// password. A block needs its own lines.
constexpr char kConfiguration[] = R"(
base_dir = $0/run
state_dir = $0/state
log_path = $0/log
listen = 127.0.0.1
protocols = imap pop3 submission
ssl = required
ssl_cert = <$0/chain.pem
ssl_key = <$0/key.pem
ssl_min_protocol = TLSv1.2
auth_mechanisms = $6
auth_failure_delay = 0
import_environment = OPENSSL_CONF=$0/openssl.cnf
hostname = localhost.test
mail_location = maildir:~/Maildir
mail_max_userip_connections = 0
first_valid_uid = 1
submission_relay_host = 127.0.0.1
submission_relay_port = $3
submission_backend_capabilities = 8BITMIME
# Nobody is made to wait for having been refused before.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
passdb {
  driver = static
  args = password=$8
}
userdb {
  driver = static
  args = uid=$1 gid=$2 home=$0/mail/%u
}
$4
$5
$7
)";

// $0 the directory. EXTERNAL alone needs no password.
constexpr char kClientCertificates[] = R"(
ssl_ca = <$0/client-ca.pem
ssl_verify_client_cert = yes
ssl_require_crl = no
auth_ssl_username_from_cert = yes
passdb {
  driver = static
  mechanisms = external
  args = nopassword=y
}
)";

// $0 the protocol, $1 the port of STARTTLS and $2 that of implicit TLS, $3 how
// many processes there are before anybody connects.
constexpr char kLoginService[] = R"(
service $0-login {
  chroot =
  service_count = 0
  process_min_avail = $3
  inet_listener $0 {
    port = $1
  }
  inet_listener $0s {
    port = $2
    ssl = yes
  }
}
)";

// $0 the user and $1 the group that Dovecot runs as.
constexpr char kWithoutRoot[] = R"(
default_internal_user = $0
default_internal_group = $1
default_login_user = $0
service anvil {
  chroot =
}
service stats {
  chroot =
}
)";

// Dovecot itself has no setting for a maximum. $0: "TLSv1.2".
constexpr char kOpensslConfiguration[] = R"(
openssl_conf = top
[top]
ssl_conf = ssl
[ssl]
system_default = limits
[limits]
MaxProtocol = $0
)";

std::string OpensslConfiguration(TlsVersion max_version) {
  return absl::Substitute(
      kOpensslConfiguration,
      max_version == TlsVersion::kTls13 ? "TLSv1.3" : "TLSv1.2");
}

}  // namespace

std::string DovecotServer::Configuration(const DovecotOptions& options) const {
  const bool is_root = geteuid() == 0;
  // Mail never belongs to root.
  const passwd* owner = is_root ? getpwnam("nobody") : getpwuid(geteuid());
  const group* owners = getgrgid(owner->pw_gid);
  const std::string services = absl::StrCat(
      absl::Substitute(kLoginService, "imap", ports_.imap, ports_.imaps, 1),
      absl::Substitute(kLoginService, "pop3", ports_.pop3, ports_.pop3s, 0),
      absl::Substitute(kLoginService, "submission", ports_.submission,
                       ports_.submissions, 0));
  return absl::Substitute(
      kConfiguration, directory_.path(), owner->pw_uid, owner->pw_gid,
      options.relay_port, services,
      is_root ? ""
              : absl::Substitute(kWithoutRoot, owner->pw_name, owners->gr_name),
      options.mechanisms,
      options.client_authority_pem.empty()
          ? ""
          : absl::Substitute(kClientCertificates, directory_.path()),
      options.password);
}

absl::StatusOr<std::unique_ptr<DovecotServer>> DovecotServer::Start(
    const DovecotOptions& options) {
  std::unique_ptr<DovecotServer> server(new DovecotServer());
  const TempDir& directory = server->directory_;
  // With root, Dovecot's processes run as users of its own, who must get in.
  chmod(directory.path().c_str(), 0755);
  if (geteuid() == 0) {
    mkdir(directory.Path("mail").c_str(), 0777);
    chmod(directory.Path("mail").c_str(), 0777);
  }
  directory.Write("chain.pem", options.certificate.chain_pem);
  directory.Write("key.pem", options.certificate.key_pem);
  directory.Write("client-ca.pem", options.client_authority_pem);
  directory.Write("openssl.cnf", OpensslConfiguration(options.max_version));
  const std::string configuration =
      directory.Write("dovecot.conf", server->Configuration(options));
  absl::StatusOr<std::unique_ptr<Process>> master =
      Process::Start({{"dovecot", "-F", "-c", configuration}});
  if (!master.ok()) return master.status();
  server->master_ = *std::move(master);
  if (!WaitUntilListening(server->imaps_port())) {
    return absl::UnavailableError(absl::StrCat(
        "Dovecot does not listen: ", server->master_->err(), server->log()));
  }
  return server;
}

DovecotServer::~DovecotServer() {
  const absl::Status stopped = Stop();
  EXPECT_TRUE(stopped.ok()) << stopped;
}

absl::Status DovecotServer::Stop() {
  if (master_ == nullptr) return absl::OkStatus();
  const absl::Status ended = master_->EndGroup();
  master_.reset();
  return ended;
}

}  // namespace holdfast::test
