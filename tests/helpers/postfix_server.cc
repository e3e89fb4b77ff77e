#include "holdfast/tests/helpers/postfix_server.h"

#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"

namespace holdfast::test {
namespace {

constexpr char kMaster[] = "/usr/lib/postfix/sbin/master";

// $0 the directory, $1 the versions of TLS.
constexpr char kMain[] = R"(
compatibility_level = 3.6
queue_directory = $0/queue
data_directory = $0/data
maillog_file = $0/maillog
maillog_file_prefixes = $0
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = localhost.test
mydestination =
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = example.test
virtual_mailbox_base = $0/mail
virtual_mailbox_maps = inline:{ {alice@example.test=alice/} }
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
default_transport = discard:
cyrus_sasl_config_path = $0/conf/sasl
smtpd_sasl_local_domain = example.test
smtpd_relay_restrictions = permit_sasl_authenticated,reject_unauth_destination
# The tests' simplest client writes all it has to say at once.
smtpd_forbid_unauth_pipelining = no
smtpd_tls_security_level = may
smtpd_tls_chain_files = $0/certificate.pem
smtpd_tls_protocols = $1
smtpd_tls_mandatory_protocols = $1
)";

// Its services, none in a chroot. $0 and $1 the ports of SMTP, $2 and $3 those
// of submission, with STARTTLS and with implicit TLS.
constexpr char kServices[] = R"(
$0 inet n - n - - smtpd
$1 inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
$2 inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_tls_auth_only=yes
  -o smtpd_sasl_auth_enable=yes
$3 inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
virtual unix - n n - - virtual
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
)";

// $0: the directory.
constexpr char kSasl[] = R"(
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: $0/sasldb2
mech_list: PLAIN LOGIN SCRAM-SHA-1 SCRAM-SHA-256
)";

// Runs a program that must succeed.
absl::Status Run(const ProcessOptions& program) {
  const absl::StatusOr<ProcessResult> result = RunProcess(program);
  if (!result.ok()) return result.status();
  if (result->exit_code == 0) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat(program.arguments[0], ": ", result->err));
}

absl::Status CheckPreconditions() {
  if (geteuid() != 0) {
    return absl::FailedPreconditionError("Postfix needs root");
  }
  if (access(kMaster, X_OK) != 0 || getpwnam("postfix") == nullptr) {
    return absl::FailedPreconditionError("Postfix is not installed");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status PostfixServer::Configure(const PostfixOptions& options) const {
  const passwd* user = getpwnam("postfix");
  const std::string& path = directory_.path();
  // Its processes run as users of its own, who must get in.
  chmod(path.c_str(), 0755);
  for (const char* name : {"queue", "data", "mail", "conf", "conf/sasl"}) {
    mkdir(directory_.Path(name).c_str(), 0755);
  }
  chown(directory_.Path("data").c_str(), user->pw_uid, user->pw_gid);
  chown(directory_.Path("mail").c_str(), 65534, 65534);
  directory_.Write(
      "certificate.pem",
      absl::StrCat(options.certificate.key_pem, options.certificate.chain_pem));
  directory_.Write(
      "conf/main.cf",
      absl::Substitute(
          kMain, path,
          options.max_version == TlsVersion::kTls13 ? ">=TLSv1.2" : "TLSv1.2"));
  directory_.Write("conf/master.cf",
                   absl::Substitute(kServices, ports_.smtp, ports_.smtps,
                                    ports_.submission, ports_.submissions));
  directory_.Write("conf/sasl/smtpd.conf", absl::Substitute(kSasl, path));
  const std::string passwords = directory_.Path("sasldb2");
  const absl::Status status = Run({{"saslpasswd2", "-p", "-c", "-f", passwords,
                                    "-u", "example.test", "alice"},
                                   {},
                                   "pw"});
  if (!status.ok()) return status;
  chown(passwords.c_str(), user->pw_uid, user->pw_gid);
  // Makes the queue's directories.
  return Run({{"postfix", "-c", directory_.Path("conf"), "check"}});
}

absl::StatusOr<std::unique_ptr<PostfixServer>> PostfixServer::Start(
    const PostfixOptions& options) {
  if (absl::Status status = CheckPreconditions(); !status.ok()) return status;
  std::unique_ptr<PostfixServer> server(new PostfixServer());
  const absl::Status configured = server->Configure(options);
  if (!configured.ok()) return configured;
  // Not by `postfix start`, whose master would leave this process's group.
  absl::StatusOr<std::unique_ptr<Process>> master =
      Process::Start({{kMaster, "-d", "-c", server->directory_.Path("conf")}});
  if (!master.ok()) return master.status();
  server->master_ = *std::move(master);
  if (!WaitUntilListening(server->smtp_port()) ||
      !WaitUntilListening(server->submissions_port())) {
    return absl::UnavailableError(absl::StrCat(
        "Postfix does not listen: ", server->master_->err(), server->log()));
  }
  return server;
}

PostfixServer::~PostfixServer() {
  const absl::Status stopped = Stop();
  EXPECT_TRUE(stopped.ok()) << stopped;
}

std::vector<std::string> PostfixServer::Delivered() const {
  const std::string folder = "mail/alice/new";
  std::vector<std::string> messages;
  std::error_code none_yet;
  for (const auto& entry :
       std::filesystem::directory_iterator(directory_.Path(folder), none_yet)) {
    messages.push_back(directory_.Read(
        absl::StrCat(folder, "/", entry.path().filename().string())));
  }
  return messages;
}

absl::Status PostfixServer::Stop() {
  if (master_ == nullptr) return absl::OkStatus();
  const absl::Status ended = master_->EndGroup();
  master_.reset();
  return ended;
}

}  // namespace holdfast::test
