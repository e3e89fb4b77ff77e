#include "holdfast/tests/helpers/dovecot_server.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/substitute.h"

namespace holdfast::test {
namespace {

// What every version understands. $0 the directory, $1 the relay's port, $2 the
// mechanisms of SASL. A block needs its own lines.
constexpr char kConfiguration[] = R"(
base_dir = $0/run
state_dir = $0/state
log_path = $0/log
listen = 127.0.0.1
protocols = imap pop3 submission
ssl = required
ssl_min_protocol = TLSv1.2
auth_mechanisms = $2
auth_failure_delay = 0
hostname = localhost.test
login_greeting = Dovecot ready.
mail_max_userip_connections = 0
first_valid_uid = 1
submission_relay_host = 127.0.0.1
submission_relay_port = $1
submission_backend_capabilities = 8BITMIME
# Nobody is made to wait for having been refused before.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
)";

// The rest, in the language of one version.
struct Language {
  const char* first_lines;
  // $0 the directory, $1 the uid and $2 the gid that own the mail, $3 the
  // password.
  const char* lines;
  // $0 the directory. EXTERNAL alone needs no password.
  const char* client_certificates;
  const char* any_number_of_clients;  // for a login process
};

constexpr Language kUpTo23 = {"",
                              R"(
ssl_cert = <$0/chain.pem
ssl_key = <$0/key.pem
import_environment = OPENSSL_CONF=$0/openssl.cnf
mail_location = maildir:~/Maildir
passdb {
  driver = static
  args = password=$3
}
userdb {
  driver = static
  args = uid=$1 gid=$2 home=$0/mail/%u
}
)",
                              R"(
ssl_ca = <$0/client-ca.pem
ssl_verify_client_cert = yes
ssl_require_crl = no
auth_ssl_username_from_cert = yes
passdb {
  driver = static
  mechanisms = external
  args = nopassword=y
}
)",
                              "service_count = 0"};

constexpr Language kFrom24 = {
    R"(dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
)",
    R"(
ssl_server_cert_file = $0/chain.pem
ssl_server_key_file = $0/key.pem
import_environment {
  OPENSSL_CONF = $0/openssl.cnf
}
mail_driver = maildir
mail_path = ~/Maildir
passdb static {
  passdb_static_password = $3
}
userdb static {
  fields {
    uid = $1
    gid = $2
    home = $0/mail/%{user}
  }
}
)",
    R"(
ssl_server_ca_file = $0/client-ca.pem
ssl_server_request_client_cert = yes
ssl_server_require_crl = no
auth_ssl_username_from_cert = yes
passdb certificate {
  driver = static
  mechanisms_filter = external
  fields {
    nopassword = yes
  }
}
)",
    "restart_request_count = unlimited"};

// The language of the Dovecot that is installed. Errors: NotFound if none is.
absl::StatusOr<const Language*> InstalledLanguage() {
  const absl::StatusOr<ProcessResult> version =
      RunProcess({{"dovecot", "--version"}});
  if (!version.ok()) return version.status();
  // Such as "2.4.1-4 (7d8c0e5759)".
  const std::vector<absl::string_view> numbers =
      absl::StrSplit(version->out, absl::MaxSplits('.', 2));
  int major = 0, minor = 0;
  if (numbers.size() < 2 || !absl::SimpleAtoi(numbers[0], &major) ||
      !absl::SimpleAtoi(numbers[1], &minor)) {
    return absl::UnavailableError(
        absl::StrCat("Dovecot's version is: ", version->out, version->err));
  }
  return std::make_pair(major, minor) < std::make_pair(2, 4) ? &kUpTo23
                                                             : &kFrom24;
}

// $0 the protocol, $1 the port of STARTTLS and $2 that of implicit TLS, $3 how
// many processes there are before anybody connects, $4 that each may have any
// number of clients.
constexpr char kLoginService[] = R"(
service $0-login {
  chroot =
  $4
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

absl::StatusOr<std::string> DovecotServer::Configuration(
    const DovecotOptions& options) const {
  const absl::StatusOr<const Language*> language = InstalledLanguage();
  if (!language.ok()) return language.status();
  const Language& in = **language;
  const bool is_root = geteuid() == 0;
  // Mail never belongs to root.
  const passwd* owner = is_root ? getpwnam("nobody") : getpwuid(geteuid());
  const group* owners = getgrgid(owner->pw_gid);
  const std::string& path = directory_.path();
  std::string text = absl::StrCat(
      in.first_lines,
      absl::Substitute(kConfiguration, path, options.relay_port,
                       options.mechanisms),
      absl::Substitute(in.lines, path, owner->pw_uid, owner->pw_gid,
                       options.password),
      absl::Substitute(kLoginService, "imap", ports_.imap, ports_.imaps, 1,
                       in.any_number_of_clients),
      absl::Substitute(kLoginService, "pop3", ports_.pop3, ports_.pop3s, 0,
                       in.any_number_of_clients),
      absl::Substitute(kLoginService, "submission", ports_.submission,
                       ports_.submissions, 0, in.any_number_of_clients));
  if (!is_root) {
    absl::SubstituteAndAppend(&text, kWithoutRoot, owner->pw_name,
                              owners->gr_name);
  }
  if (!options.client_authority_pem.empty()) {
    absl::SubstituteAndAppend(&text, in.client_certificates, path);
  }
  return text;
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
  const absl::StatusOr<std::string> text = server->Configuration(options);
  if (!text.ok()) return text.status();
  const std::string configuration = directory.Write("dovecot.conf", *text);
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
