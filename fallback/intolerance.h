// The list: what a failed handshake means.
//
// A whitelist (promise 4): whatever is not on it is reported, not retried.
// Judge() is pure; the evidence comes from core.

#ifndef HOLDFAST_FALLBACK_INTOLERANCE_H_
#define HOLDFAST_FALLBACK_INTOLERANCE_H_

#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/base/error.h"
#include "holdfast/core/base/tls_version.h"
#include "holdfast/core/tls/handshake_evidence.h"

namespace holdfast {

// What a failure says about the offer, and so what may be tried next.
enum class FailureClass {
  // Intolerance, all before a ServerHello was accepted.
  kVersionRefused,  // alert protocol_version
  kHelloRefused,    // another alert that blames the hello
  kAlpnRefused,     // alert no_application_protocol
  kDropped,         // FIN or RST; may be a passing failure
  kSilent,          // no byte; may be a passing failure
  // Everything else.
  kTooOld,            // the server chose a version below the floor
  kDowngradeRefused,  // the server, or its random, says that it can do better
  kInterrupted,       // FIN or RST after a ServerHello, or through a proxy
  kFinal,             // nothing that another offer could mend
};

// True for the classes that a smaller offer may mend.
bool IsIntolerance(FailureClass failure);
// True for those that may as well be a passing fault of server or network.
bool IsAmbiguous(FailureClass failure);

struct Verdict {
  FailureClass failure;
  Error error;
};

// Judges a handshake that failed under an offer of `offered`. `evidence` is
// from the initial handshake of a connection whose TCP was up and, with
// kStartTls, whose STARTTLS command was answered positively.
Verdict Judge(const HandshakeEvidence& evidence, const TlsVersionRange& offered,
              ConnectionSecurity security);

// Judges a failed read of the first application bytes. In TLS 1.3 the client
// is done before the server has judged the client's certificate: its refusal
// shows only here.
Verdict JudgeFirstRead(const Error& error);

}  // namespace holdfast

#endif  // HOLDFAST_FALLBACK_INTOLERANCE_H_
