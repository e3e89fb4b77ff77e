#include "holdfast/client/c/value.h"

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "holdfast/client/c/error.h"
#include "holdfast/protocols/connect/report_json.h"

namespace {

using Json = nlohmann::ordered_json;

// The member or element `name` of `parent`; null if there is none.
const Json* Child(const Json& parent, const std::string& name) {
  if (parent.is_object()) {
    const auto found = parent.find(name);
    return found == parent.end() ? nullptr : &*found;
  }
  size_t index = 0;
  const bool is_index =
      absl::SimpleAtoi(name, &index) && absl::StrCat(index) == name;
  return parent.is_array() && is_index && index < parent.size() ? &parent[index]
                                                                : nullptr;
}

// Null for what is not there. Step by step: nlohmann-json's own functions for a
// pointer call one that is deprecated, which clang 19 says.
const Json* Find(const holdfast_value* value, const char* path) {
  if (value == nullptr || path == nullptr) return nullptr;
  try {
    std::vector<std::string> names;
    for (Json::json_pointer left(path); !left.empty(); left.pop_back()) {
      names.push_back(left.back());
    }
    const Json* found = &value->document;
    for (auto name = names.rbegin(); name != names.rend() && found; ++name) {
      found = Child(*found, *name);
    }
    return found;
  } catch (...) {
    return nullptr;  // no JSON Pointer
  }
}

}  // namespace

void holdfast_value_free(holdfast_value* value) { delete value; }

const char* holdfast_value_text(const holdfast_value* value, const char* path) {
  const Json* const found = Find(value, path);
  if (found == nullptr || !found->is_string()) return nullptr;
  return found->get_ref<const std::string&>().c_str();
}

const char* holdfast_value_bytes(const holdfast_value* value, const char* path,
                                 size_t* size) {
  const Json* const found = Find(value, path);
  if (found == nullptr || !found->is_string()) return nullptr;
  const auto& text = found->get_ref<const std::string&>();
  if (size != nullptr) *size = text.size();
  return text.data();
}

const char* holdfast_value_key(const holdfast_value* value, const char* path,
                               size_t index) {
  const Json* const found = Find(value, path);
  if (found == nullptr || !found->is_object() || index >= found->size()) {
    return nullptr;
  }
  return std::next(found->begin(), static_cast<std::ptrdiff_t>(index))
      .key()
      .c_str();
}

int64_t holdfast_value_number(const holdfast_value* value, const char* path,
                              int64_t otherwise) {
  const Json* const found = Find(value, path);
  if (found == nullptr) return otherwise;
  if (found->is_boolean()) return found->get<bool>() ? 1 : 0;
  return found->is_number() ? found->get<int64_t>() : otherwise;
}

size_t holdfast_value_count(const holdfast_value* value, const char* path) {
  const Json* const found = Find(value, path);
  return found == nullptr || !found->is_structured() ? 0 : found->size();
}

const char* holdfast_value_json(const holdfast_value* value) {
  if (value == nullptr) return "";
  return holdfast::c::GuardValue("", [value] {
    if (value->text.empty()) value->text = holdfast::JsonText(value->document);
    return value->text.c_str();
  });
}
