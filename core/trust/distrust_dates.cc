#include "holdfast/core/trust/distrust_dates.h"

#include <cstdint>
#include <string>

#include "absl/strings/escaping.h"
#include "holdfast/core/trust/signature.h"

namespace holdfast {
namespace {

struct DatedRoot {
  absl::string_view sha256;  // of the certificate, in hex
  int64_t distrust_after;    // in seconds since 1970
};
constexpr DatedRoot kDatedRoots[] = {
    {"6dc47172e01cbcb0bf62580d895fe2b8ac9ad4f873801e0c10b9c837d21eb177",
     1733011199},  // 2024-11-30T23:59:59Z, Entrust.net Premium 2048 Secure
                   // Server CA
    {"73c176434f1bc6d5adf45b0e76e727287c8de57616c1e6e6141a2b2cbc7d8e4c",
     1733011199},  // 2024-11-30T23:59:59Z, Entrust Root Certification Authority
    {"43df5774b03e7fef5fe40d931a7bedf1bb2e6b42738c4e6d3841103d3aa7f339",
     1733011199},  // 2024-11-30T23:59:59Z, Entrust Root Certification Authority
                   // - G2
    {"02ed0eb28c14da45165c566791700d6451d7fb56f0b2ab1d3b8eb070e56edff5",
     1733011199},  // 2024-11-30T23:59:59Z, Entrust Root Certification Authority
                   // - EC1
    {"0376ab1d54c5f9803ce4b2e201a0ee7eef7b57b636e8a93c9b8d4860c96f5fa7",
     1733011199},  // 2024-11-30T23:59:59Z, AffirmTrust Commercial
    {"0a81ec5a929777f145904af38d5d509f66b5e2c58fcdb531058b0e17f3f0b41b",
     1733011199},  // 2024-11-30T23:59:59Z, AffirmTrust Networking
    {"70a73f7f376b60074248904534b11482d5bf0e698ecc498df52577ebf2e93b9a",
     1733011199},  // 2024-11-30T23:59:59Z, AffirmTrust Premium
    {"bd71fdf6da97e4cf62d1647add2581b07d79adf8397eb4ecba9c5e8488821423",
     1733011199},  // 2024-11-30T23:59:59Z, AffirmTrust Premium ECC
    {"c0a6f4dc63a24bfdcf54ef2a6a082a0a72de35803e2ff5ff527ae5d87206dfd5",
     1744761599},  // 2025-04-15T23:59:59Z, ePKI Root Certification Authority
    {"9a296a5182d1d451a2e37f439b74daafa267523329f90f9a0d2007c334e23c9a",
     1719705600},  // 2024-06-30T00:00:00Z, GLOBALTRUST 2020
    {"d40e9c86cd8fe468c1776959f49ea774fa548684b6c406f3909261f4dce2575c",
     1669766400},  // 2022-11-30T00:00:00Z, TrustCor RootCert CA-1
    {"0753e940378c1bd5e3836e395daea5cb839e5046f1bd0eae1951cf10fec7c965",
     1669766400},  // 2022-11-30T00:00:00Z, TrustCor RootCert CA-2
    {"5a885db19c01d912c5759388938cafbbdf031ab2d48e91ee15589b42971d039c",
     1669766400},  // 2022-11-30T00:00:00Z, TrustCor ECA-1
};

}  // namespace

std::optional<absl::Time> KnownDistrustDate(absl::string_view der) {
  const std::string sha256 = absl::BytesToHexString(Sha256(der));
  for (const DatedRoot& root : kDatedRoots) {
    if (root.sha256 == sha256) {
      return absl::FromUnixSeconds(root.distrust_after);
    }
  }
  return std::nullopt;
}

}  // namespace holdfast
