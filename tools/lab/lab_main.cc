// holdfast-lab: a mail server that misbehaves on purpose, to test clients with.
// `holdfast lab` runs it under that name.

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "holdfast/tools/lab/lab_command.h"

int main(int argc, char** argv) {
  const std::string called = argc > 0 ? argv[0] : "";
  // A name of a path, or two words.
  const std::string name = called.substr(called.rfind('/') + 1);
  CLI::App app;
  holdfast::lab::LabCommand command;
  command.name = name;
  holdfast::lab::AddLabOptions(&app, &command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::cerr << name << ": " << error.what() << "\nTry: " << name
              << " --help\n";
    return holdfast::lab::kLabUsage;
  }
  return holdfast::lab::RunLab(command);
}
