// GnuTLS's part of other_verifiers.h.

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <ctime>
#include <memory>
#include <vector>

#include "holdfast/tests/helpers/certificate_maker.h"
#include "holdfast/tests/helpers/other_verifiers.h"
#include "holdfast/tests/helpers/sanitizers.h"

#ifdef HOLDFAST_ADDRESS_SANITIZER
// GnuTLS 3.7.9 forgets a name where constraints cannot be decoded.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libgnutls.so";
}
#endif

namespace holdfast::test {
namespace {

time_t now = 0;
time_t Clock(time_t* out) {
  if (out != nullptr) *out = now;
  return now;
}

gnutls_datum_t DatumOf(const std::string& bytes) {
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data())),
          static_cast<unsigned>(bytes.size())};
}

// Null if it cannot be decoded.
gnutls_x509_crt_t Decode(const std::string& der) {
  gnutls_x509_crt_t certificate = nullptr;
  gnutls_x509_crt_init(&certificate);
  const gnutls_datum_t datum = DatumOf(der);
  if (gnutls_x509_crt_import(certificate, &datum, GNUTLS_X509_FMT_DER) < 0) {
    gnutls_x509_crt_deinit(certificate);
    return nullptr;
  }
  return certificate;
}

// Owns what it holds.
class Certificates {
 public:
  explicit Certificates(absl::Span<const std::string> ders) {
    for (const std::string& der : ders) {
      if (gnutls_x509_crt_t decoded = Decode(der)) all_.push_back(decoded);
    }
  }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;
  ~Certificates() {
    for (gnutls_x509_crt_t it : all_) gnutls_x509_crt_deinit(it);
  }

  const std::vector<gnutls_x509_crt_t>& all() const { return all_; }

 private:
  std::vector<gnutls_x509_crt_t> all_;
};

std::string StatusText(unsigned status) {
  gnutls_datum_t text = {};
  if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509,
                                                   &text, 0) < 0) {
    return "refused";
  }
  std::string copy(reinterpret_cast<char*>(text.data));
  gnutls_free(text.data);
  return copy;
}

bool IsAddress(const std::string& host) {
  return host.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace

Answer AskGnutls(const Question& question) {
  gnutls_global_set_time_function(Clock);
  now = absl::ToTimeT(question.now);
  const Certificates anchors(question.anchors);
  const Certificates chain(question.chain);
  if (chain.all().size() < question.chain.size()) {
    return {false, "a certificate cannot be decoded"};
  }
  gnutls_x509_trust_list_t list = nullptr;
  gnutls_x509_trust_list_init(&list, 0);
  const std::unique_ptr<gnutls_x509_trust_list_st,
                        void (*)(gnutls_x509_trust_list_t)>
      owner(list, [](gnutls_x509_trust_list_t it) {
        gnutls_x509_trust_list_deinit(it, /*all=*/0);
      });
  gnutls_x509_trust_list_add_cas(list, anchors.all().data(),
                                 static_cast<unsigned>(anchors.all().size()),
                                 /*flags=*/0);
  const std::string name =
      IsAddress(question.host) ? AddressBytes(question.host) : question.host;
  std::string purpose = GNUTLS_KP_TLS_WWW_SERVER;
  gnutls_typed_vdata_st data[] = {
      {IsAddress(question.host) ? GNUTLS_DT_IP_ADDRESS : GNUTLS_DT_DNS_HOSTNAME,
       DatumOf(name).data, static_cast<unsigned>(name.size())},
      {GNUTLS_DT_KEY_PURPOSE_OID, DatumOf(purpose).data, 0}};
  // It sorts what it is given.
  std::vector<gnutls_x509_crt_t> sorted = chain.all();
  unsigned status = 0;
  const int result = gnutls_x509_trust_list_verify_crt2(
      list, sorted.data(), static_cast<unsigned>(sorted.size()), data, 2,
      GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM), &status, nullptr);
  if (result < 0) return {false, gnutls_strerror(result)};
  return status == 0 ? Answer{true, ""} : Answer{false, StatusText(status)};
}

}  // namespace holdfast::test
