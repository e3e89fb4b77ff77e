#include "holdfast/core/trust/der_reader.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/time/civil_time.h"

namespace holdfast {
namespace {

uint8_t ByteAt(absl::string_view bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]);
}

struct Header {
  size_t size;    // of tag and length
  size_t length;  // of the content
};

std::optional<Header> ReadHeader(absl::string_view der) {
  constexpr uint8_t kTagInMoreBytes = 0x1f;
  if (der.size() < 2 || (ByteAt(der, 0) & kTagInMoreBytes) == kTagInMoreBytes) {
    return std::nullopt;
  }
  const uint8_t first = ByteAt(der, 1);
  if (first < 0x80) return Header{2, first};
  const size_t octets = first & 0x7f;
  // 0 is the indefinite form; nothing that we read has over 16 MB.
  if (octets == 0 || octets > 3 || der.size() < 2 + octets) return std::nullopt;
  size_t length = 0;
  for (size_t i = 0; i < octets; ++i) length = length << 8 | ByteAt(der, 2 + i);
  const size_t least = octets == 1 ? 0x80 : size_t{1} << (8 * (octets - 1));
  if (length < least) return std::nullopt;  // there is a shorter form
  return Header{2 + octets, length};
}

// `count` digits of `text` from `at`, which are there.
int Digits(absl::string_view text, size_t at, size_t count) {
  int value = 0;
  for (size_t i = at; i < at + count; ++i) value = value * 10 + (text[i] - '0');
  return value;
}

}  // namespace

absl::string_view DerReader::Fail() {
  failed_ = true;
  return rest_ = {};
}

absl::string_view DerReader::TakeAny(DerTag* tag, absl::string_view* whole) {
  const std::optional<Header> header = ReadHeader(rest_);
  if (!header || rest_.size() - header->size < header->length) return Fail();
  *tag = ByteAt(rest_, 0);
  const size_t size = header->size + header->length;
  if (whole != nullptr) *whole = rest_.substr(0, size);
  const absl::string_view content = rest_.substr(header->size, header->length);
  rest_.remove_prefix(size);
  return content;
}

absl::string_view DerReader::Take(DerTag tag, absl::string_view* whole) {
  DerTag found = 0;
  return NextIs(tag) ? TakeAny(&found, whole) : Fail();
}

std::optional<absl::string_view> DerReader::TakeIf(DerTag tag) {
  if (!NextIs(tag)) return std::nullopt;
  return Take(tag);
}

std::optional<absl::string_view> ReadDer(absl::string_view der, DerTag tag) {
  DerReader reader(der);
  const absl::string_view content = reader.Take(tag);
  if (!reader.complete()) return std::nullopt;
  return content;
}

std::optional<absl::string_view> WholeBytes(absl::string_view bit_string) {
  if (bit_string.empty() || bit_string[0] != '\0') return std::nullopt;
  return bit_string.substr(1);
}

std::optional<absl::Time> ParseDerTime(DerTag tag, absl::string_view content) {
  const size_t year_digits = tag == kDerUtcTime ? 2 : 4;
  constexpr size_t kOtherDigits = 10;  // MMDDHHMMSS
  if ((tag != kDerUtcTime && tag != kDerGeneralizedTime) ||
      content.size() != year_digits + kOtherDigits + 1 ||
      content.back() != 'Z' ||
      !std::all_of(content.begin(), content.end() - 1, absl::ascii_isdigit)) {
    return std::nullopt;
  }
  int year = Digits(content, 0, year_digits);
  if (tag == kDerUtcTime) year += year < 50 ? 2000 : 1900;
  const auto field = [&](size_t number) {
    return Digits(content, year_digits + 2 * number, 2);
  };
  const absl::CivilSecond time(year, field(0), field(1), field(2), field(3),
                               field(4));
  // What does not exist, such as 30 February, would be made something else.
  if (time.month() != field(0) || time.day() != field(1) ||
      time.hour() != field(2) || time.minute() != field(3) ||
      time.second() != field(4)) {
    return std::nullopt;
  }
  return absl::FromCivil(time, absl::UTCTimeZone());
}

}  // namespace holdfast
