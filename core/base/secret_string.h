// SPDX-License-Identifier: MPL-2.0

// Text that must not outlive its use: a password, a token, a line that holds
// one.

#ifndef HOLDFAST_CORE_BASE_SECRET_STRING_H_
#define HOLDFAST_CORE_BASE_SECRET_STRING_H_

#include <cstddef>
#include <initializer_list>
#include <string>

#include "absl/strings/string_view.h"

#pragma GCC visibility push(default)
namespace holdfast {

// Overwrites all that `text` holds, also beyond its end, and empties it.
void Wipe(std::string* text);

// Is overwritten with zeros when it is destroyed, assigned to or moved from.
// Never copied by accident, and has no way into a stream or a message.
// Thread safety: as std::string.
class SecretString {
 public:
  SecretString() = default;
  explicit SecretString(absl::string_view text) : text_(text) {}
  // Takes over `text`, and wipes what moving leaves in it.
  static SecretString Take(std::string&& text);
  // All parts in one allocation, so that growing leaves nothing behind.
  static SecretString Join(std::initializer_list<absl::string_view> parts);

  SecretString(SecretString&& other) noexcept;
  SecretString& operator=(SecretString&& other) noexcept;
  ~SecretString() { Wipe(&text_); }

  SecretString Copy() const { return SecretString(text_); }
  absl::string_view view() const { return text_; }
  const char* c_str() const { return text_.c_str(); }
  bool empty() const { return text_.empty(); }
  size_t size() const { return text_.size(); }

 private:
  std::string text_;
};

}  // namespace holdfast
#pragma GCC visibility pop

#endif  // HOLDFAST_CORE_BASE_SECRET_STRING_H_
