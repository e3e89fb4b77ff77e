#include "holdfast/tests/helpers/hostile.h"

#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "holdfast/tests/helpers/certificate_maker.h"

namespace holdfast::test {
namespace {

// `text`, each of its lines with ` words` at the end, and at the end of IMAP's
// list of capabilities. A lone dot ends a list.
std::string SpoilLines(const std::string& text, const std::string& words) {
  std::string spoilt;
  for (absl::string_view line : absl::StrSplit(text, "\r\n")) {
    if (line.empty()) continue;
    absl::StrAppend(
        &spoilt,
        absl::StartsWith(line, "* OK [CAPABILITY")
            ? absl::StrReplaceAll(line, {{"]", absl::StrCat(" ", words, "]")}})
            : std::string(line),
        line == "." ? "" : " ", line == "." ? "" : words, "\r\n");
  }
  return spoilt;
}

void SpoilPhase(lab::Phase* phase, const std::string& words) {
  const auto spoil = [&words](lab::Reply* reply) {
    reply->text = SpoilLines(reply->text, words);
  };
  spoil(&phase->greeting);
  for (lab::Command& command : phase->commands) spoil(&command.reply);
  spoil(&phase->unknown);
}

// DER, where everything is shorter than 128 bytes, or 64 KiB (X.690, 8.1.3).
std::string Der(unsigned char tag, absl::string_view content) {
  const auto byte = [](size_t value) { return static_cast<char>(value); };
  std::string der = {static_cast<char>(tag)};
  if (content.size() < 128) {
    der += byte(content.size());
  } else {
    der += {'\x82', byte(content.size() >> 8), byte(content.size() & 0xff)};
  }
  return absl::StrCat(der, content);
}

// subjectAltName as OpenSSL's configuration takes any bytes.
std::string AlternativeNames(absl::string_view dns_name, bool for_localhost) {
  constexpr unsigned char kDns = 0x82, kAddress = 0x87, kSequence = 0x30;
  std::string names = Der(kDns, dns_name);
  if (for_localhost) {
    names += Der(kAddress, absl::string_view("\x7f\0\0\x01", 4));
  }
  return "DER:" + absl::BytesToHexString(Der(kSequence, names));
}

// A root whose name has any bytes: OpenSSL makes no such name, so that one of
// the same length is replaced by a T61String, and the certificate signed again.
MadeCertificate HostileRoot() {
  constexpr unsigned char kUtf8 = 0x0c, kT61 = 0x14;
  const std::string name = Hostile("root").substr(0, 60);
  const std::string unlike(name.size(), 'u');
  CertificateSpec spec = AuthoritySpec(unlike);
  spec.subject.push_back({"O", HostileUtf8("root")});
  const std::string der = MakeCertificate(spec).der;
  return Forge(
      absl::StrReplaceAll(der, {{Der(kUtf8, unlike), Der(kT61, name)}}));
}

}  // namespace

std::string Hostile(absl::string_view name) {
  return absl::StrCat(
      name, ">", "\x1b", "[31m", "\x1b", "c", "\x9b", "32m", "\u009b", "33m",
      "\u202e", "\xff", "\xed\xa0\x80", "\xc0\x9b", kLetters, "\x08\x7f\t\r",
      "\u0085\u200b\ufeff\u2066\u061c\u200f\u2028\u2060\uffff\U000e0041",
      "\\x1b<", name);
}

std::string HostileUtf8(absl::string_view name) {
  return absl::StrCat(name, ">", "\x1b", "[31m", "\u009b", "33m", "\u202e",
                      kLetters, "\x08\u200b\ufeff\u2028\U000e0041\\");
}

lab::Edit SpeakHostile(const std::string& name) {
  return [name](lab::Script* script) {
    SpoilPhase(&script->clear, Hostile(name));
    SpoilPhase(&script->tls, Hostile(name));
    return true;
  };
}

HostileCertificate MakeHostileCertificate(
    const HostileCertificateOptions& options) {
  const MadeCertificate root = HostileRoot();
  CertificateSpec spec = LeafSpec("unused");
  spec.subject = {{"CN", HostileUtf8("subject")},
                  {"OU", HostileUtf8("subject")}};
  spec.not_after = options.not_after;
  spec.not_before = options.not_after - absl::Hours(24 * 365);
  spec.extensions.back() = {
      "subjectAltName",
      AlternativeNames(Hostile("names"), options.for_localhost)};
  const MadeCertificate leaf = MakeCertificate(spec, &root);
  return {{leaf.Pem(), leaf.KeyPem(), leaf.Pem()}, root.Pem()};
}

}  // namespace holdfast::test
