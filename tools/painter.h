// Colour on a terminal, where it helps.

#ifndef HOLDFAST_TOOLS_PAINTER_H_
#define HOLDFAST_TOOLS_PAINTER_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace holdfast {

enum class Tint { kGood, kBad, kWarning };

class Painter {
 public:
  explicit Painter(bool on = false) : on_(on) {}

  // `text` in the colour of `tint` (ECMA-48, SGR), or as it is.
  std::string operator()(Tint tint, absl::string_view text) const {
    if (!on_) return std::string(text);
    return absl::StrCat("\x1b[", Code(tint), "m", text, "\x1b[0m");
  }

 private:
  static int Code(Tint tint) {
    switch (tint) {
      case Tint::kGood:
        return 32;
      case Tint::kBad:
        return 31;
      case Tint::kWarning:
        return 33;
    }
    return 0;
  }

  bool on_;
};

}  // namespace holdfast

#endif  // HOLDFAST_TOOLS_PAINTER_H_
