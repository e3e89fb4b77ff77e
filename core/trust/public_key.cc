#include "holdfast/core/trust/public_key.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "holdfast/core/trust/der_reader.h"
#include "holdfast/core/trust/object_id.h"

namespace holdfast {
namespace {

constexpr int kMinRsaBits = 2048;
// Above that, one signature takes longer than we give a whole slice.
constexpr int kMaxRsaBits = 16384;
// What other libraries take; a larger one would make checks as slow as signing.
constexpr int kMaxExponentBits = 64;

constexpr absl::string_view kRsaEncryption =
    "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
constexpr absl::string_view kRsaPss = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
constexpr absl::string_view kMgf1 = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08";
constexpr absl::string_view kEcPublicKey = "\x2a\x86\x48\xce\x3d\x02\x01";
constexpr absl::string_view kEd25519 = "\x2b\x65\x70";

struct Curve {
  absl::string_view oid;
  KeyKind kind;
  int bits;
};
constexpr Curve kCurves[] = {
    {"\x2a\x86\x48\xce\x3d\x03\x01\x07", KeyKind::kP256, 256},
    {{"\x2b\x81\x04\x00\x22", 5}, KeyKind::kP384, 384},
    {{"\x2b\x81\x04\x00\x23", 5}, KeyKind::kP521, 521},
};

// The prefix of SHA-2's identifiers; a byte says which.
constexpr absl::string_view kSha2 = "\x60\x86\x48\x01\x65\x03\x04\x02";

struct SignatureAlgorithm {
  absl::string_view oid;
  SignatureKind kind;
  absl::string_view name;
};
constexpr SignatureAlgorithm kAlgorithms[] = {
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", SignatureKind::kRsaPkcs1,
     "RSA with SHA-256"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", SignatureKind::kRsaPkcs1,
     "RSA with SHA-384"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", SignatureKind::kRsaPkcs1,
     "RSA with SHA-512"},
    {"\x2a\x86\x48\xce\x3d\x04\x03\x02", SignatureKind::kEcdsa,
     "ECDSA with SHA-256"},
    {"\x2a\x86\x48\xce\x3d\x04\x03\x03", SignatureKind::kEcdsa,
     "ECDSA with SHA-384"},
    {"\x2a\x86\x48\xce\x3d\x04\x03\x04", SignatureKind::kEcdsa,
     "ECDSA with SHA-512"},
    {kEd25519, SignatureKind::kEd25519, "Ed25519"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x02", SignatureKind::kWeak,
     "RSA with MD2"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x03", SignatureKind::kWeak,
     "RSA with MD4"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", SignatureKind::kWeak,
     "RSA with MD5"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", SignatureKind::kWeak,
     "RSA with SHA-1"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e", SignatureKind::kWeak,
     "RSA with SHA-224"},
    {"\x2b\x0e\x03\x02\x1d", SignatureKind::kWeak, "RSA with SHA-1"},
    {"\x2a\x86\x48\xce\x3d\x04\x01", SignatureKind::kWeak, "ECDSA with SHA-1"},
    {"\x2a\x86\x48\xce\x3d\x04\x03\x01", SignatureKind::kWeak,
     "ECDSA with SHA-224"},
    {"\x2a\x86\x48\xce\x38\x04\x03", SignatureKind::kWeak, "DSA with SHA-1"},
};

int BitsOf(absl::string_view integer) {
  while (!integer.empty() && integer[0] == '\0') integer.remove_prefix(1);
  if (integer.empty()) return 0;
  int bits = static_cast<int>(integer.size()) * 8;
  for (unsigned top = static_cast<unsigned char>(integer[0]); top < 0x80;
       top <<= 1) {
    --bits;
  }
  return bits;
}

// RSAPublicKey (RFC 8017, A.1.1).
bool ReadRsaKey(absl::string_view key, PublicKeyInfo* info) {
  const auto content = ReadDer(key, kDerSequence);
  if (!content) return false;
  DerReader reader(*content);
  const absl::string_view modulus = reader.Take(kDerInteger);
  const absl::string_view exponent = reader.Take(kDerInteger);
  info->bits = BitsOf(modulus);
  info->exponent_bits = BitsOf(exponent);
  return reader.complete();
}

// The hash that an AlgorithmIdentifier names: "SHA-256"; empty if none of
// SHA-2's that we accept.
absl::string_view Sha2Name(absl::string_view algorithm) {
  DerReader reader(algorithm);
  const absl::string_view oid = reader.Take(kDerObjectId);
  if (reader.failed() || oid.size() != kSha2.size() + 1 ||
      oid.substr(0, kSha2.size()) != kSha2) {
    return "";
  }
  switch (oid.back()) {
    case 1:
      return "SHA-256";
    case 2:
      return "SHA-384";
    case 3:
      return "SHA-512";
    default:
      return "";
  }
}

// RSASSA-PSS-params (RFC 8017, A.2.3): the same hash in both places. What is
// left out is SHA-1.
SignatureInfo ReadPss(DerReader algorithm) {
  const SignatureInfo weak = {SignatureKind::kWeak, "RSASSA-PSS with SHA-1"};
  if (algorithm.done()) return weak;
  DerReader parameters(algorithm.Take(kDerSequence));
  const auto hash = parameters.TakeIf(DerConstructedContext(0));
  const auto mask = parameters.TakeIf(DerConstructedContext(1));
  if (algorithm.failed() || parameters.failed()) return {};
  if (!hash || !mask) return weak;
  const auto hash_algorithm = ReadDer(*hash, kDerSequence);
  const auto mask_algorithm = ReadDer(*mask, kDerSequence);
  if (!hash_algorithm || !mask_algorithm) return {};
  DerReader mask_reader(*mask_algorithm);
  const bool is_mgf1 = mask_reader.Take(kDerObjectId) == kMgf1;
  const absl::string_view name = Sha2Name(*hash_algorithm);
  const absl::string_view mask_name = Sha2Name(mask_reader.Take(kDerSequence));
  if (!is_mgf1 || name.empty() || name != mask_name) {
    return {SignatureKind::kWeak, "RSASSA-PSS with an unusual hash"};
  }
  return {SignatureKind::kRsaPss, absl::StrCat("RSASSA-PSS with ", name)};
}

}  // namespace

std::string PublicKeyInfo::Text() const {
  switch (kind) {
    case KeyKind::kRsa:
      return absl::StrCat("RSA, ", bits, " bits");
    case KeyKind::kRsaPss:
      return absl::StrCat("RSASSA-PSS, ", bits, " bits");
    case KeyKind::kP256:
      return "P-256";
    case KeyKind::kP384:
      return "P-384";
    case KeyKind::kP521:
      return "P-521";
    case KeyKind::kEd25519:
      return "Ed25519";
    case KeyKind::kOther:
      break;
  }
  return "of an unknown kind";
}

PublicKeyInfo ReadPublicKey(absl::string_view spki_der) {
  PublicKeyInfo info;
  DerReader reader(ReadDer(spki_der, kDerSequence).value_or(""));
  DerReader algorithm(reader.Take(kDerSequence));
  const absl::string_view oid = algorithm.Take(kDerObjectId);
  const auto key = WholeBytes(reader.Take(kDerBitString));
  if (!reader.complete() || algorithm.failed() || !key) return info;
  if (oid == kRsaEncryption || oid == kRsaPss) {
    if (ReadRsaKey(*key, &info)) {
      info.kind = oid == kRsaPss ? KeyKind::kRsaPss : KeyKind::kRsa;
    }
  } else if (oid == kEcPublicKey) {
    // Only curves by name (RFC 5480, 2.1.1).
    const absl::string_view curve = algorithm.Take(kDerObjectId);
    for (const Curve& known : kCurves) {
      if (known.oid != curve) continue;
      info.kind = known.kind;
      info.bits = known.bits;
    }
  } else if (oid == kEd25519 && algorithm.done()) {
    info.kind = KeyKind::kEd25519;
    info.bits = 256;
  }
  return info;
}

std::string WhyKeyIsWeak(const PublicKeyInfo& key) {
  switch (key.kind) {
    case KeyKind::kRsa:
    case KeyKind::kRsaPss:
      if (key.bits < kMinRsaBits) {
        return absl::StrCat("has ", key.bits, " bits; we accept no fewer than ",
                            kMinRsaBits);
      }
      if (key.bits > kMaxRsaBits) {
        return absl::StrCat("has ", key.bits, " bits; we accept no more than ",
                            kMaxRsaBits);
      }
      if (key.exponent_bits < 2 || key.exponent_bits > kMaxExponentBits) {
        return "has a public exponent that nobody should use";
      }
      return "";
    case KeyKind::kP256:
    case KeyKind::kP384:
    case KeyKind::kP521:
    case KeyKind::kEd25519:
      return "";
    case KeyKind::kOther:
      break;
  }
  return "is of a kind that we do not accept (RSA, P-256, P-384, P-521 and "
         "Ed25519 are)";
}

SignatureInfo ReadSignatureAlgorithm(absl::string_view algorithm_der) {
  DerReader reader(ReadDer(algorithm_der, kDerSequence).value_or(""));
  const absl::string_view oid = reader.Take(kDerObjectId);
  if (reader.failed()) return {};
  if (oid == kRsaPss) return ReadPss(reader);
  for (const SignatureAlgorithm& known : kAlgorithms) {
    if (known.oid == oid) return {known.kind, std::string(known.name)};
  }
  return {SignatureKind::kOther, ObjectIdText(oid)};
}

bool CanSign(KeyKind key, SignatureKind signature) {
  switch (signature) {
    case SignatureKind::kRsaPkcs1:
      return key == KeyKind::kRsa;
    case SignatureKind::kRsaPss:
      return key == KeyKind::kRsa || key == KeyKind::kRsaPss;
    case SignatureKind::kEcdsa:
      return key == KeyKind::kP256 || key == KeyKind::kP384 ||
             key == KeyKind::kP521;
    case SignatureKind::kEd25519:
      return key == KeyKind::kEd25519;
    case SignatureKind::kWeak:
    case SignatureKind::kOther:
      break;
  }
  return false;
}

int SignatureCost(const PublicKeyInfo& key) {
  switch (key.kind) {
    case KeyKind::kRsa:
    case KeyKind::kRsaPss:
      // The square of the size; 4096 bits are still cheaper than P-256.
      return std::max(1, key.bits / 4096 * (key.bits / 4096));
    case KeyKind::kP384:
      return 3;
    case KeyKind::kP521:
      return 6;
    case KeyKind::kP256:
    case KeyKind::kEd25519:
    case KeyKind::kOther:
      break;
  }
  return 1;
}

}  // namespace holdfast
