#include "tests/helpers/golden.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

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

}  // namespace

void ExpectGolden(const std::string& path, const std::string& text,
                  absl::string_view keep_from) {
  const std::string full_path = absl::StrCat(HOLDFAST_SOURCE_DIR, "/", path);
  std::ifstream file(full_path, std::ios::binary);
  std::string content(std::istreambuf_iterator<char>(file), {});
  std::string kept;
  const size_t keep = keep_from.empty()
                          ? std::string::npos
                          : content.find(absl::StrCat("\n", keep_from));
  if (keep != std::string::npos) {
    kept = content.substr(keep + 1);
    content.resize(keep + 1);
  }
  if (content == text) return;
  if (std::getenv("HOLDFAST_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(full_path, std::ios::binary) << text << kept;
    return;
  }
  ADD_FAILURE() << path << " is out of date, " << Difference(content, text)
                << "\nIf that is meant: HOLDFAST_UPDATE_GOLDEN=1 ctest "
                   "--test-dir build/debug -R Golden";
}

}  // namespace holdfast::test
