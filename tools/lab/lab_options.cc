// The lab's options, for the lab itself and for its manual, which is made where
// there is no OpenSSL, too.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "holdfast/tools/lab/lab_command.h"

namespace holdfast::lab {
namespace {

// Names and types only, as in `holdfast --help`.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(26); }

  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0) return "";
    return " " + option->get_type_name();
  }
};

}  // namespace

void AddLabOptions(CLI::App* app, LabCommand* command) {
  app->name(command->name);
  app->description(
      "A mail server that misbehaves on purpose, to test clients with. It "
      "says\n"
      "where it listens, and serves until SIGTERM or SIGINT.");
  app->formatter(std::make_shared<HelpFormatter>());
  app->add_flag("--list", command->list, "Explain every behaviour in a line");
  app->add_option("--protocol", command->protocol, "What to speak [imap]")
      ->type_name("NAME");
  app->add_option("--security", command->security,
                  "TLS at once, or by a command [implicit]")
      ->type_name("implicit|starttls");
  app->add_option("--behaviour", command->behaviour,
                  "How to misbehave [healthy]")
      ->type_name("NAME");
  app->add_option("--bind", command->bind_address,
                  "Where to listen [127.0.0.1]")
      ->type_name("ADDR");
  app->add_option("--port", command->port, "The port [any that is free]")
      ->type_name("PORT");
  app->add_option("--upstream", command->upstream,
                  "Stand in front of this real server")
      ->type_name("HOST:PORT");
  app->add_option("--ca-out", command->ca_out,
                  "Write the certificate to trust there (PEM)")
      ->type_name("FILE");
  app->add_option("--seed", command->seed, "Has chance repeat itself [1]")
      ->type_name("NUMBER");
  app->footer(absl::StrCat(
      "Protocols: imap, pop3, smtp, submission, nntp.\n\n"
      "Example:\n  ",
      command->name, " --behaviour tls13-fin --port 10993 --ca-out ca.pem\n  ",
      command->name,
      " --behaviour starttls-stripped --protocol smtp --security starttls\n  ",
      command->name,
      " --behaviour large-hello-silent --upstream mail.example.org:993\n\n"
      "Exit status: 0 ended by a signal, 2 usage, 4 a port or file cannot be "
      "had."));
}

}  // namespace holdfast::lab
