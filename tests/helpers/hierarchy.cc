#include "holdfast/tests/helpers/hierarchy.h"

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace holdfast::test {
namespace {

std::vector<std::pair<std::string, std::string>> Attributes(
    const std::string& name) {
  std::vector<std::pair<std::string, std::string>> attributes;
  for (absl::string_view part : absl::StrSplit(name, ',', absl::SkipEmpty())) {
    attributes.push_back(absl::StrSplit(part, absl::MaxSplits('=', 1)));
  }
  return attributes;
}

std::string BasicConstraints(const CertificatePlan& plan) {
  return absl::StrCat(
      plan.critical_basic_constraints ? "critical," : "",
      *plan.is_authority ? "CA:TRUE" : "CA:FALSE",
      plan.path_length ? absl::StrCat(",pathlen:", *plan.path_length) : "");
}

CertificateSpec SpecOf(const CertificatePlan& plan, const KeyPool& keys) {
  CertificateSpec spec;
  spec.subject = Attributes(plan.subject);
  spec.issuer = Attributes(plan.issuer);
  spec.serial = static_cast<uint64_t>(plan.id) + 1000;
  spec.version = plan.version;
  spec.not_before = plan.not_before;
  spec.not_after = plan.not_after;
  spec.key = keys.Get(plan.key);
  spec.signer = keys.Get(plan.signer);
  spec.hash = plan.hash;
  spec.outer_hash = plan.outer_hash;
  if (plan.version < 3) return spec;
  auto& extensions = spec.extensions;
  if (plan.is_authority) {
    extensions.push_back({"basicConstraints", BasicConstraints(plan)});
  }
  if (plan.key_identifiers) {
    extensions.push_back({"subjectKeyIdentifier", "hash"});
    extensions.push_back(AuthorityKeyIdentifier(keys.Identifier(plan.signer)));
  }
  if (!plan.key_usage.empty()) {
    extensions.push_back({"keyUsage", "critical," + plan.key_usage});
  }
  if (!plan.uses.empty()) {
    extensions.push_back({"extendedKeyUsage", absl::StrJoin(plan.uses, ",")});
  }
  if (!plan.names.empty()) extensions.push_back(SubjectAltName(plan.names));
  if (plan.constraints) {
    extensions.push_back(NameConstraints(plan.constraints->permitted,
                                         plan.constraints->excluded,
                                         plan.constraints->critical));
  }
  extensions.insert(extensions.end(), plan.more.begin(), plan.more.end());
  return spec;
}

std::string Text(const GeneralName& name) {
  switch (name.kind) {
    case GeneralName::Kind::kDns:
      return "DNS:" + name.value;
    case GeneralName::Kind::kEmail:
      return "email:" + name.value;
    case GeneralName::Kind::kUri:
      return "URI:" + name.value;
    case GeneralName::Kind::kAddress:
      return absl::StrCat("IP:", absl::BytesToHexString(name.value));
    case GeneralName::Kind::kDirectory:
      return absl::StrCat("directory:", name.value);
    case GeneralName::Kind::kOther:
      return "other:" + name.value;
  }
  return "";
}

std::string Text(const std::vector<GeneralName>& names) {
  return absl::StrJoin(names, " ", [](std::string* out, const auto& name) {
    absl::StrAppend(out, Text(name));
  });
}

std::string Text(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%S", time, absl::UTCTimeZone());
}

std::string Text(const CertificatePlan& plan) {
  std::string text = absl::StrCat(
      "#", plan.id, " ", plan.what, ": ", plan.subject, ", key ", plan.key,
      "; by ", plan.issuer, ", key ", plan.signer, "; v", plan.version, ", ",
      Text(plan.not_before), " to ", Text(plan.not_after), ", ", plan.hash);
  if (!plan.outer_hash.empty()) {
    absl::StrAppend(&text, ", outside ", plan.outer_hash);
  }
  if (plan.is_authority) {
    absl::StrAppend(&text, ", ", BasicConstraints(plan));
  }
  absl::StrAppend(&text, ", usage [", plan.key_usage, "], extended [",
                  absl::StrJoin(plan.uses, ","), "]");
  if (!plan.names.empty()) absl::StrAppend(&text, ", names ", Text(plan.names));
  if (plan.constraints) {
    absl::StrAppend(&text, ", permitted [", Text(plan.constraints->permitted),
                    "] excluded [", Text(plan.constraints->excluded), "]",
                    plan.constraints->critical ? " critical" : "");
  }
  if (!plan.key_identifiers) absl::StrAppend(&text, ", no key identifiers");
  for (const auto& [name, value] : plan.more) {
    absl::StrAppend(&text, ", ", name, "=", value);
  }
  return text;
}

}  // namespace

KeyPool::KeyPool() {
  for (int key = 0; key < kEnd; ++key) {
    keys_.push_back(MakeKey(key < kRsa2048   ? "P-256"
                            : key < kP384    ? "RSA:2048"
                            : key < kP521    ? "P-384"
                            : key < kRsa1024 ? "P-521"
                                             : "RSA:1024"));
    identifiers_.push_back(KeyIdentifier(keys_.back()));
  }
}

BuiltHierarchy Build(const Hierarchy& hierarchy, const KeyPool& keys) {
  std::map<int, std::string> made;
  const auto build = [&](const CertificatePlan& plan) {
    auto [it, is_new] = made.try_emplace(plan.id);
    if (is_new) it->second = MakeCertificate(SpecOf(plan, keys)).der;
    return it->second;
  };
  BuiltHierarchy built;
  for (const auto& plan : hierarchy.anchors) {
    built.anchors.push_back(build(plan));
  }
  for (const auto& plan : hierarchy.chain) built.chain.push_back(build(plan));
  return built;
}

std::string Describe(const Hierarchy& hierarchy) {
  std::string text =
      absl::StrCat("for ", hierarchy.host, " at ", Text(hierarchy.now), "; ",
                   absl::StrJoin(hierarchy.features, ", "));
  for (const auto& plan : hierarchy.anchors) {
    absl::StrAppend(&text, "\n  anchor ", Text(plan));
  }
  for (const auto& plan : hierarchy.chain) {
    absl::StrAppend(&text, "\n  sent ", Text(plan));
  }
  return text;
}

}  // namespace holdfast::test
