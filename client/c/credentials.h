// Credentials as C gives them.

#ifndef HOLDFAST_CLIENT_C_CREDENTIALS_H_
#define HOLDFAST_CLIENT_C_CREDENTIALS_H_

#include <memory>
#include <optional>

#include "holdfast/holdfast.h"
#include "holdfast/protocols/sign_in/credentials.h"

namespace holdfast::c {

class Provider : public CredentialsProvider {
 public:
  std::optional<SaslMechanism> mechanism() const override { return mechanism_; }
  void set_mechanism(std::optional<SaslMechanism> mechanism) {
    mechanism_ = mechanism;
  }

 private:
  std::optional<SaslMechanism> mechanism_;
};

}  // namespace holdfast::c

struct holdfast_credentials {
  std::shared_ptr<holdfast::c::Provider> provider;
};

#endif  // HOLDFAST_CLIENT_C_CREDENTIALS_H_
