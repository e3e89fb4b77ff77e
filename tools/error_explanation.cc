#include "holdfast/tools/error_explanation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "holdfast/core/base/error_note.h"
#include "holdfast/protocols/connect/connect_report.h"
#include "holdfast/tools/text_layout.h"

namespace holdfast {
namespace {

std::string Normalised(absl::string_view text) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(text), {{"-", "_"}});
}

// How many letters have to be put in, taken out or changed to make of `text`
// some part of `name` (Sellers' form of Levenshtein's distance).
size_t Remoteness(absl::string_view name, absl::string_view text) {
  std::vector<size_t> row(name.size() + 1, 0);
  for (size_t i = 0; i < text.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < name.size(); ++j) {
      const size_t changed = diagonal + (text[i] == name[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return *std::min_element(row.begin(), row.end());
}

// STARTTLS is seen on ports for that only.
bool IsOfStartTls(const ErrorInfo& info) {
  return info.category == ErrorCategory::kStartTls ||
         info.code == ErrorCode::kTlsOnPlaintextPort ||
         info.code == ErrorCode::kGreetingTimedOut;
}

}  // namespace

std::optional<ErrorCode> FindErrorCode(absl::string_view text) {
  int number;
  if (!absl::SimpleAtoi(text, &number)) return ParseErrorCode(Normalised(text));
  for (const ErrorInfo& info : AllErrors()) {
    if (static_cast<int>(info.code) == number) return info.code;
  }
  return std::nullopt;
}

std::vector<std::string> NearestErrorNames(absl::string_view text) {
  // No name is so long; the work grows with the length.
  const std::string given = Normalised(text.substr(0, 64));
  std::vector<std::pair<size_t, std::string>> names;
  for (const ErrorInfo& info : AllErrors()) {
    names.emplace_back(Remoteness(info.name, given), info.name);
  }
  std::sort(names.begin(), names.end());
  std::vector<std::string> nearest;
  for (const auto& [remoteness, name] : names) {
    if (nearest.size() == 3 || remoteness > names[0].first) break;
    nearest.push_back(name);
  }
  return nearest;
}

std::string ExampleCommand(ErrorCode code) {
  const absl::string_view target = IsOfStartTls(GetErrorInfo(code))
                                       ? "imap://mail.example.org"
                                       : "imaps://mail.example.org";
  return FillIn(GetErrorNote(code).command, *ParseTarget(target));
}

std::vector<std::vector<ErrorCode>> ErrorCodesByCategory() {
  std::vector<std::vector<ErrorCode>> groups;
  for (const ErrorInfo& info : AllErrors()) {
    const auto group =
        std::find_if(groups.begin(), groups.end(), [&info](const auto& codes) {
          return GetErrorInfo(codes.front()).category == info.category;
        });
    if (group == groups.end()) {
      groups.push_back({info.code});
    } else {
      group->push_back(info.code);
    }
  }
  return groups;
}

std::string ErrorListText() {
  std::string text;
  for (const std::vector<ErrorCode>& codes : ErrorCodesByCategory()) {
    absl::StrAppend(&text, text.empty() ? "" : "\n",
                    ErrorCategoryName(GetErrorInfo(codes.front()).category),
                    "\n");
    for (ErrorCode code : codes) {
      const ErrorInfo& info = GetErrorInfo(code);
      absl::StrAppendFormat(&text, "  %-27s %s\n", info.name, info.sentence);
    }
  }
  absl::StrAppend(&text, "\nAll about one of them: holdfast explain CODE\n");
  return text;
}

std::string ErrorExplanationText(ErrorCode code) {
  const ErrorInfo& info = GetErrorInfo(code);
  const ErrorNote& note = GetErrorNote(code);
  return absl::StrCat(
      info.name, " (number ", static_cast<int>(code), ", category ",
      ErrorCategoryName(info.category), ")\n", info.sentence, "\n\n",
      WrappedRow("On the wire", note.wire),
      info.advice.empty() ? "" : WrappedRow("Advice", info.advice),
      Row("Run", ExampleCommand(code)),
      WrappedRow("Retry", RetryText(note.retry)),
      WrappedRow("At fault", FaultText(note.fault)),
      WrappedRow("Security", note.security));
}

nlohmann::ordered_json ErrorExplanationJson(ErrorCode code) {
  const ErrorInfo& info = GetErrorInfo(code);
  const ErrorNote& note = GetErrorNote(code);
  return {{"code", info.name},
          {"number", static_cast<int>(code)},
          {"category", ErrorCategoryName(info.category)},
          {"sentence", info.sentence},
          {"wire", note.wire},
          {"advice", info.advice},
          {"command", ExampleCommand(code)},
          {"retry", RetryName(note.retry)},
          {"fault", FaultName(note.fault)},
          {"refused_for_safety", info.refused_for_safety},
          {"security", note.security}};
}

nlohmann::ordered_json ErrorListJson() {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const ErrorInfo& info : AllErrors()) {
    list.push_back(ErrorExplanationJson(info.code));
  }
  return list;
}

}  // namespace holdfast
