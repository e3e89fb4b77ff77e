// The holdfast command.

#include <iostream>
#include <optional>
#include <sstream>

#include "CLI/CLI.hpp"
#include "holdfast/tools/ascii_output.h"
#include "holdfast/tools/command_line.h"
#include "holdfast/tools/lab_launcher.h"
#include "holdfast/tools/text_width.h"

namespace holdfast {
namespace {

// --quiet: what goes to standard error is held back, and shown in the end only
// if the command was misused.
class HeldStandardError {
 public:
  HeldStandardError() : shown_(std::cerr.rdbuf(held_.rdbuf())) {}
  ~HeldStandardError() { std::cerr.rdbuf(shown_); }
  HeldStandardError(const HeldStandardError&) = delete;
  HeldStandardError& operator=(const HeldStandardError&) = delete;

  void Show() const { std::ostream(shown_) << held_.str(); }

 private:
  std::ostringstream held_;
  std::streambuf* const shown_;
};

ExitStatus RunQuietly(const Run& run) {
  const HeldStandardError held;
  const ExitStatus status = run();
  if (status == kExitUsage) held.Show();
  return status;
}

int Main(int argc, char** argv) {
  std::optional<AsciiOutput> out, err;
  if (!IsUtf8Environment()) {
    out.emplace(&std::cout);
    err.emplace(&std::cerr);
  }
  CommandLine line;
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return line.app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::cerr << "holdfast: " << error.what() << "\nTry: holdfast --help\n";
    return kExitUsage;
  }
  const ExitStatus status =
      line.global.quiet ? RunQuietly(line.run) : line.run();
  std::cout.flush();
  if (!std::cout && line.global.quiet) return kExitLocal;
  if (!std::cout) {
    std::cerr << "holdfast: standard output could not be written\n";
    return kExitLocal;
  }
  return status;
}

}  // namespace
}  // namespace holdfast

int main(int argc, char** argv) {
  return holdfast::IsLabCommand(argc, argv) ? holdfast::LaunchLab(argv)
                                            : holdfast::Main(argc, argv);
}
