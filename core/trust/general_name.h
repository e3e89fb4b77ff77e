// GeneralName (RFC 5280, 4.2.1.6) and the names of authorities. Pure.

#ifndef HOLDFAST_CORE_TRUST_GENERAL_NAME_H_
#define HOLDFAST_CORE_TRUST_GENERAL_NAME_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "holdfast/core/trust/der_reader.h"

namespace holdfast {

// The numbers are those of the tags.
enum class NameKind {
  kOther = 0,
  kEmail = 1,
  kDns = 2,
  kX400 = 3,
  kDirectory = 4,
  kEdi = 5,
  kUri = 6,
  kAddress = 7,
  kRegistered = 8,
};

struct GeneralName {
  NameKind kind;
  // Of a directory name, the Name as it stands; of the others, the content.
  absl::string_view value;
};

// Reads the next name; nullopt if there is none.
std::optional<GeneralName> TakeGeneralName(DerReader* reader);

// One attribute of a Name (4.1.2.4).
struct NameAttribute {
  absl::string_view type;  // an OBJECT IDENTIFIER's content
  DerTag tag;              // of the value
  absl::string_view value;
  bool begins_set;  // the first of its RelativeDistinguishedName
};

// nullopt if `name_der` is no Name.
std::optional<std::vector<NameAttribute>> ReadName(absl::string_view name_der);

// For people, the most specific part first: "CN=mail.example.org,O=Example".
// Escaped.
std::string NameText(absl::string_view name_der);
// The last common name in it; empty if there is none. Not escaped.
std::string CommonName(absl::string_view name_der);
// The last organization; likewise.
std::string Organization(absl::string_view name_der);

// "192.0.2.1" of 4 or 16 bytes; "an address of 8 bytes" of others.
std::string AddressText(absl::string_view address);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_GENERAL_NAME_H_
