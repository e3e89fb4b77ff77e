// SPDX-License-Identifier: 0BSD

// The examples of docs/signing-in.md.

#include <utility>

#include "holdfast/protocols/connect/connector.h"
#include "holdfast/protocols/connect/own_loop.h"
#include "holdfast/protocols/sign_in/sign_in.h"

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
    OwnLoop* own, const ConnectRequest& request,
    const std::unique_ptr<CredentialsProvider>& provider) {
  SignInOptions options{Protocol::kImap, SaslMechanism::kProtocolLogin};
  Connector connector(own->services());
  std::unique_ptr<Connector::Operation> connecting;
  ConnectResult connected = own->Await<ConnectResult>([&](auto done) {
    connecting = connector.Connect(request, {provider.get(), options}, done);
  });
  SignInResult result =
      SignInBlocking(connected.connection.get(), provider.get(), options,
                     nullptr, std::move(connected.begun_sign_in));
  return result;
}

}  // namespace holdfast
