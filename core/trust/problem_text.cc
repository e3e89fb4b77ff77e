#include "holdfast/core/trust/problem_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "holdfast/core/base/printable.h"
#include "holdfast/core/trust/public_key.h"

namespace holdfast {
namespace {

// Security programs and inspection devices that put certificates of their own
// in place of the servers', by what their authorities call themselves. Only the
// words that a report uses hang on it.
struct Inspector {
  absl::string_view words;  // in a common name or organization
  absl::string_view name;
};
constexpr Inspector kInspectors[] = {
    {"avast", "Avast"},
    {"avg web", "AVG"},
    {"kaspersky", "Kaspersky"},
    {"eset ssl filter", "ESET"},
    {"bitdefender", "Bitdefender"},
    {"adguard", "AdGuard"},
    {"dr.web", "Dr.Web"},
    {"g data", "G DATA"},
    {"bullguard", "BullGuard"},
    {"nortonlifelock", "Norton"},
    {"norton web", "Norton"},
    {"mcafee", "McAfee"},
    {"skyhigh", "Skyhigh (McAfee)"},
    {"trend micro", "Trend Micro"},
    {"zscaler", "Zscaler"},
    {"netskope", "Netskope"},
    {"goskope", "Netskope"},
    {"forcepoint", "Forcepoint"},
    {"websense", "Forcepoint (Websense)"},
    {"fortinet", "Fortinet"},
    {"fortigate", "Fortinet"},
    {"palo alto", "Palo Alto Networks"},
    {"check point", "Check Point"},
    {"cisco umbrella", "Cisco Umbrella"},
    {"opendns", "Cisco Umbrella (OpenDNS)"},
    {"ironport", "Cisco"},
    {"sophos", "Sophos"},
    {"cyberoam", "Sophos (Cyberoam)"},
    {"sonicwall", "SonicWall"},
    {"watchguard", "WatchGuard"},
    {"fireware", "WatchGuard"},
    {"barracuda", "Barracuda"},
    {"blue coat", "Blue Coat"},
    {"bluecoat", "Blue Coat"},
    {"symantec web security", "Symantec"},
    {"iboss", "iboss"},
    {"lightspeed", "Lightspeed"},
    {"contentkeeper", "ContentKeeper"},
    {"securly", "Securly"},
    {"smoothwall", "Smoothwall"},
    {"untangle", "Untangle"},
    {"squid", "Squid"},
    {"pfsense", "pfSense"},
    {"opnsense", "OPNsense"},
    {"mitmproxy", "mitmproxy"},
    {"portswigger", "Burp"},
    {"charles proxy", "Charles"},
    {"fiddler", "Fiddler"},
};

}  // namespace

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

std::string Describe(const Certificate& certificate, const Certificate& leaf) {
  return certificate.der == leaf.der
             ? "the certificate"
             : absl::StrCat("the certificate of ",
                            NameText(certificate.subject_der));
}

std::string GeneralNameText(const GeneralName& name) {
  switch (name.kind) {
    case NameKind::kAddress:
      return AddressText(name.value);
    case NameKind::kDirectory:
      return absl::StrCat("the name ", NameText(name.value));
    case NameKind::kDns:
    case NameKind::kEmail:
    case NameKind::kUri:
      return Printable(name.value);
    case NameKind::kOther:
    case NameKind::kX400:
    case NameKind::kEdi:
    case NameKind::kRegistered:
      break;
  }
  return "a name that is no host's";
}

std::optional<CertificateProblem> KeyProblem(const Certificate& certificate,
                                             const Certificate& leaf) {
  const std::string why = WhyKeyIsWeak(certificate.key);
  if (why.empty()) return std::nullopt;
  return CertificateProblem{
      ErrorCode::kWeakCertificateKey, NameText(certificate.subject_der),
      absl::StrCat("the key of ", Describe(certificate, leaf), " ", why)};
}

std::optional<CertificateProblem> SignatureProblem(
    const Certificate& certificate, const Certificate& leaf) {
  const SignatureInfo signature =
      ReadSignatureAlgorithm(certificate.signature_algorithm_der);
  absl::string_view why;
  switch (signature.kind) {
    case SignatureKind::kWeak:
      why = ", which we refuse";
      break;
    case SignatureKind::kOther:
      why = ", which we do not know";
      break;
    default:
      return std::nullopt;
  }
  return CertificateProblem{
      ErrorCode::kWeakSignature, NameText(certificate.subject_der),
      absl::StrCat(Describe(certificate, leaf), " is signed by ",
                   signature.name, why)};
}

std::string InspectorName(absl::string_view authority_der) {
  const std::string name = absl::AsciiStrToLower(CommonName(authority_der));
  const std::string organization =
      absl::AsciiStrToLower(Organization(authority_der));
  for (const Inspector& inspector : kInspectors) {
    if (absl::StrContains(name, inspector.words) ||
        absl::StrContains(organization, inspector.words)) {
      return std::string(inspector.name);
    }
  }
  return "";
}

}  // namespace holdfast
