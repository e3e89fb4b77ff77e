// Certificates and stapled responses, as a server may send them: the input is a
// list of parts, each with its length in two bytes before it. The first is an
// anchor as well.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "holdfast/core/trust/chain_verification.h"

namespace holdfast {
namespace {

std::vector<std::string> Parts(absl::string_view input) {
  std::vector<std::string> parts;
  while (input.size() >= 2) {
    const size_t size =
        static_cast<uint8_t>(input[0]) << 8 | static_cast<uint8_t>(input[1]);
    input.remove_prefix(2);
    parts.emplace_back(input.substr(0, size));
    input.remove_prefix(parts.back().size());
  }
  return parts;
}

}  // namespace
}  // namespace holdfast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holdfast;
  static const auto* const runtime =
      new std::shared_ptr<NssRuntime>(*NssRuntime::Start());
  std::vector<std::string> parts =
      Parts({reinterpret_cast<const char*>(data), size});
  if (parts.empty()) return 0;
  Anchors anchors;
  anchors.AddAuthority(parts.front());
  parts.erase(parts.begin());
  for (const std::string& part : parts) {
    (void)ReadCertificate(**runtime, part);
  }
  for (const char* name : {"example.com", "192.0.2.1"}) {
    ChainVerification verification(
        ServerCertificates{parts, parts, *Host::Parse(name),
                           absl::FromUnixSeconds(1764547200)},
        &anchors, /*has_own_authorities=*/true, /*memory=*/nullptr);
    while (!verification.Continue()) continue;
  }
  return 0;
}
