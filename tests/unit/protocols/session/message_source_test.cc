// Messages in pieces: the same again after a rewind, and files that change.

#include "holdfast/protocols/session/message_source.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "gtest/gtest.h"
#include "holdfast/core/base/error.h"
#include "holdfast/tests/helpers/temp_dir.h"

namespace holdfast {
namespace {

// In pieces of up to `chunk` bytes.
absl::StatusOr<std::string> ReadAll(MessageSource* source, size_t chunk) {
  std::string all;
  std::string buffer(chunk, '\0');
  while (true) {
    const absl::StatusOr<size_t> count = source->Read(absl::MakeSpan(buffer));
    if (!count.ok()) return count.status();
    if (*count == 0) return all;
    all.append(buffer, 0, *count);
  }
}

ErrorCode CodeOf(const absl::Status& status) {
  return ErrorFromStatus(status).code;
}

TEST(MessageSourceTest, GivesAStringInPiecesAndAgainAfterRewind) {
  const auto source = NewStringSource("Subject: x\r\n\r\nbody\r\n");
  EXPECT_EQ(source->size(), 20u);
  EXPECT_EQ(*ReadAll(source.get(), 3), "Subject: x\r\n\r\nbody\r\n");
  ASSERT_TRUE(source->Rewind().ok());
  EXPECT_EQ(*ReadAll(source.get(), 100), "Subject: x\r\n\r\nbody\r\n");
}

TEST(MessageSourceTest, GivesAFileInPiecesAndAgainAfterRewind) {
  const test::TempDir dir;
  std::string content;
  for (int i = 0; i < 5000; ++i) content += std::to_string(i);
  auto source = OpenFileSource(dir.Write("message", content));
  ASSERT_TRUE(source.ok());
  EXPECT_EQ((*source)->size(), content.size());
  EXPECT_EQ(*ReadAll(source->get(), 1000), content);
  ASSERT_TRUE((*source)->Rewind().ok());
  EXPECT_EQ(*ReadAll(source->get(), 7), content);
}

TEST(MessageSourceTest, AnEmptyMessageIsOne) {
  const test::TempDir dir;
  EXPECT_EQ(*ReadAll(NewStringSource("").get(), 10), "");
  auto source = OpenFileSource(dir.Write("message", ""));
  ASSERT_TRUE(source.ok());
  EXPECT_EQ(*ReadAll(source->get(), 10), "");
}

TEST(MessageSourceTest, AFileThatShrinksOrGrowsIsUnreadable) {
  for (const size_t new_size : {3, 30}) {
    const test::TempDir dir;
    const std::string path = dir.Write("message", "0123456789");
    auto source = OpenFileSource(path);
    ASSERT_TRUE(source.ok());
    char buffer[4];
    ASSERT_EQ(*(*source)->Read(absl::MakeSpan(buffer)), 4u);
    std::filesystem::resize_file(path, new_size);
    const auto read = (*source)->Read(absl::MakeSpan(buffer));
    EXPECT_EQ(CodeOf(read.status()), ErrorCode::kMessageUnreadable);
  }
}

TEST(MessageSourceTest, WhatIsNoFileIsUnreadable) {
  const test::TempDir dir;
  const std::string pipe = dir.Path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {dir.Path("nothing"), dir.path(), pipe}) {
    EXPECT_EQ(CodeOf(OpenFileSource(path).status()),
              ErrorCode::kMessageUnreadable)
        << path;
  }
}

}  // namespace
}  // namespace holdfast
