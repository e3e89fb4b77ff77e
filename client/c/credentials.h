// Credentials as C gives them.

#ifndef HOLDFAST_CLIENT_C_CREDENTIALS_H_
#define HOLDFAST_CLIENT_C_CREDENTIALS_H_

#include <memory>
#include <optional>

#include "holdfast/holdfast.h"
#include "holdfast/protocols/sign_in/credentials.h"

struct holdfast_credentials {
  std::shared_ptr<holdfast::CredentialsProvider> provider;
  std::optional<holdfast::SaslMechanism> mechanism = std::nullopt;
};

#endif  // HOLDFAST_CLIENT_C_CREDENTIALS_H_
