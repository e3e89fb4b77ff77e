// What `holdfast explain` tells of the error codes.

#ifndef HOLDFAST_TOOLS_ERROR_EXPLANATION_H_
#define HOLDFAST_TOOLS_ERROR_EXPLANATION_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "holdfast/core/base/error.h"
#include "nlohmann/json.hpp"

namespace holdfast {

// By name, in any case and with hyphens too, or by number.
std::optional<ErrorCode> FindErrorCode(absl::string_view text);
// The names nearest to `text`, the best first: at most three, at least one.
std::vector<std::string> NearestErrorNames(absl::string_view text);

// An ErrorNote's command for an example that fits the code.
std::string ExampleCommand(ErrorCode code);
// The codes, in groups: each category once, in the order of its first code.
std::vector<std::vector<ErrorCode>> ErrorCodesByCategory();

std::string ErrorListText();
std::string ErrorExplanationText(ErrorCode code);
nlohmann::ordered_json ErrorListJson();
nlohmann::ordered_json ErrorExplanationJson(ErrorCode code);

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_ERROR_EXPLANATION_H_
