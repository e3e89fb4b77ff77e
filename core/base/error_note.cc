#include "holdfast/core/base/error_note.h"

namespace holdfast {

const ErrorNote& GetErrorNote(ErrorCode code) {
  // Without a default, so that the compiler names the code without an entry.
  switch (code) {
#define HOLDFAST_ERROR_NOTE(enumerator, retry, fault, wire, command, security) \
  case ErrorCode::enumerator: {                                                \
    static constexpr ErrorNote kNote = {Retry::retry, Fault::fault, wire,      \
                                        command, security};                    \
    return kNote;                                                              \
  }
#include "holdfast/core/base/error_notes.inc"
#undef HOLDFAST_ERROR_NOTE
  }
  return GetErrorNote(ErrorCode::kInternal);  // as GetErrorInfo()
}

absl::string_view RetryName(Retry retry) {
  switch (retry) {
    case Retry::kNo:
      return "no";
    case Retry::kLater:
      return "later";
    case Retry::kByItself:
      return "automatic";
  }
  return "";
}

absl::string_view RetryText(Retry retry) {
  switch (retry) {
    case Retry::kNo:
      return "No: something has to be changed first.";
    case Retry::kLater:
      return "Yes, later: it may pass.";
    case Retry::kByItself:
      return "Holdfast retries by itself, as far as that is safe; once "
             "reported, something has to be changed.";
  }
  return "";
}

absl::string_view FaultName(Fault fault) {
  switch (fault) {
    case Fault::kServer:
      return "server";
    case Fault::kNetwork:
      return "network";
    case Fault::kServerOrNetwork:
      return "server_or_network";
    case Fault::kLocalPolicy:
      return "local_policy";
    case Fault::kUser:
      return "user";
    case Fault::kMachine:
      return "machine";
    case Fault::kHoldfast:
      return "holdfast";
  }
  return "";
}

absl::string_view FaultText(Fault fault) {
  switch (fault) {
    case Fault::kServer:
      return "the server";
    case Fault::kNetwork:
      return "the network";
    case Fault::kServerOrNetwork:
      return "the server, or something on the way; we cannot tell";
    case Fault::kLocalPolicy:
      return "our own policy: the server would have gone on, we refuse it";
    case Fault::kUser:
      return "what was asked for";
    case Fault::kMachine:
      return "this machine";
    case Fault::kHoldfast:
      return "Holdfast itself";
  }
  return "";
}

}  // namespace holdfast
