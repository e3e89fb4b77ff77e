// Secrets leave nothing behind where they were.

#include "holdfast/core/base/secret_string.h"

#include <string>
#include <type_traits>
#include <utility>

#include "gtest/gtest.h"

namespace holdfast {
namespace {

static_assert(!std::is_copy_constructible_v<SecretString>);
static_assert(!std::is_copy_assignable_v<SecretString>);

// A long text lies on the heap, a short one in the object.
constexpr char kLong[] = "correct horse battery staple, and then some more";
constexpr char kShort[] = "pw";

TEST(SecretStringTest, WipeOverwritesWhatErasingLeaves) {
  for (const char* text : {kLong, kShort}) {
    std::string secret = text;
    const char* const bytes = secret.data();
    const size_t capacity = secret.capacity();
    secret.resize(1);  // the rest is still there, beyond the end
    Wipe(&secret);
    EXPECT_TRUE(secret.empty());
    EXPECT_EQ(std::string(bytes, capacity), std::string(capacity, '\0'));
  }
}

TEST(SecretStringTest, MovingLeavesNothingInTheSource) {
  SecretString source(kShort);
  const char* const bytes = source.c_str();
  const SecretString target = std::move(source);
  EXPECT_EQ(target.view(), kShort);
  EXPECT_EQ(std::string(bytes, 2), std::string(2, '\0'));
}

TEST(SecretStringTest, TakingLeavesNothingInTheSource) {
  std::string source = kShort;
  const char* const bytes = source.data();
  EXPECT_EQ(SecretString::Take(std::move(source)).view(), kShort);
  EXPECT_EQ(std::string(bytes, 2), std::string(2, '\0'));
}

TEST(SecretStringTest, AssignmentWipesWhatWasThere) {
  SecretString secret(kShort);
  const char* const bytes = secret.c_str();
  secret = SecretString();
  EXPECT_EQ(std::string(bytes, 2), std::string(2, '\0'));
}

TEST(SecretStringTest, DestructionWipes) {
  alignas(SecretString) unsigned char storage[sizeof(SecretString)];
  auto* const secret = new (storage) SecretString(kShort);
  const char* const bytes = secret->c_str();
  secret->~SecretString();
  EXPECT_EQ(std::string(bytes, 2), std::string(2, '\0'));
}

TEST(SecretStringTest, PartsAreJoined) {
  EXPECT_EQ(SecretString::Join({"a", "", "bc"}).view(), "abc");
  EXPECT_TRUE(SecretString::Join({}).empty());
}

}  // namespace
}  // namespace holdfast
