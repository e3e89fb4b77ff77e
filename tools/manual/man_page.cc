#include "holdfast/tools/manual/man_page.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace holdfast::manual {
namespace {

std::string Bold(absl::string_view text) {
  return absl::StrCat("\\fB", Roff(text), "\\fR");
}

std::string Italic(absl::string_view text) {
  return absl::StrCat("\\fI", Roff(text), "\\fR");
}

// "Limit for everything [30s]" as two sentences.
std::string Sentence(const Argument& argument) {
  absl::string_view text = argument.description;
  std::string rest;
  const size_t bracket = text.rfind(" [");
  if (bracket != absl::string_view::npos && absl::EndsWith(text, "]")) {
    rest = absl::StrCat(
        " The default: ", text.substr(bracket + 2, text.size() - bracket - 3),
        ".");
    text = text.substr(0, bracket);
  }
  std::string sentence = absl::StrCat(text, ".", rest);
  if (!argument.environment.empty()) {
    absl::StrAppend(&sentence, " The environment variable ",
                    argument.environment, " does the same.");
  }
  return Roff(sentence);
}

std::string Arguments(const std::vector<Argument>& arguments) {
  std::string text;
  for (const Argument& argument : arguments) {
    const std::string names = absl::StrJoin(
        argument.names, ", ", [](std::string* out, const std::string& name) {
          out->append(Bold(name));
        });
    const char* space = !names.empty() && argument.takes_value() ? " " : "";
    absl::StrAppend(&text, ".TP\n", names, space,
                    argument.takes_value() ? Italic(argument.placeholder) : "",
                    "\n", Sentence(argument), "\n");
  }
  return text;
}

std::string Synopsis(const Command& command) {
  std::string text =
      absl::StrCat(Bold(command.Name()), " [", Italic("OPTION"), "]...");
  if (!command.subcommands.empty()) {
    absl::StrAppend(&text, " ", Italic("SUBCOMMAND"), " ...");
  }
  for (const Argument& positional : command.positionals) {
    const std::string name = absl::StrCat(Italic(positional.placeholder),
                                          positional.repeatable ? "..." : "");
    absl::StrAppend(&text, " ",
                    positional.required ? name : absl::StrCat("[", name, "]"));
  }
  return absl::StrCat(text, "\n");
}

std::string Paragraphs(const Command& command) {
  std::string text =
      absl::StrCat(Roff(absl::StripSuffix(command.description, ".")), ".\n");
  for (const std::string& paragraph : command.footer.paragraphs) {
    absl::StrAppend(&text, ".PP\n", Roff(paragraph), "\n");
  }
  return text;
}

std::string Examples(const Command& command) {
  if (command.footer.examples.empty()) return "";
  std::string text = ".PP\n.EX\n";
  for (const std::string& example : command.footer.examples) {
    absl::StrAppend(&text, Roff(example), "\n");
  }
  return absl::StrCat(text, ".EE\n");
}

// "0 done, 1 could not connect": the commas before numbers part them.
std::string ExitStatuses(const std::string& statuses) {
  std::string text;
  absl::string_view rest = statuses;
  while (!rest.empty()) {
    size_t end = rest.find(", ");
    while (end != absl::string_view::npos && end + 2 < rest.size() &&
           !absl::ascii_isdigit(rest[end + 2])) {
      end = rest.find(", ", end + 2);
    }
    const absl::string_view item = rest.substr(0, end);
    rest = end == absl::string_view::npos ? "" : rest.substr(end + 2);
    const size_t space = item.find(' ');
    absl::StrAppend(&text, ".TP\n", Bold(item.substr(0, space)), "\n",
                    Roff(item.substr(space + 1)), "\n");
  }
  return text;
}

// Those of holdfast itself have pages of their own, others stand in this one.
std::string Subcommands(const Command& command, bool have_pages) {
  std::string text;
  for (const Command& nested : command.subcommands) {
    if (have_pages) {
      absl::StrAppend(&text, ".TP\n.BR ", Roff(nested.Name("-")), " (1)\n",
                      Roff(nested.summary), ".\n");
      continue;
    }
    absl::StrAppend(&text, ".SS ", Roff(nested.words.back()), "\n",
                    Synopsis(nested), ".PP\n", Paragraphs(nested),
                    Arguments(nested.positionals), Arguments(nested.options));
    if (!nested.footer.exit_statuses.empty()) {
      absl::StrAppend(&text, ".PP\nExit status:\n",
                      ExitStatuses(nested.footer.exit_statuses));
    }
    absl::StrAppend(&text, Examples(nested));
  }
  return text;
}

std::string SeeAlso(const Command& command, const Command& root) {
  std::vector<std::string> pages;
  for (const Command* other : Flatten(root)) {
    if (other->words.size() > 1 || other->words == command.words) continue;
    pages.push_back(absl::StrCat(".BR ", Roff(other->Name("-")), " (1)"));
  }
  return absl::StrCat(absl::StrJoin(pages, ",\n"), "\n");
}

}  // namespace

std::string Roff(absl::string_view text) {
  const std::string escaped = absl::StrReplaceAll(text, {{"\\", "\\(rs"},
                                                         {"-", "\\-"},
                                                         {"'", "\\(aq"},
                                                         {"^", "\\(ha"},
                                                         {"~", "\\(ti"},
                                                         {"`", "\\(ga"},
                                                         {"\"", "\\(dq"}});
  return absl::StrCat(absl::StartsWith(text, ".") ? "\\&" : "", escaped);
}

std::string ManPage(const Command& command, const Command& root,
                    const std::string& more) {
  const std::string name = command.Name("-");
  const bool is_root = command.words.empty();
  std::string text = absl::StrCat(
      ".TH ", absl::AsciiStrToUpper(Roff(name)), " 1 \"\" \"holdfast ",
      HOLDFAST_VERSION, "\" \"Holdfast Manual\"\n.SH NAME\n", Roff(name),
      " \\- ", Roff(command.summary), "\n.SH SYNOPSIS\n", Synopsis(command),
      ".SH DESCRIPTION\n", Paragraphs(command));
  const auto section = [&text](const char* title, const std::string& body) {
    if (!body.empty()) absl::StrAppend(&text, ".SH ", title, "\n", body);
  };
  section("ARGUMENTS", Arguments(command.positionals));
  section("OPTIONS", Arguments(command.options));
  if (!command.inherited.empty()) {
    text += ".PP\nThe options of\n.BR holdfast (1)\nmay be given as well.\n";
  }
  section("SUBCOMMANDS", Subcommands(command, is_root));
  text += more;
  section("EXIT STATUS", command.footer.exit_statuses.empty()
                             ? "As of\n.BR holdfast (1).\n"
                             : ExitStatuses(command.footer.exit_statuses));
  section("EXAMPLES", Examples(command));
  section("SEE ALSO", SeeAlso(command, root));
  return text;
}

}  // namespace holdfast::manual
