// A probe and a survey are given nothing that says who the user is: they could
// not send it (promise 11).

#include <type_traits>

#include "gtest/gtest.h"
#include "holdfast/protocols/connect/redialer.h"
#include "holdfast/protocols/probe/survey.h"

namespace holdfast::test {
namespace {

// Whether `use`, which names a member, compiles for a T.
template <typename T, typename Use>
constexpr bool Has(Use) {
  return std::is_invocable_v<Use, T&>;
}

constexpr auto kIdentity = [](auto& x) -> decltype(void(x.identity)) {};
constexpr auto kConnect = [](auto& x) -> decltype(void(x.connect)) {};
constexpr auto kCredentials = [](auto& x) -> decltype(void(x.credentials)) {};
constexpr auto kSignIn = [](auto& x) -> decltype(void(x.sign_in)) {};

TEST(ProbeRequestTest, HasNoCredentialsAndNoClientCertificate) {
  EXPECT_TRUE(Has<ConnectRequest>(kIdentity));
  EXPECT_TRUE(Has<RedialOptions>(kConnect));
  EXPECT_TRUE(Has<RedialOptions>(kCredentials));

  EXPECT_FALSE(Has<ProbeRequest>(kIdentity));
  EXPECT_FALSE(Has<ProbeRequest>(kConnect));
  EXPECT_FALSE(Has<ProbeRequest>(kCredentials));
  EXPECT_FALSE(Has<ProbeRequest>(kSignIn));
  EXPECT_FALSE(Has<SurveyRequest>(kIdentity));
  EXPECT_FALSE(Has<SurveyRequest>(kConnect));
  EXPECT_FALSE(Has<SurveyRequest>(kCredentials));
  EXPECT_FALSE(Has<SurveyRequest>(kSignIn));
}

// Nor has a connect any that could come by it: who signs in is told beside it.
TEST(ProbeRequestTest, AConnectRequestHasNoCredentials) {
  EXPECT_FALSE(Has<ConnectRequest>(kCredentials));
  EXPECT_FALSE(Has<ConnectRequest>(kSignIn));
}

}  // namespace
}  // namespace holdfast::test
