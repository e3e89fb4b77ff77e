// What there is to know of an error code beyond its row in error_list.inc, for
// `holdfast explain` and docs/errors.md.

#ifndef HOLDFAST_CORE_BASE_ERROR_NOTE_H_
#define HOLDFAST_CORE_BASE_ERROR_NOTE_H_

#include "absl/strings/string_view.h"
#include "holdfast/core/base/error.h"

namespace holdfast {

// Whether the same may work without a change.
enum class Retry {
  kNo,        // not before something is changed
  kLater,     // it may pass
  kByItself,  // Holdfast has made other offers already
};
// "no", "later", "automatic".
absl::string_view RetryName(Retry retry);
absl::string_view RetryText(Retry retry);  // a sentence

enum class Fault {
  kServer,
  kNetwork,
  kServerOrNetwork,  // undecided
  kLocalPolicy,      // we refuse what others accept
  kUser,
  kMachine,  // the one that Holdfast runs on
  kHoldfast,
};
// "server", "network", "server_or_network", "local_policy", "user", "machine",
// "holdfast".
absl::string_view FaultName(Fault fault);
absl::string_view FaultText(Fault fault);  // "the server"

// All text is static.
struct ErrorNote {
  Retry retry;
  Fault fault;
  absl::string_view wire;  // what it looks like on the wire
  // Something to paste into a shell. In it stand for what was asked for:
  //   {target}         the target
  //   {standard}       its host and protocol, at the ports that are usual
  //   {starttls}       its host and port, by STARTTLS
  //   {implicit}       its host and port, by implicit TLS
  //   {implicit-port}  its host, by implicit TLS on the port for that
  //   {host}           its host
  //   {peer}           `openssl s_client` to it, for a look at its certificate
  absl::string_view command;
  absl::string_view security;  // what it means for security
};

const ErrorNote& GetErrorNote(ErrorCode code);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_BASE_ERROR_NOTE_H_
