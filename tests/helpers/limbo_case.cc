#include "holdfast/tests/helpers/limbo_case.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "holdfast/core/trust/pem.h"

namespace holdfast::test {
namespace {

using Json = nlohmann::json;

absl::Status BadCase(const LimboCase& it, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(it.id, ": ", what));
}

// Adds the certificates of `pem` to `certificates`; false if one is damaged.
bool Append(const std::string& pem, std::vector<std::string>* certificates) {
  std::optional<std::vector<std::string>> ders = ParsePem(pem, "CERTIFICATE");
  if (!ders) return false;
  certificates->insert(certificates->end(), ders->begin(), ders->end());
  return true;
}

LimboSkip SkipOf(const Json& json) {
  if (json.at("validation_kind") != "SERVER") return LimboSkip::kClient;
  if (!json.at("crls").empty()) return LimboSkip::kCrl;
  const Json& depth = json.at("max_chain_depth");
  if (!depth.is_null() &&
      depth.get<size_t>() < json.at("untrusted_intermediates").size()) {
    return LimboSkip::kChainDepth;
  }
  return json.at("expected_peer_name").is_null() ? LimboSkip::kNoName
                                                 : LimboSkip::kNone;
}

absl::StatusOr<LimboCase> CaseOf(const Json& json) {
  LimboCase it;
  it.id = json.at("id").get<std::string>();
  it.skip = SkipOf(json);
  it.expect_accepted = json.at("expected_result") == "SUCCESS";
  for (const Json& pem : json.at("trusted_certs")) {
    if (!Append(pem.get<std::string>(), &it.anchors)) {
      return BadCase(it, "trusted_certs is not PEM");
    }
  }
  if (!Append(json.at("peer_certificate").get<std::string>(), &it.chain)) {
    return BadCase(it, "peer_certificate is not PEM");
  }
  for (const Json& pem : json.at("untrusted_intermediates")) {
    if (!Append(pem.get<std::string>(), &it.chain)) {
      return BadCase(it, "untrusted_intermediates is not PEM");
    }
  }
  it.now = absl::Now();
  const Json& time = json.at("validation_time");
  std::string error;
  if (!time.is_null() &&
      !absl::ParseTime(absl::RFC3339_full, time.get<std::string>(), &it.now,
                       &error)) {
    return BadCase(it, error);
  }
  const Json& name = json.at("expected_peer_name");
  if (!name.is_null()) it.host = name.at("value").get<std::string>();
  return it;
}

}  // namespace

absl::StatusOr<std::vector<LimboCase>> ReadLimboCases(const std::string& path) {
  std::ifstream file(path);
  const Json json = Json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not JSON"));
  }
  std::vector<LimboCase> cases;
  try {
    for (const Json& entry : json.at("testcases")) {
      absl::StatusOr<LimboCase> it = CaseOf(entry);
      if (!it.ok()) return it.status();
      cases.push_back(*std::move(it));
    }
  } catch (const Json::exception& exception) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", exception.what()));
  }
  return cases;
}

}  // namespace holdfast::test
