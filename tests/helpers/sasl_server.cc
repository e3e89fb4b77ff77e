#include "holdfast/tests/helpers/sasl_server.h"

#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"

namespace holdfast::test {

SaslServer::SaslServer(Protocol protocol, std::string exporter)
    : protocol_(protocol), exporter_(absl::Base64Escape(exporter)) {
  EXPECT_EQ(gsasl_init(&context_), GSASL_OK);
  gsasl_callback_hook_set(context_, this);
  gsasl_callback_set(context_, OnProperty);
}

SaslServer::~SaslServer() {
  if (session_ != nullptr) gsasl_finish(session_);
  gsasl_done(context_);
}

int SaslServer::OnProperty(Gsasl* context, Gsasl_session* session,
                           Gsasl_property property) {
  const auto* self =
      static_cast<const SaslServer*>(gsasl_callback_hook_get(context));
  const auto is = [session](Gsasl_property name, const char* value) {
    const char* const got = gsasl_property_fast(session, name);
    return got != nullptr && std::strcmp(got, value) == 0;
  };
  switch (property) {
    case GSASL_PASSWORD:
      if (!is(GSASL_AUTHID, "alice")) return GSASL_NO_CALLBACK;
      return gsasl_property_set(session, GSASL_PASSWORD, "pw");
    case GSASL_VALIDATE_SIMPLE:
      return is(GSASL_AUTHID, "alice") && is(GSASL_PASSWORD, "pw")
                 ? GSASL_OK
                 : GSASL_AUTHENTICATION_ERROR;
    case GSASL_VALIDATE_ANONYMOUS:
      return GSASL_OK;
    case GSASL_CB_TLS_EXPORTER:
      if (self->exporter_.empty()) return GSASL_NO_CALLBACK;
      return gsasl_property_set(session, property, self->exporter_.c_str());
    default:
      return GSASL_NO_CALLBACK;
  }
}

std::string SaslServer::Answer(const std::string& line) {
  const std::string text(absl::StripSuffix(line, "\r\n"));
  if (session_ == nullptr) return Begin(text);
  if (text == "*") return End(false);
  if (done_) return End(text == (protocol_ == Protocol::kNntp ? "=" : ""));
  return StepWith(text);
}

// "tag AUTHENTICATE NAME [response]", "AUTH NAME [response]", "AUTHINFO SASL
// NAME [response]".
std::string SaslServer::Begin(const std::string& command) {
  std::vector<std::string> words = absl::StrSplit(command, ' ');
  const size_t name =
      protocol_ == Protocol::kImap || protocol_ == Protocol::kNntp ? 2 : 1;
  tag_ = words.front();
  EXPECT_GT(words.size(), name) << command;
  EXPECT_EQ(gsasl_server_start(context_, words[name].c_str(), &session_),
            GSASL_OK)
      << command;
  if (words.size() > name + 1) return StepWith(words[name + 1]);
  // With nothing to go on, a server that speaks first has its say.
  return words[name] == "LOGIN" ? StepWith("") : Challenge("");
}

std::string SaslServer::StepWith(const std::string& base64) {
  char* output = nullptr;
  const int result =
      gsasl_step64(session_, base64 == "=" ? "" : base64.c_str(), &output);
  const std::string answer = output == nullptr ? "" : output;
  gsasl_free(output);
  if (result == GSASL_NEEDS_MORE) return Challenge(answer);
  if (result != GSASL_OK) return End(false);
  if (answer.empty()) return End(true);
  done_ = true;
  return Challenge(answer);
}

std::string SaslServer::Challenge(const std::string& base64) const {
  switch (protocol_) {
    case Protocol::kImap:
    case Protocol::kPop3:
      return absl::StrCat("+ ", base64, "\r\n");
    case Protocol::kSmtp:
    case Protocol::kSubmission:
      return absl::StrCat("334 ", base64, "\r\n");
    case Protocol::kNntp:
      return absl::StrCat("383 ", base64.empty() ? "=" : base64, "\r\n");
  }
  return "";
}

std::string SaslServer::End(bool ok) {
  gsasl_finish(std::exchange(session_, nullptr));
  signed_in_ = ok;
  done_ = false;
  switch (protocol_) {
    case Protocol::kImap:
      return absl::StrCat(tag_, ok ? " OK in\r\n" : " NO not you\r\n");
    case Protocol::kPop3:
      return ok ? "+OK in\r\n" : "-ERR not you\r\n";
    case Protocol::kSmtp:
    case Protocol::kSubmission:
      return ok ? "235 in\r\n" : "535 not you\r\n";
    case Protocol::kNntp:
      return ok ? "281 in\r\n" : "481 not you\r\n";
  }
  return "";
}

}  // namespace holdfast::test
