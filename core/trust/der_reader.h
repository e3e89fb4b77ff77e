// Reads DER (X.690) one element after the other, strictly: definite lengths in
// their shortest form. Pure, and without copies.

#ifndef HOLDFAST_CORE_TRUST_DER_READER_H_
#define HOLDFAST_CORE_TRUST_DER_READER_H_

#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace holdfast {

using DerTag = unsigned char;
constexpr DerTag kDerBoolean = 0x01;
constexpr DerTag kDerInteger = 0x02;
constexpr DerTag kDerBitString = 0x03;
constexpr DerTag kDerOctetString = 0x04;
constexpr DerTag kDerObjectId = 0x06;
constexpr DerTag kDerEnumerated = 0x0a;
constexpr DerTag kDerUtf8String = 0x0c;
constexpr DerTag kDerPrintableString = 0x13;
constexpr DerTag kDerTeletexString = 0x14;
constexpr DerTag kDerIa5String = 0x16;
constexpr DerTag kDerUtcTime = 0x17;
constexpr DerTag kDerGeneralizedTime = 0x18;
constexpr DerTag kDerBmpString = 0x1e;
constexpr DerTag kDerSequence = 0x30;
constexpr DerTag kDerSet = 0x31;
constexpr DerTag DerContext(int number) {
  return static_cast<DerTag>(0x80 | number);
}
constexpr DerTag DerConstructedContext(int number) {
  return static_cast<DerTag>(0xa0 | number);
}

// The first element that is not as expected leaves the reader failed, and all
// that it gives afterwards empty: callers check once, at the end.
class DerReader {
 public:
  explicit DerReader(absl::string_view der) : rest_(der) {}

  // The content of the next element, whose tag must be `tag`; in `whole`, if
  // not null, the element as it stands.
  absl::string_view Take(DerTag tag, absl::string_view* whole = nullptr);
  // The same for an element of any tag below 31.
  absl::string_view TakeAny(DerTag* tag, absl::string_view* whole = nullptr);
  // The content if the next element has this tag; nullopt, and nothing is read,
  // if it has another or there is none.
  std::optional<absl::string_view> TakeIf(DerTag tag);
  void Skip(DerTag tag) { Take(tag); }
  void SkipIf(DerTag tag) {
    if (NextIs(tag)) Take(tag);
  }

  bool NextIs(DerTag tag) const {
    return !rest_.empty() && static_cast<DerTag>(rest_[0]) == tag;
  }
  // All has been read. A reader that failed is done, too.
  bool done() const { return rest_.empty(); }
  bool failed() const { return failed_; }
  // Everything was as expected, and nothing is left.
  bool complete() const { return done() && !failed_; }

 private:
  absl::string_view Fail();

  absl::string_view rest_;
  bool failed_ = false;
};

// The content of `der`, which must be one element with this tag and nothing
// else; nullopt if it is not.
std::optional<absl::string_view> ReadDer(absl::string_view der, DerTag tag);

// The bits of a BIT STRING's content, which must be whole bytes (a key, a
// signature); nullopt if they are not.
std::optional<absl::string_view> WholeBytes(absl::string_view bit_string);

// The content of a UTCTime or GeneralizedTime in the one form that RFC 5280
// (4.1.2.5) allows: to the second, in UTC. nullopt for any other.
std::optional<absl::Time> ParseDerTime(DerTag tag, absl::string_view content);

}  // namespace holdfast

#endif  // HOLDFAST_CORE_TRUST_DER_READER_H_
