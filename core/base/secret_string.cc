#include "holdfast/core/base/secret_string.h"

#include <strings.h>

#include <utility>

namespace holdfast {

void Wipe(std::string* text) {
  // The whole of the buffer is the string's own to write to then.
  text->resize(text->capacity());
  explicit_bzero(text->data(), text->size());
  text->clear();
}

SecretString SecretString::Take(std::string&& text) {
  SecretString secret;
  secret.text_ = std::move(text);
  Wipe(&text);  // a short text lies in the object itself, and stays there
  return secret;
}

SecretString SecretString::Join(
    std::initializer_list<absl::string_view> parts) {
  size_t size = 0;
  for (absl::string_view part : parts) size += part.size();
  SecretString secret;
  secret.text_.reserve(size);
  for (absl::string_view part : parts) {
    secret.text_.append(part.data(), part.size());
  }
  return secret;
}

SecretString::SecretString(SecretString&& other) noexcept
    : text_(std::move(other.text_)) {
  Wipe(&other.text_);
}

SecretString& SecretString::operator=(SecretString&& other) noexcept {
  if (this == &other) return *this;
  Wipe(&text_);
  text_ = std::move(other.text_);
  Wipe(&other.text_);
  return *this;
}

}  // namespace holdfast
