// Name constraints (RFC 5280, 4.2.1.10): what names an authority may vouch for.
// Pure.

#ifndef HOLDFAST_CORE_TRUST_NAME_CONSTRAINTS_H_
#define HOLDFAST_CORE_TRUST_NAME_CONSTRAINTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "holdfast/core/trust/general_name.h"

namespace holdfast {

// A view, as the names in it.
struct NameConstraints {
  // nullopt if `extension` is not well-formed: also if it holds a constraint
  // that cannot be told from a mistake, such as an address with a mask that
  // has gaps.
  static std::optional<NameConstraints> Parse(absl::string_view extension);

  std::vector<GeneralName> permitted;
  std::vector<GeneralName> excluded;
  bool critical = false;
};

// What CheckName() found.
enum class NameVerdict {
  kPermitted,
  kNotPermitted,
  // The name or the constraint is of a kind that we cannot compare.
  kUnknownKind,
  kTooManyComparisons,
};

// Whether `constraints` let `name` stand. Each comparison takes one off
// `*comparisons`, one of long names more; below 0 it ends with
// kTooManyComparisons.
NameVerdict CheckName(const NameConstraints& constraints,
                      const GeneralName& name, int64_t* comparisons);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_NAME_CONSTRAINTS_H_
