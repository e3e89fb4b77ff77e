// What kind of key a certificate has, and how it is signed: what of both we
// accept. Pure.

#ifndef HOLDFAST_CORE_TRUST_PUBLIC_KEY_H_
#define HOLDFAST_CORE_TRUST_PUBLIC_KEY_H_

#include <string>

#include "absl/strings/string_view.h"

namespace holdfast {

enum class KeyKind { kRsa, kRsaPss, kP256, kP384, kP521, kEd25519, kOther };

struct PublicKeyInfo {
  KeyKind kind = KeyKind::kOther;
  int bits = 0;           // 0 if unknown
  int exponent_bits = 0;  // of RSA

  // "RSA, 2048 bits", "P-256", "a key of an unknown kind".
  std::string Text() const;
};

// The key in a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7); kOther for one that
// cannot be read or that we do not know, such as a curve given by parameters.
PublicKeyInfo ReadPublicKey(absl::string_view spki_der);

// Why we do not accept it: a whole clause ("has 1024 bits; …"). Empty if we do.
std::string WhyKeyIsWeak(const PublicKeyInfo& key);

enum class SignatureKind {
  kRsaPkcs1,
  kRsaPss,
  kEcdsa,
  kEd25519,
  // SHA-1, MD5 and their like: we refuse it whether it is right or not.
  kWeak,
  kOther,  // unknown, or with parameters that are not as they must be
};

struct SignatureInfo {
  SignatureKind kind = SignatureKind::kOther;
  std::string name;  // "RSA with SHA-256"; of one unknown, its OID
};

// What an AlgorithmIdentifier says.
SignatureInfo ReadSignatureAlgorithm(absl::string_view algorithm_der);

// A key of this kind can have made such a signature.
bool CanSign(KeyKind key, SignatureKind signature);

// What it costs to check one signature with such a key, in units of an RSA key
// of 2048 bits or one on P-256.
int SignatureCost(const PublicKeyInfo& key);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_PUBLIC_KEY_H_
