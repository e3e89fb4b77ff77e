// Credentials as C gives them.

#ifndef HOLDFAST_C_CREDENTIALS_H_
#define HOLDFAST_C_CREDENTIALS_H_

#include <memory>
#include <optional>

#include "c/holdfast.h"
#include "protocols/credentials.h"

struct holdfast_credentials {
  std::shared_ptr<holdfast::CredentialsProvider> provider;
  std::optional<holdfast::SaslMechanism> mechanism = std::nullopt;
};

#endif  // HOLDFAST_C_CREDENTIALS_H_
