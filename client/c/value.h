// Documents as C sees them.

#ifndef HOLDFAST_CLIENT_C_VALUE_H_
#define HOLDFAST_CLIENT_C_VALUE_H_

#include <string>
#include <utility>

#include "holdfast/holdfast.h"
#include "nlohmann/json.hpp"

struct holdfast_value {
  explicit holdfast_value(nlohmann::ordered_json d) : document(std::move(d)) {}

  nlohmann::ordered_json document;
  mutable std::string text;  // of all of it, once it was asked for
};

#endif  // HOLDFAST_CLIENT_C_VALUE_H_
