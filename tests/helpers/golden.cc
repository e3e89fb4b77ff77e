#include "holdfast/tests/helpers/golden.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace holdfast::test {
namespace {

// The first line that differs, for a message that fits a screen.
std::string Difference(const std::string& expected, const std::string& actual) {
  const std::vector<std::string> a = absl::StrSplit(expected, '\n');
  const std::vector<std::string> b = absl::StrSplit(actual, '\n');
  size_t i = 0;
  while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
  return absl::StrCat("line ", i + 1,
                      ":\n  in the file: ", i < a.size() ? a[i] : "(end)",
                      "\n  now:         ", i < b.size() ? b[i] : "(end)");
}

constexpr char kHowToUpdate[] =
    "\nIf that is meant: HOLDFAST_UPDATE_GOLDEN=1 ctest --test-dir build/debug "
    "-R Golden";

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool IsUpdate() { return std::getenv("HOLDFAST_UPDATE_GOLDEN") != nullptr; }

// How many # a heading begins with; 0 if the line is none.
size_t LevelOf(absl::string_view line) {
  const size_t level = line.find_first_not_of('#');
  return level != absl::string_view::npos && line[level] == ' ' ? level : 0;
}

// Where the section with this heading begins and ends, without the empty lines
// behind it.
std::pair<size_t, size_t> FindSection(absl::string_view content,
                                      absl::string_view heading) {
  size_t begin = content.size();
  size_t end = content.size();
  size_t position = 0;
  for (absl::string_view line : absl::StrSplit(content, '\n')) {
    const size_t level = LevelOf(line);
    if (begin == content.size()) {
      if (line == heading) begin = position;
    } else if (level != 0 && level <= LevelOf(heading)) {
      end = position;
      break;
    }
    position += line.size() + 1;
  }
  while (absl::EndsWith(content.substr(begin, end - begin), "\n\n")) --end;
  return {begin, end};
}

}  // namespace

void ExpectGolden(const std::string& path, const std::string& text,
                  absl::string_view keep_from) {
  const std::string full_path = absl::StrCat(HOLDFAST_SOURCE_DIR, "/", path);
  std::string content = ReadAll(full_path);
  std::string kept;
  const size_t keep = keep_from.empty()
                          ? std::string::npos
                          : content.find(absl::StrCat("\n", keep_from));
  if (keep != std::string::npos) {
    kept = content.substr(keep + 1);
    content.resize(keep + 1);
  }
  if (content == text) return;
  if (IsUpdate()) {
    std::ofstream(full_path, std::ios::binary) << text << kept;
    return;
  }
  ADD_FAILURE() << path << " is out of date, " << Difference(content, text)
                << kHowToUpdate;
}

void ExpectGoldenSection(const std::string& path, absl::string_view heading,
                         const std::string& text) {
  const std::string full_path = absl::StrCat(HOLDFAST_SOURCE_DIR, "/", path);
  std::string content = ReadAll(full_path);
  const auto [begin, end] = FindSection(content, heading);
  const std::string section = content.substr(begin, end - begin);
  if (section == text) return;
  if (IsUpdate()) {
    content.replace(begin, end - begin, text);
    std::ofstream(full_path, std::ios::binary) << content;
    return;
  }
  ADD_FAILURE() << path << ", section \"" << heading << "\", is out of date, "
                << Difference(section, text) << kHowToUpdate;
}

}  // namespace holdfast::test
