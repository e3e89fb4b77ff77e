#include "holdfast/core/trust/general_name.h"

#include <arpa/inet.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "holdfast/core/base/printable.h"
#include "holdfast/core/trust/object_id.h"

namespace holdfast {
namespace {

// RFC 4514, 3, and those that certificates have besides.
struct AttributeName {
  absl::string_view type;
  absl::string_view name;
};
constexpr AttributeName kAttributeNames[] = {
    {"\x55\x04\x03", "CN"},
    {"\x55\x04\x04", "SN"},
    {"\x55\x04\x05", "serialNumber"},
    {"\x55\x04\x06", "C"},
    {"\x55\x04\x07", "L"},
    {"\x55\x04\x08", "ST"},
    {"\x55\x04\x09", "STREET"},
    {"\x55\x04\x0a", "O"},
    {"\x55\x04\x0b", "OU"},
    {"\x55\x04\x0c", "T"},
    {"\x55\x04\x2a", "GN"},
    {"\x55\x04\x61", "organizationIdentifier"},
    {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", "UID"},
    {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", "DC"},
    {kOidEmailAddress, "E"},
};

std::string AttributeText(absl::string_view type) {
  for (const AttributeName& known : kAttributeNames) {
    if (known.type == type) return std::string(known.name);
  }
  return ObjectIdText(type);
}

// As UTF-8; what is not in a form that can be read so stays as it is.
std::string ValueText(const NameAttribute& attribute) {
  if (attribute.tag != kDerBmpString || attribute.value.size() % 2 != 0) {
    return std::string(attribute.value);
  }
  std::string text;
  for (size_t i = 0; i < attribute.value.size(); i += 2) {
    const unsigned unit = static_cast<unsigned char>(attribute.value[i]) << 8 |
                          static_cast<unsigned char>(attribute.value[i + 1]);
    if (unit < 0x80) {
      text.push_back(static_cast<char>(unit));
    } else if (unit < 0x800) {
      text.push_back(static_cast<char>(0xc0 | unit >> 6));
      text.push_back(static_cast<char>(0x80 | (unit & 0x3f)));
    } else {
      text.push_back(static_cast<char>(0xe0 | unit >> 12));
      text.push_back(static_cast<char>(0x80 | (unit >> 6 & 0x3f)));
      text.push_back(static_cast<char>(0x80 | (unit & 0x3f)));
    }
  }
  return text;
}

// The last value of this type.
std::string Last(absl::string_view name_der, absl::string_view type) {
  std::string found;
  const auto attributes = ReadName(name_der);
  if (!attributes) return found;
  for (const NameAttribute& attribute : *attributes) {
    if (attribute.type == type) found = ValueText(attribute);
  }
  return found;
}

// Printable, and in quotation marks if it holds what has a meaning between
// values. A backslash is doubled by Printable() already.
std::string QuoteValue(const std::string& value) {
  const std::string text = Printable(value);
  if (text.find_first_of(",+=\"<>#;") == std::string::npos) return text;
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\\\""}}), "\"");
}

}  // namespace

std::optional<GeneralName> TakeGeneralName(DerReader* reader) {
  DerTag tag = 0;
  const absl::string_view content = reader->TakeAny(&tag);
  if (reader->failed()) return std::nullopt;
  constexpr DerTag kNumber = 0x1f;
  const int number = tag & kNumber;
  const bool constructed =
      number == 0 || number == 3 || number == 4 || number == 5;
  if (number > 8 || tag != (constructed ? DerConstructedContext(number)
                                        : DerContext(number))) {
    return std::nullopt;
  }
  const auto kind = static_cast<NameKind>(number);
  // Name is a CHOICE, so that its tag is explicit.
  if (kind == NameKind::kDirectory && !ReadName(content)) return std::nullopt;
  return GeneralName{kind, content};
}

std::optional<std::vector<NameAttribute>> ReadName(absl::string_view name_der) {
  const auto sets = ReadDer(name_der, kDerSequence);
  if (!sets) return std::nullopt;
  std::vector<NameAttribute> attributes;
  DerReader reader(*sets);
  while (!reader.done()) {
    DerReader set(reader.Take(kDerSet));
    bool begins_set = true;
    do {
      DerReader pair(set.Take(kDerSequence));
      NameAttribute attribute;
      attribute.type = pair.Take(kDerObjectId);
      attribute.value = pair.TakeAny(&attribute.tag);
      attribute.begins_set = std::exchange(begins_set, false);
      if (!pair.complete()) return std::nullopt;
      attributes.push_back(attribute);
    } while (!set.done());
    if (set.failed()) return std::nullopt;
  }
  if (reader.failed()) return std::nullopt;
  return attributes;
}

std::string NameText(absl::string_view name_der) {
  const auto attributes = ReadName(name_der);
  if (!attributes) return Printable(name_der);
  std::string text;
  for (auto it = attributes->rbegin(); it != attributes->rend(); ++it) {
    absl::StrAppend(&text, AttributeText(it->type), "=",
                    QuoteValue(ValueText(*it)));
    if (it + 1 != attributes->rend())
      text.push_back(it->begins_set ? ',' : '+');
  }
  return text;
}

std::string CommonName(absl::string_view name_der) {
  return Last(name_der, kOidCommonName);
}

std::string Organization(absl::string_view name_der) {
  return Last(name_der, kOidOrganization);
}

std::string AddressText(absl::string_view address) {
  if (address.size() != 4 && address.size() != 16) {
    return absl::StrCat("an address of ", address.size(), " bytes");
  }
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(address.size() == 4 ? AF_INET : AF_INET6, address.data(), text,
            sizeof text);
  return text;
}

}  // namespace holdfast
