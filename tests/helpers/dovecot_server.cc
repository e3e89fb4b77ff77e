#include "tests/helpers/dovecot_server.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "tests/helpers/free_port.h"

namespace holdfast::test {
namespace {

// $0 the directory, $1 the port, $2 the uid and $3 the gid that own the mail,
// $4 the lines for a Dovecot without root, $5 the port for STARTTLS. A block
// needs its own lines.
constexpr char kConfiguration[] = R"(
base_dir = $0/run
state_dir = $0/state
log_path = $0/log
listen = 127.0.0.1
protocols = imap
ssl = required
ssl_cert = <$0/chain.pem
ssl_key = <$0/key.pem
ssl_min_protocol = TLSv1.2
import_environment = OPENSSL_CONF=$0/openssl.cnf
mail_location = maildir:~/Maildir
mail_max_userip_connections = 0
passdb {
  driver = static
  args = password=pw
}
userdb {
  driver = static
  args = uid=$2 gid=$3 home=$0/mail/%u
}
service imap-login {
  chroot =
  service_count = 0
  process_min_avail = 1
  inet_listener imap {
    port = $5
  }
  inet_listener imaps {
    port = $1
  }
}
$4
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

std::string Configuration(const TempDir& directory, uint16_t imaps_port,
                          uint16_t imap_port) {
  const bool is_root = geteuid() == 0;
  // Mail never belongs to root.
  const passwd* owner = is_root ? getpwnam("nobody") : getpwuid(geteuid());
  const group* owners = getgrgid(owner->pw_gid);
  return absl::Substitute(
      kConfiguration, directory.path(), imaps_port, owner->pw_uid,
      owner->pw_gid,
      is_root ? ""
              : absl::Substitute(kWithoutRoot, owner->pw_name, owners->gr_name),
      imap_port);
}

std::string OpensslConfiguration(TlsVersion max_version) {
  return absl::Substitute(
      kOpensslConfiguration,
      max_version == TlsVersion::kTls13 ? "TLSv1.3" : "TLSv1.2");
}

}  // namespace

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
  server->imaps_port_ = ReserveFreePort();
  server->imap_port_ = ReserveFreePort();
  directory.Write("chain.pem", options.certificate.chain_pem);
  directory.Write("key.pem", options.certificate.key_pem);
  directory.Write("openssl.cnf", OpensslConfiguration(options.max_version));
  const std::string configuration = directory.Write(
      "dovecot.conf",
      Configuration(directory, server->imaps_port_, server->imap_port_));
  absl::StatusOr<std::unique_ptr<Process>> master =
      Process::Start({{"dovecot", "-F", "-c", configuration}});
  if (!master.ok()) return master.status();
  server->master_ = *std::move(master);
  if (!WaitUntilListening(server->imaps_port_) ||
      !WaitUntilListening(server->imap_port_)) {
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
  master_->Signal(SIGTERM);
  const absl::Time deadline = absl::Now() + absl::Seconds(15);
  master_->Wait(deadline - absl::Now());
  std::vector<pid_t> living = master_->LivingGroup();
  while (!living.empty() && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(10));
    living = master_->LivingGroup();
  }
  for (const pid_t pid : living) kill(pid, SIGKILL);
  master_.reset();
  if (living.empty()) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat(
      "Dovecot's processes had to be killed: ", absl::StrJoin(living, " ")));
}

}  // namespace holdfast::test
