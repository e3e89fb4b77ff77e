#include "holdfast/client/c/error.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "holdfast/core/base/printable.h"
#include "holdfast/protocols/connect/report_json.h"

using holdfast::ErrorFromStatus;

holdfast_error::holdfast_error(holdfast::Error e)
    : error(std::move(e)),
      name(holdfast::ErrorName(error.code)),
      category(holdfast::ErrorCategoryName(error.category())),
      message(error.Message()),
      advice(holdfast::GetErrorInfo(error.code).advice),
      json(holdfast::JsonText(holdfast::ErrorJson(error))) {}

namespace holdfast::c {

absl::Status Missing(absl::string_view name) {
  return MakeStatus(ErrorCode::kInvalidArgument, Phase::kSetup,
                    absl::StrCat("Nothing was given for \"", name, "\"."));
}

int Report(const Error& error, holdfast_error** out) noexcept {
  // Without memory for the error there is still its code.
  if (out != nullptr) {
    *out = GuardValue<holdfast_error*>(
        nullptr, [&error] { return new holdfast_error(error); });
  }
  return static_cast<int>(error.code);
}

Error ErrorOfException() noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return MakeError(ErrorCode::kOutOfResources, Phase::kSetup);
  } catch (...) {
    return MakeError(ErrorCode::kInternal, Phase::kSetup);
  }
}

}  // namespace holdfast::c

const char* holdfast_version(void) { return HOLDFAST_VERSION; }

void holdfast_error_free(holdfast_error* error) { delete error; }

int holdfast_error_code(const holdfast_error* error) {
  return error == nullptr ? HOLDFAST_OK : static_cast<int>(error->error.code);
}

const char* holdfast_error_name(const holdfast_error* error) {
  return error == nullptr ? "" : error->name.c_str();
}

const char* holdfast_error_category(const holdfast_error* error) {
  return error == nullptr ? "" : error->category.c_str();
}

const char* holdfast_error_message(const holdfast_error* error) {
  return error == nullptr ? "" : error->message.c_str();
}

const char* holdfast_error_advice(const holdfast_error* error) {
  return error == nullptr ? "" : error->advice.c_str();
}

const char* holdfast_error_server_text(const holdfast_error* error) {
  return error == nullptr ? "" : error->error.server_text.c_str();
}

size_t holdfast_printable(const void* bytes, size_t size, char* buffer,
                          size_t room) {
  return holdfast::c::GuardValue<size_t>(0, [=] {
    const std::string text = holdfast::Printable(absl::string_view(
        static_cast<const char*>(bytes), bytes == nullptr ? 0 : size));
    if (buffer == nullptr || room == 0) return text.size();
    size_t fits = std::min(text.size(), room - 1);
    // Where the text would go on inside of a character.
    while (fits < text.size() && fits > 0 && (text[fits] & 0xc0) == 0x80) {
      --fits;
    }
    buffer[text.copy(buffer, fits)] = '\0';
    return text.size();
  });
}

const char* holdfast_error_json(const holdfast_error* error) {
  return error == nullptr ? "" : error->json.c_str();
}
