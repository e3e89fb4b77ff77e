#include "holdfast/tests/helpers/error_page.h"

#include "absl/strings/str_cat.h"
#include "holdfast/core/base/error_note.h"
#include "holdfast/tools/error_explanation.h"

namespace holdfast::test {
namespace {

constexpr char kHead[] =
    R"(# The errors

Every failure has one code. `holdfast explain CODE` says what stands here, `holdfast explain` lists all of them. A code
is never renamed and its number never used again: scripts may rely on both. The commands are those for an example; a
report has them for the server in question.

The codes below are written from `core/base/error_list.inc` and `core/base/error_notes.inc`: change those, and see
[CONTRIBUTING.md](../CONTRIBUTING.md) for how this page follows.
)";

std::string Entry(ErrorCode code) {
  const ErrorInfo& info = GetErrorInfo(code);
  const ErrorNote& note = GetErrorNote(code);
  return absl::StrCat(
      "\n### ", info.name, "\n\n", info.sentence, "\n\n- Number ",
      static_cast<int>(code), info.refused_for_safety ? ", exit status 3" : "",
      "\n- On the wire: ", note.wire,
      info.advice.empty() ? "" : "\n- Advice: ", info.advice, "\n- Run: `",
      ExampleCommand(code), "`\n- Retry: ", RetryText(note.retry),
      "\n- At fault: ", FaultText(note.fault), ".\n- Security: ", note.security,
      "\n");
}

}  // namespace

std::string ErrorPage() {
  std::string page = kHead;
  for (const auto& codes : ErrorCodesByCategory()) {
    absl::StrAppend(&page, "\n## Category ",
                    ErrorCategoryName(GetErrorInfo(codes.front()).category),
                    "\n");
    for (ErrorCode code : codes) page += Entry(code);
  }
  return page + "\n";
}

}  // namespace holdfast::test
