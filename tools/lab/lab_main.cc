// holdfast-lab: a mail server that misbehaves on purpose, to test clients with.

#include <CLI/CLI.hpp>

#include "tools/lab/lab_command.h"

int main(int argc, char** argv) {
  CLI::App app("A mail server that misbehaves on purpose, to test clients with",
               "holdfast-lab");
  holdfast::lab::LabCommand command;
  holdfast::lab::AddLabOptions(&app, &command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return holdfast::lab::RunLab(command);
}
