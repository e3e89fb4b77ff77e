// OpenSSL's part of other_verifiers.h.

#include <arpa/inet.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>

#include "holdfast/tests/helpers/other_verifiers.h"

namespace holdfast::test {
namespace {

struct OpensslFree {
  void operator()(X509* it) const { X509_free(it); }
  void operator()(X509_STORE_CTX* it) const { X509_STORE_CTX_free(it); }
  void operator()(STACK_OF(X509) * it) const {
    sk_X509_pop_free(it, X509_free);
  }
};
template <typename T>
using Ptr = std::unique_ptr<T, OpensslFree>;

Ptr<X509> Decode(const std::string& der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  return Ptr<X509>(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())));
}

void SetParameters(OpensslRules rules, const std::string& host, absl::Time now,
                   X509_VERIFY_PARAM* parameters) {
  constexpr int kBits112 = 2;
  X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set_auth_level(parameters, kBits112);
  X509_VERIFY_PARAM_set_time(parameters, absl::ToTimeT(now));
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
  if (rules == OpensslRules::kStrict) {
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
  }
  X509_VERIFY_PARAM_set_hostflags(parameters,
                                  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  in_addr address;
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) {
    X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), 0);
  }
}

}  // namespace

OpensslVerifier::OpensslVerifier(absl::Span<const std::string> anchors,
                                 OpensslRules rules)
    : store_(X509_STORE_new(), X509_STORE_free), rules_(rules) {
  for (const std::string& der : anchors) {
    if (const Ptr<X509> anchor = Decode(der)) {
      X509_STORE_add_cert(store_.get(), anchor.get());
    }
  }
}

Answer OpensslVerifier::Verify(absl::Span<const std::string> chain,
                               const std::string& host, absl::Time now) const {
  const Ptr<X509> leaf = Decode(chain.front());
  if (leaf == nullptr) return {false, "the leaf cannot be decoded"};
  const Ptr<STACK_OF(X509)> sent(sk_X509_new_null());
  for (const std::string& der : chain.subspan(1)) {
    if (Ptr<X509> certificate = Decode(der)) {
      sk_X509_push(sent.get(), certificate.release());
    }
  }
  const Ptr<X509_STORE_CTX> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store_.get(), leaf.get(), sent.get());
  SetParameters(rules_, host, now, X509_STORE_CTX_get0_param(context.get()));
  if (X509_verify_cert(context.get()) == 1) return {true, ""};
  return {false, X509_verify_cert_error_string(
                     X509_STORE_CTX_get_error(context.get()))};
}

}  // namespace holdfast::test
