#include "holdfast/tests/helpers/inn_server.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"

namespace holdfast::test {
namespace {

constexpr char kPrograms[] = "/usr/lib/news/bin";

// $0 the directory, $1 the user and $2 the group, $3 the versions of TLS, $4
// the programs.
constexpr char kInn[] = R"(
runasuser: $1
runasgroup: $2
mta: "/bin/false %s"
mailcmd: /bin/false
domain: example.test
pathhost: news.example.test
bindaddress6: "::1"
pathnews: /usr/lib/news
pathbin: $4
pathcontrol: /usr/lib/news/bin/control
pathfilter: $0/etc
pathetc: $0/etc
pathdb: $0/db
pathlog: $0/log
pathhttp: $0/log
pathrun: $0/run
pathtmp: $0/run
pathspool: $0/spool
patharticles: $0/spool/articles
pathoverview: $0/spool/overview
pathincoming: $0/spool/incoming
pathoutgoing: $0/spool/outgoing
patharchive: $0/spool/archive
ovmethod: tradindexed
hismethod: hisv6
readerswhenstopped: true
# Readers are welcome on a busy machine too.
nnrpdloadlimit: 0
icdsynccount: 1
nnrpdloadlimit: 0
tlscafile: $0/etc/chain.pem
tlscertfile: $0/etc/chain.pem
tlskeyfile: $0/etc/key.pem
tlsprotocols: [ $3 ]
)";

constexpr char kStorage[] = R"(
method tradspool {
  newsgroups: *
  class: 0
}
)";

// $0: the directory.
constexpr char kReaders[] = R"(
auth "all" {
  auth: "ckpasswd -f $0/etc/users"
}
access "all" {
  newsgroups: "*"
}
)";

// As `openssl passwd -6 pw` makes it.
constexpr char kUsers[] =
    "alice:$6$holdfast$"
    "orlwUJVMpzH8To7ColR4.XVC7LAm7.sQuKbkQGA/G9hEHXnfUhFdBlSj9tzk"
    "1XvJH5acQEXrfmPHSfPTqehQW1\n";

// name, last article, first article, posting: with the groups that INN insists
// on.
constexpr char kActive[] = R"(control 0000000000 0000000001 n
control.cancel 0000000000 0000000001 n
junk 0000000000 0000000001 n
test.local 0000000001 0000000001 y
)";

constexpr char kArticle[] = R"(Path: news.example.test!not-for-mail
From: Alice <alice@example.test>
Newsgroups: test.local
Subject: Hello
Message-ID: <1@example.test>
Date: Sat, 01 Nov 2025 12:00:00 +0000
Xref: news.example.test test.local:1

Hello, group.
)";

// INN refuses to work as root; Debian's package brings a user.
const passwd* Owner() {
  return geteuid() == 0 ? getpwnam("news") : getpwuid(geteuid());
}

// INN's programs for one who is neither root nor its own user: nnrpd has
// innbind open its port, and only a copy can be run by others.
void MakePrograms(const std::filesystem::path& directory) {
  namespace fs = std::filesystem;
  fs::create_directory(directory);
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(kPrograms)) {
    const fs::path name = entry.path().filename();
    if (name != "innbind") {
      fs::create_symlink(entry.path(), directory / name, ignored);
      continue;
    }
    fs::copy_file(entry.path(), directory / name, ignored);
    fs::permissions(directory / name, fs::perms(0755), ignored);
  }
}

}  // namespace

void InnServer::Configure(const InnOptions& options) const {
  const passwd* owner = Owner();
  const std::string& path = directory_.path();
  chmod(path.c_str(), 0755);
  for (const char* name :
       {"etc", "db", "log", "run", "spool", "spool/articles", "spool/overview",
        "spool/incoming", "spool/outgoing", "spool/archive"}) {
    mkdir(directory_.Path(name).c_str(), 0755);
  }
  const std::string programs =
      geteuid() == 0 ? kPrograms : directory_.Path("bin");
  if (geteuid() != 0) MakePrograms(programs);
  directory_.Write("etc/inn.conf",
                   absl::Substitute(kInn, path, owner->pw_name,
                                    getgrgid(owner->pw_gid)->gr_name,
                                    options.max_version == TlsVersion::kTls13
                                        ? "TLSv1.2 TLSv1.3"
                                        : "TLSv1.2",
                                    programs));
  directory_.Write("etc/chain.pem", options.certificate.chain_pem);
  directory_.Write("etc/key.pem", options.certificate.key_pem);
  directory_.Write("etc/storage.conf", kStorage);
  directory_.Write("etc/readers.conf", absl::Substitute(kReaders, path));
  directory_.Write("etc/users", kUsers);
  directory_.Write("etc/newsfeeds", "ME:*::\n");
  directory_.Write("etc/expire.ctl", "*:A:1:10:never\n");
  directory_.Write("etc/incoming.conf", "");
  directory_.Write("etc/inn-secrets.conf", "");
  directory_.Write("db/active", kActive);
  directory_.Write("db/active.times", "");
  directory_.Write("db/newsgroups", "");
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(path)) {
    lchown(entry.path().c_str(), owner->pw_uid, owner->pw_gid);
  }
  for (const char* secret : {"etc/key.pem", "etc/inn-secrets.conf"}) {
    chmod(directory_.Path(secret).c_str(), 0600);
  }
}

ProcessOptions InnServer::Program(
    const std::vector<std::string>& arguments) const {
  ProcessOptions program;
  // Ended together with the test: a change of user would undo what is set for
  // that, and innd is slow to heed SIGTERM.
  program.arguments = {"setpriv", "--pdeathsig=KILL"};
  if (geteuid() == 0) {
    program.arguments.insert(
        program.arguments.end(),
        {"--reuid=news", "--regid=news", "--clear-groups"});
  }
  program.arguments.push_back(absl::StrCat(kPrograms, "/", arguments[0]));
  program.arguments.insert(program.arguments.end(), arguments.begin() + 1,
                           arguments.end());
  program.environment = {{"INNCONF", directory_.Path("etc/inn.conf")}};
  return program;
}

absl::Status InnServer::Run(const ProcessOptions& program) const {
  const absl::StatusOr<ProcessResult> result = RunProcess(program);
  if (!result.ok()) return result.status();
  if (result->exit_code == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("INN: ", result->err));
}

absl::Status InnServer::Listen(const std::vector<std::string>& arguments,
                               uint16_t port,
                               std::unique_ptr<Process>* process) const {
  absl::StatusOr<std::unique_ptr<Process>> started =
      Process::Start(Program(arguments));
  if (!started.ok()) return started.status();
  *process = *std::move(started);
  if (WaitUntilListening(port)) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat(arguments[0], " does not listen: ", (*process)->err()));
}

absl::Status InnServer::StartDaemons(const InnOptions& options) {
  absl::Status status;
  if (options.stores_posts) {
    // nnrpd hands articles on by a socket of its own, which is there before the
    // port for other servers, used by nobody here.
    const uint16_t port = ReserveFreePort();
    status = Listen(
        {"innd", "-d", "-f", "-4", "127.0.0.1", "-P", absl::StrCat(port)}, port,
        &innd_);
  }
  std::vector<std::string> nnrpd = {
      "nnrpd", "-D", "-f", "-b", "127.0.0.1", "-p", absl::StrCat(nntp_port_)};
  if (status.ok()) status = Listen(nnrpd, nntp_port_, &nntp_);
  nnrpd.back() = absl::StrCat(nntps_port_);
  nnrpd.emplace_back("-S");
  if (status.ok()) status = Listen(nnrpd, nntps_port_, &nntps_);
  return status;
}

absl::StatusOr<std::unique_ptr<InnServer>> InnServer::Start(
    const InnOptions& options) {
  if (access(absl::StrCat(kPrograms, "/nnrpd").c_str(), X_OK) != 0 ||
      Owner() == nullptr) {
    return absl::FailedPreconditionError("INN is not installed");
  }
  std::unique_ptr<InnServer> server(new InnServer());
  server->Configure(options);
  // The article must be there before its index, and that before nnrpd.
  ProcessOptions store = server->Program({"sm", "-s"});
  store.input = kArticle;
  absl::Status status = server->Run(store);
  if (status.ok()) {
    status = server->Run(server->Program({"makehistory", "-O", "-s", "1000"}));
  }
  if (status.ok()) status = server->StartDaemons(options);
  if (!status.ok()) return status;
  return server;
}

InnServer::~InnServer() {
  const absl::Status stopped = Stop();
  EXPECT_TRUE(stopped.ok()) << stopped;
}

absl::Status InnServer::Stop() {
  // It looks whether SIGTERM came only when there is something else to do.
  if (innd_ != nullptr) innd_->Signal(SIGKILL);
  absl::Status status;
  for (std::unique_ptr<Process>* process : {&nntps_, &nntp_, &innd_}) {
    if (*process != nullptr) status.Update((*process)->EndGroup());
    process->reset();
  }
  return status;
}

}  // namespace holdfast::test
