// Feeds arbitrary lines to each negotiator: whatever a server says, nothing but
// the way to TLS is sent in clear, and no connection is ready in clear.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>

#include "absl/strings/match.h"
#include "holdfast/core/base/line_buffer.h"
#include "holdfast/protocols/dialogue/negotiator.h"

namespace holdfast {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

bool MaySendInClear(absl::string_view command) {
  return command.empty() || command == "hf1 STARTTLS\r\n" ||
         command == "STLS\r\n" || command == "STARTTLS\r\n" ||
         command == "EHLO [127.0.0.1]\r\n";
}

void CheckStep(const Negotiator& negotiator, const Step& step, bool in_clear) {
  Check((step.kind == Step::Kind::kFailed) == step.error.has_value());
  Check(step.send.empty() || (step.kind == Step::Kind::kContinue &&
                              absl::EndsWith(step.send, "\r\n")));
  if (!in_clear) return Check(step.kind != Step::Kind::kStartTls);
  Check(MaySendInClear(step.send));
  Check(step.kind != Step::Kind::kReady);
  Check(negotiator.capabilities().empty());
}

void Converse(Negotiator* negotiator, LineBuffer* lines, bool in_clear) {
  Step step = negotiator->Start();
  while (step.kind != Step::Kind::kFailed && step.kind != Step::Kind::kReady) {
    CheckStep(*negotiator, step, in_clear);
    if (step.kind == Step::Kind::kStartTls) {
      in_clear = false;
      step = negotiator->OnTlsEstablished();
      continue;
    }
    const std::optional<std::string> line = lines->TakeLine();
    if (!line) return;
    step = negotiator->OnLine(*line);
  }
  CheckStep(*negotiator, step, in_clear);
  Check(!negotiator->FarewellCommand().empty());
  while (const std::optional<std::string> line = lines->TakeLine()) {
    negotiator->EndsFarewell(*line);
  }
}

}  // namespace
}  // namespace holdfast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holdfast;
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  for (const ProtocolInfo& protocol : AllProtocols()) {
    for (const ConnectionSecurity security :
         {ConnectionSecurity::kImplicitTls, ConnectionSecurity::kStartTls}) {
      LineBuffer lines;
      if (!lines.Append(input).ok()) return 0;
      Converse(NewNegotiator(protocol.protocol, security).get(), &lines,
               security == ConnectionSecurity::kStartTls);
    }
  }
  return 0;
}
