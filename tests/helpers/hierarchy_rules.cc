// IsAcceptable(): the rules of RFC 5280 and of docs/trust.md, the plain way.

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "holdfast/tests/helpers/hierarchy.h"

namespace holdfast::test {
namespace {

using Kind = GeneralName::Kind;
// From the leaf to the anchor. An anchor that was sent too is the anchor.
using Path = std::vector<const CertificatePlan*>;

bool IsSelfIssued(const CertificatePlan& plan) {
  return plan.subject == plan.issuer;
}

bool AllowsServers(const CertificatePlan& plan) {
  return plan.uses.empty() ||
         std::any_of(plan.uses.begin(), plan.uses.end(), [](const auto& use) {
           return use == "serverAuth" || use == "anyExtendedKeyUsage";
         });
}

bool HasUnknownCriticalOrRepeated(const CertificatePlan& plan) {
  std::vector<std::string> seen = {"keyUsage", "subjectAltName"};
  for (const auto& [name, value] : plan.more) {
    if (absl::StartsWith(value, "critical") ||
        std::count(seen.begin(), seen.end(), name) > 0) {
      return true;
    }
    seen.push_back(name);
  }
  return false;
}

// What holds for every certificate wherever it stands.
bool IsSound(const CertificatePlan& plan, absl::Time now) {
  return now >= plan.not_before && now <= plan.not_after &&
         (plan.outer_hash.empty() || plan.outer_hash == plan.hash) &&
         plan.key != KeyPool::kRsa1024 && !HasUnknownCriticalOrRepeated(plan) &&
         AllowsServers(plan);
}

bool MayIssue(const CertificatePlan& plan, bool is_anchor) {
  if (plan.version < 3) return is_anchor && IsSelfIssued(plan);
  return plan.is_authority.value_or(false) &&
         (plan.key_usage.empty() ||
          absl::StrContains(plan.key_usage, "keyCertSign"));
}

bool IsSignedBy(const CertificatePlan& issued, const CertificatePlan& issuer) {
  return issued.issuer == issuer.subject && issued.signer == issuer.key &&
         issued.hash != "SHA1";
}

bool DnsIsWithin(std::string name, std::string tree) {
  name = absl::AsciiStrToLower(name);
  tree = absl::AsciiStrToLower(tree);
  return tree.empty() || name == tree ||
         absl::EndsWith(name, absl::StartsWith(tree, ".") ? tree : "." + tree);
}

bool EmailIsWithin(const std::string& name, const std::string& tree) {
  const size_t at = name.rfind('@');
  const std::string host = absl::AsciiStrToLower(name.substr(at + 1));
  const size_t tree_at = tree.rfind('@');
  const std::string tree_host = absl::AsciiStrToLower(
      tree_at == std::string::npos ? tree : tree.substr(tree_at + 1));
  if (tree_at != std::string::npos) {
    return name.substr(0, at) == tree.substr(0, tree_at) && host == tree_host;
  }
  return absl::StartsWith(tree, ".") ? absl::EndsWith(host, tree_host)
                                     : host == tree_host;
}

bool AddressIsWithin(const std::string& name, const std::string& tree) {
  if (tree.size() != 2 * name.size()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    if ((name[i] & tree[name.size() + i]) !=
        (tree[i] & tree[name.size() + i])) {
      return false;
    }
  }
  return true;
}

bool DirectoryIsWithin(const std::string& name, const std::string& tree) {
  return name == tree || absl::StartsWith(name, tree + ",");
}

bool IsWithin(const GeneralName& name, const GeneralName& tree) {
  switch (name.kind) {
    case Kind::kDns:
      return DnsIsWithin(name.value, tree.value);
    case Kind::kEmail:
      return EmailIsWithin(name.value, tree.value);
    case Kind::kAddress:
      return AddressIsWithin(name.value, tree.value);
    case Kind::kDirectory:
      return DirectoryIsWithin(name.value, tree.value);
    case Kind::kUri:
    case Kind::kOther:
      break;
  }
  return false;
}

// A wildcard stands for names that the tree may hold.
bool MayBeWithin(const GeneralName& name, const GeneralName& tree) {
  absl::string_view rest = name.value;
  return IsWithin(name, tree) ||
         (name.kind == Kind::kDns && absl::ConsumePrefix(&rest, "*.") &&
          absl::EndsWithIgnoreCase(tree.value, absl::StrCat(".", rest)));
}

bool IsPermitted(const GeneralName& name, const ConstraintsPlan& constraints) {
  const auto of_kind = [&name](const std::vector<GeneralName>& trees) {
    std::vector<GeneralName> some;
    for (const auto& tree : trees) {
      if (tree.kind == name.kind) some.push_back(tree);
    }
    return some;
  };
  const std::vector<GeneralName> permitted = of_kind(constraints.permitted);
  const std::vector<GeneralName> excluded = of_kind(constraints.excluded);
  if (name.kind == Kind::kUri || name.kind == Kind::kOther) {
    return !constraints.critical || (permitted.empty() && excluded.empty());
  }
  return std::none_of(
             excluded.begin(), excluded.end(),
             [&](const auto& tree) { return MayBeWithin(name, tree); }) &&
         (permitted.empty() ||
          std::any_of(permitted.begin(), permitted.end(),
                      [&](const auto& tree) { return IsWithin(name, tree); }));
}

bool NamesArePermitted(const CertificatePlan& plan,
                       const ConstraintsPlan& constraints) {
  std::vector<GeneralName> names = plan.names;
  if (!plan.subject.empty()) names.push_back({Kind::kDirectory, plan.subject});
  return std::all_of(names.begin(), names.end(), [&](const auto& name) {
    return IsPermitted(name, constraints);
  });
}

bool ConstraintsHold(const Path& path) {
  for (size_t above = 1; above < path.size(); ++above) {
    if (!path[above]->constraints) continue;
    for (size_t below = 0; below < above; ++below) {
      // RFC 5280, 6.1.3: unless it is the last of the path.
      if (below > 0 && IsSelfIssued(*path[below])) continue;
      if (!NamesArePermitted(*path[below], *path[above]->constraints)) {
        return false;
      }
    }
  }
  return true;
}

bool LengthsHold(const Path& path) {
  int authorities = 0;
  for (size_t i = 1; i < path.size(); ++i) {
    if (path[i]->path_length.value_or(authorities) < authorities) return false;
    if (!IsSelfIssued(*path[i])) ++authorities;
  }
  return true;
}

bool Matches(const GeneralName& name, const std::string& host) {
  const bool is_address =
      host.find_first_not_of("0123456789.") == std::string::npos;
  if (is_address) {
    return name.kind == Kind::kAddress && name.value == AddressBytes(host);
  }
  if (name.kind != Kind::kDns) return false;
  absl::string_view rest = name.value;
  if (!absl::ConsumePrefix(&rest, "*.")) {
    return absl::EqualsIgnoreCase(rest, host);
  }
  return absl::StrContains(rest, '.') &&
         absl::EqualsIgnoreCase(rest, host.substr(host.find('.') + 1));
}

bool LeafIsSound(const Hierarchy& hierarchy) {
  const CertificatePlan& leaf = hierarchy.chain.front();
  return leaf.version == 3 && IsSound(leaf, hierarchy.now) &&
         std::any_of(leaf.names.begin(), leaf.names.end(), [&](const auto& it) {
           return Matches(it, hierarchy.host);
         });
}

bool EndsWell(const Path& path) {
  return LengthsHold(path) && ConstraintsHold(path);
}

bool Contains(const Path& path, const CertificatePlan& plan) {
  return std::any_of(path.begin(), path.end(),
                     [&plan](const auto* it) { return it->id == plan.id; });
}

// Whether some way on from the end of `path` is good.
bool LeadsToAnAnchor(const Hierarchy& hierarchy, Path* path) {
  const auto good = [&](const CertificatePlan& issuer, bool is_anchor) {
    return !Contains(*path, issuer) && IsSignedBy(*path->back(), issuer) &&
           IsSound(issuer, hierarchy.now) && MayIssue(issuer, is_anchor);
  };
  for (const CertificatePlan& anchor : hierarchy.anchors) {
    if (!good(anchor, /*is_anchor=*/true)) continue;
    path->push_back(&anchor);
    const bool ends_well = EndsWell(*path);
    path->pop_back();
    if (ends_well) return true;
  }
  for (const CertificatePlan& issuer : hierarchy.chain) {
    if (!good(issuer, /*is_anchor=*/false)) continue;
    path->push_back(&issuer);
    const bool leads = LeadsToAnAnchor(hierarchy, path);
    path->pop_back();
    if (leads) return true;
  }
  return false;
}

}  // namespace

bool IsAcceptable(const Hierarchy& hierarchy) {
  if (!LeafIsSound(hierarchy)) return false;
  const CertificatePlan& leaf = hierarchy.chain.front();
  for (const CertificatePlan& anchor : hierarchy.anchors) {
    if (anchor.id == leaf.id) return true;
  }
  Path path = {&leaf};
  return LeadsToAnAnchor(hierarchy, &path);
}

}  // namespace holdfast::test
