// An NSS database in a directory of its own, made by certutil.

#ifndef HOLDFAST_TESTS_HELPERS_NSS_DATABASE_H_
#define HOLDFAST_TESTS_HELPERS_NSS_DATABASE_H_

#include <filesystem>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "holdfast/tests/helpers/process.h"
#include "holdfast/tests/helpers/temp_dir.h"

namespace holdfast::test {

class NssDatabase {
 public:
  explicit NssDatabase(const std::string& name = "db")
      : path_(directory_.Path(name)) {
    std::filesystem::create_directory(path_);
    Certutil({"-N", "--empty-password"});
  }

  const std::string& path() const { return path_; }

  // `trust` as certutil has it: "C,," is an authority for TLS servers.
  void Add(const std::string& nickname, const std::string& trust,
           const std::string& certificate_pem) {
    Certutil({"-A", "-n", nickname, "-t", trust, "-a", "-i",
              directory_.Write("certificate.pem", certificate_pem)});
  }

 private:
  void Certutil(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"certutil", "-d", "sql:" + path_});
    const auto result = RunProcess({std::move(arguments)});
    EXPECT_TRUE(result.ok() && result->exit_code == 0)
        << (result.ok() ? result->err : result.status().ToString());
  }

  TempDir directory_;
  const std::string path_;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_NSS_DATABASE_H_
