// The examples of docs/signing-in.md.

#include <utility>

#include "protocols/connector.h"
#include "protocols/sign_in.h"

namespace holdfast {

SignInResult SignInAfterConnecting(std::unique_ptr<Connection> connection,
                                   std::string password) {
  std::unique_ptr<CredentialsProvider> provider =
      NewPasswordProvider("alice", SecretString::Take(std::move(password)));
  SignInResult result =
      SignInBlocking(connection.get(), provider.get(), {Protocol::kImap});
  return result;
}

SignInResult SignInWhileConnecting(
    const Target& target, const std::shared_ptr<NssRuntime>& runtime,
    const std::shared_ptr<const Trust>& trust, HostCache* cache,
    const std::unique_ptr<CredentialsProvider>& provider) {
  SignInOptions options{Protocol::kImap, SaslMechanism::kProtocolLogin};
  ConnectRequest request{target, runtime, trust};
  request.sign_in = SignInRequest{provider.get(), options};
  ConnectResult connected = ConnectBlocking(request, cache);
  SignInResult result =
      SignInBlocking(connected.connection.get(), provider.get(), options);
  return result;
}

}  // namespace holdfast
