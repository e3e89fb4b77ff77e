// SPDX-License-Identifier: 0BSD

// The examples of docs/signing-in.md.

#include <cstdio>
#include <memory>
#include <utility>

#include "holdfast/client/client.h"
#include "holdfast/protocols/connect/redialer.h"

namespace holdfast {

RedialResult ByTheStrongestMechanism(Client* client, const Target& target,
                                     std::string password) {
  RedialResult result = client->ConnectAndSignIn(
      target,
      NewPasswordProvider("alice", SecretString::Take(std::move(password))));
  if (!result.ok()) puts(result.error->Message().c_str());
  return result;
}

RedialResult ByOneMechanism(Client* client, const Target& target,
                            std::string password) {
  RedialResult result = client->ConnectAndSignIn(
      target,
      NewPasswordProvider("alice", SecretString::Take(std::move(password)),
                          SaslMechanism::kProtocolLogin));
  return result;
}

std::unique_ptr<SignIn> OnAConnection(
    EventLoop* loop, Connection* connection, CredentialsProvider* provider,
    std::function<void(SignInResult)> on_done) {
  SignInOptions options{Protocol::kImap};
  return SignIn::Start(loop, connection, provider, options, std::move(on_done));
}

}  // namespace holdfast
