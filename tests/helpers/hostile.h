// A server that means harm by what it says: everything that a person should not
// be shown as it is stands in each of its words, and in its certificate.
//
//   lab::Behaviour behaviour;
//   behaviour.edit = SpeakHostile("said");
//   // … "said>" in what is printed shows that the words came through …

#ifndef HOLDFAST_TESTS_HELPERS_HOSTILE_H_
#define HOLDFAST_TESTS_HELPERS_HOSTILE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "holdfast/tools/lab/behaviour.h"
#include "holdfast/tools/lab/certificate_authority.h"

namespace holdfast::test {

// One line without an end, and without brackets or quotation marks that would
// mean something in a protocol, and without a NUL, which some of them do not
// know: "NAME>", what is harmful, "<NAME". Letters stand among it, kLetters,
// which are not.
std::string Hostile(absl::string_view name);
inline constexpr char kLetters[] = "Grüße 你好";

// The part of it that is UTF-8, in at most 60 bytes; for names that
// certificates hold as text.
std::string HostileUtf8(absl::string_view name);

// Has every reply, and each line of one, end with Hostile(name).
lab::Edit SpeakHostile(const std::string& name);

// A root with a hostile name, "root>", and a server's certificate by it, whose
// subject is "subject>", for 127.0.0.1 and for a DNS name "names>".
struct HostileCertificate {
  lab::Certificate certificate;
  std::string root_pem;
};
struct HostileCertificateOptions {
  absl::Time not_after = absl::Now() + absl::Hours(24 * 30);
  bool for_localhost = true;
};
HostileCertificate MakeHostileCertificate(
    const HostileCertificateOptions& options = {});

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_HOSTILE_H_
