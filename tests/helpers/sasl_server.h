// The server's side of signing in, by libgsasl: another make than ours.

#ifndef HOLDFAST_TESTS_HELPERS_SASL_SERVER_H_
#define HOLDFAST_TESTS_HELPERS_SASL_SERVER_H_

#include <gsasl.h>

#include <string>

#include "holdfast/protocols/dialogue/protocol.h"

namespace holdfast::test {

// Knows "alice", whose password is "pw", and anybody anonymous. Speaks one
// command at a time. Thread safety: none.
class SaslServer {
 public:
  // `exporter` is the TLS connection's tls-exporter, for -PLUS.
  SaslServer(Protocol protocol, std::string exporter = "");
  ~SaslServer();

  // The answers to a line, both with their CRLF.
  std::string Answer(const std::string& line);
  bool signed_in() const { return signed_in_; }

 private:
  static int OnProperty(Gsasl* context, Gsasl_session* session,
                        Gsasl_property property);
  std::string Begin(const std::string& command);
  std::string StepWith(const std::string& base64);
  std::string Challenge(const std::string& base64) const;
  std::string End(bool ok);

  const Protocol protocol_;
  const std::string exporter_;
  Gsasl* context_ = nullptr;
  Gsasl_session* session_ = nullptr;
  std::string tag_;
  bool done_ = false;  // libgsasl's part; the client has still to say so
  bool signed_in_ = false;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_SASL_SERVER_H_
