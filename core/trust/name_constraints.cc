#include "holdfast/core/trust/name_constraints.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "holdfast/core/trust/der_reader.h"
#include "holdfast/core/trust/object_id.h"

namespace holdfast {
namespace {

// The letters, digits and hyphens of a host name; a "_" is met in the field.
bool IsDnsName(absl::string_view name, bool may_have_wildcard) {
  if (may_have_wildcard) absl::ConsumePrefix(&name, "*.");
  if (name.empty() || name.size() > 253) return false;
  size_t label = 0;
  for (const char c : name) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
    } else if (absl::ascii_isalnum(c) || c == '-' || c == '_') {
      if (++label > 63) return false;
    } else {
      return false;
    }
  }
  return label > 0;
}

// `name` is `base` or below it.
bool IsWithin(absl::string_view name, absl::string_view base) {
  return absl::EqualsIgnoreCase(name, base) ||
         (name.size() > base.size() &&
          name[name.size() - base.size() - 1] == '.' &&
          absl::EndsWithIgnoreCase(name, base));
}

// An empty base holds every name; one with a leading dot, as many authorities
// have it, only names below.
bool DnsIsWithin(absl::string_view name, absl::string_view base) {
  if (base.empty()) return true;
  if (base[0] == '.') return absl::EndsWithIgnoreCase(name, base);
  return IsWithin(name, base);
}

// Some of the names that `name` stands for, if it has a wildcard, are within.
bool DnsReaches(absl::string_view name, absl::string_view base) {
  if (DnsIsWithin(name, base)) return true;
  if (!absl::ConsumePrefix(&name, "*.")) return false;
  absl::ConsumePrefix(&base, ".");
  const size_t dot = base.find('.');
  return dot != absl::string_view::npos &&
         absl::EqualsIgnoreCase(base.substr(dot + 1), name);
}

bool IsEmailName(absl::string_view name) {
  const size_t at = name.rfind('@');
  return at != absl::string_view::npos && at > 0 &&
         IsDnsName(name.substr(at + 1), /*may_have_wildcard=*/false);
}

// A mailbox, all of a host, or with a leading dot all of the hosts below
// (4.2.1.10). The local part is compared as it stands.
bool EmailIsWithin(absl::string_view name, absl::string_view base) {
  const size_t at = name.rfind('@');
  const absl::string_view host = name.substr(at + 1);
  const size_t base_at = base.rfind('@');
  if (base_at != absl::string_view::npos) {
    return name.substr(0, at) == base.substr(0, base_at) &&
           absl::EqualsIgnoreCase(host, base.substr(base_at + 1));
  }
  if (!base.empty() && base[0] == '.') {
    return absl::EndsWithIgnoreCase(host, base);
  }
  return absl::EqualsIgnoreCase(host, base);
}

// `base` is an address and its mask.
bool AddressIsWithin(absl::string_view address, absl::string_view base) {
  if (base.size() != 2 * address.size()) return false;
  for (size_t i = 0; i < address.size(); ++i) {
    const char mask = base[address.size() + i];
    if (((address[i] ^ base[i]) & mask) != 0) return false;
  }
  return true;
}

bool IsMask(absl::string_view mask) {
  bool ended = false;
  for (const char c : mask) {
    for (unsigned bit = 0x80; bit != 0; bit >>= 1) {
      const bool set = (static_cast<unsigned char>(c) & bit) != 0;
      if (set && ended) return false;
      ended = ended || !set;
    }
  }
  return true;
}

bool IsText(DerTag tag) {
  return tag == kDerUtf8String || tag == kDerPrintableString ||
         tag == kDerIa5String || tag == kDerTeletexString;
}

// Equal but for case and the amount of white space (RFC 5280, 7.1).
bool EqualsAsText(absl::string_view a, absl::string_view b) {
  const auto next = [](absl::string_view* text) {
    // -1 at the end, ' ' for any run of spaces.
    if (text->empty()) return -1;
    if (text->front() != ' ') {
      const char c = absl::ascii_tolower(text->front());
      text->remove_prefix(1);
      return static_cast<int>(static_cast<unsigned char>(c));
    }
    while (absl::ConsumePrefix(text, " ")) continue;
    return text->empty() ? -1 : static_cast<int>(' ');
  };
  a = absl::StripAsciiWhitespace(a);
  b = absl::StripAsciiWhitespace(b);
  while (true) {
    const int from_a = next(&a);
    if (from_a != next(&b)) return false;
    if (from_a < 0) return true;
  }
}

bool SameAttribute(const NameAttribute& a, const NameAttribute& b) {
  if (a.type != b.type || a.begins_set != b.begins_set) return false;
  return IsText(a.tag) && IsText(b.tag) ? EqualsAsText(a.value, b.value)
                                        : a.tag == b.tag && a.value == b.value;
}

// `base` is the beginning of `name`, in whole sets.
bool DirectoryIsWithin(absl::string_view name_der, absl::string_view base_der) {
  const auto name = ReadName(name_der);
  const auto base = ReadName(base_der);
  return name && base && base->size() <= name->size() &&
         std::equal(base->begin(), base->end(), name->begin(), SameAttribute) &&
         (base->size() == name->size() || (*name)[base->size()].begins_set);
}

bool IsComparable(NameKind kind) {
  return kind == NameKind::kDns || kind == NameKind::kAddress ||
         kind == NameKind::kDirectory || kind == NameKind::kEmail;
}

// A name that is none is within nothing that permits, and within all that
// excludes.
bool IsNameOfItsKind(const GeneralName& name) {
  switch (name.kind) {
    case NameKind::kDns:
      return IsDnsName(name.value, /*may_have_wildcard=*/true);
    case NameKind::kEmail:
      return IsEmailName(name.value);
    case NameKind::kAddress:
      return name.value.size() == 4 || name.value.size() == 16;
    default:
      return true;  // a directory name was read with its form
  }
}

bool IsConstraint(const GeneralName& base) {
  absl::string_view value = base.value;
  switch (base.kind) {
    case NameKind::kDns:
      absl::ConsumePrefix(&value, ".");
      return base.value.empty() ||
             IsDnsName(value, /*may_have_wildcard=*/false);
    case NameKind::kEmail:
      absl::ConsumePrefix(&value, ".");
      return IsEmailName(value) ||
             IsDnsName(value, /*may_have_wildcard=*/false);
    case NameKind::kAddress:
      return (value.size() == 8 || value.size() == 32) &&
             IsMask(value.substr(value.size() / 2));
    default:
      return true;
  }
}

bool Matches(const GeneralName& name, const GeneralName& base, bool excludes) {
  switch (name.kind) {
    case NameKind::kDns:
      return excludes ? DnsReaches(name.value, base.value)
                      : DnsIsWithin(name.value, base.value);
    case NameKind::kEmail:
      return EmailIsWithin(name.value, base.value);
    case NameKind::kAddress:
      return AddressIsWithin(name.value, base.value);
    case NameKind::kDirectory:
      return DirectoryIsWithin(name.value, base.value);
    default:
      return excludes;
  }
}

// What a comparison costs beside one of short DNS names.
int64_t Cost(const GeneralName& name, const GeneralName& base) {
  const auto bytes =
      static_cast<int64_t>(name.value.size() + base.value.size());
  return name.kind == NameKind::kDirectory ? 20 + bytes / 4 : 1 + bytes / 64;
}

// GeneralSubtrees; false if they are malformed. That minimum or maximum are
// there is a mistake (4.2.1.10).
bool ReadSubtrees(absl::string_view list, std::vector<GeneralName>* subtrees) {
  DerReader reader(list);
  if (reader.done()) return false;
  while (!reader.done()) {
    DerReader subtree(reader.Take(kDerSequence));
    const auto base = TakeGeneralName(&subtree);
    if (!base || !subtree.complete() || !IsConstraint(*base)) return false;
    subtrees->push_back(*base);
  }
  return !reader.failed();
}

}  // namespace

std::optional<NameConstraints> NameConstraints::Parse(
    absl::string_view extension) {
  const auto content = ReadDer(extension, kDerSequence);
  if (!content || content->empty()) return std::nullopt;
  NameConstraints constraints;
  DerReader reader(*content);
  const auto permitted = reader.TakeIf(DerConstructedContext(0));
  const auto excluded = reader.TakeIf(DerConstructedContext(1));
  if (!reader.complete() ||
      (permitted && !ReadSubtrees(*permitted, &constraints.permitted)) ||
      (excluded && !ReadSubtrees(*excluded, &constraints.excluded))) {
    return std::nullopt;
  }
  return constraints;
}

NameVerdict CheckName(const NameConstraints& constraints,
                      const GeneralName& name, int64_t* comparisons) {
  const auto count = [&](const GeneralName& base) {
    *comparisons -= base.kind == name.kind ? Cost(name, base) : 1;
    return *comparisons >= 0;
  };
  const bool comparable = IsComparable(name.kind);
  const bool valid = comparable && IsNameOfItsKind(name);
  for (const GeneralName& base : constraints.excluded) {
    if (!count(base)) return NameVerdict::kTooManyComparisons;
    if (base.kind != name.kind) continue;
    if (!comparable) return NameVerdict::kUnknownKind;
    if (!valid || Matches(name, base, /*excludes=*/true)) {
      return NameVerdict::kNotPermitted;
    }
  }
  bool is_limited = false;
  for (const GeneralName& base : constraints.permitted) {
    if (!count(base)) return NameVerdict::kTooManyComparisons;
    if (base.kind != name.kind) continue;
    if (!comparable) return NameVerdict::kUnknownKind;
    if (valid && Matches(name, base, /*excludes=*/false)) {
      return NameVerdict::kPermitted;
    }
    is_limited = true;
  }
  return is_limited ? NameVerdict::kNotPermitted : NameVerdict::kPermitted;
}

}  // namespace holdfast
