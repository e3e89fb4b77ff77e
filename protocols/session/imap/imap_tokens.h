// Takes the text of an IMAP response apart (RFC 9051, 9): atoms, numbers,
// strings, and values of any shape, nested however deep.
//
//   ImapTokens tokens("* 12 FETCH (UID 4)");

#ifndef HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_TOKENS_H_
#define HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_TOKENS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace holdfast {

// Each function takes what it is named for off the front, or nothing: then it
// returns false or nullopt. The text outlives the tokens. Thread safety: none.
class ImapTokens {
 public:
  explicit ImapTokens(absl::string_view text) : rest_(text) {}

  bool Take(char c);
  bool TakeSpace() { return Take(' '); }
  // An atom, without regard to case.
  bool TakeWord(absl::string_view word);

  // Anything up to a space, a parenthesis, a quote or a literal: flags and
  // "BODY" too.
  std::optional<absl::string_view> TakeAtom();
  // "FLAGS", "BODY[HEADER.FIELDS (DATE)]<0>".
  std::optional<absl::string_view> TakeItemName();
  std::optional<uint64_t> TakeNumber();    // of 63 bits
  std::optional<uint32_t> TakeNumber32();  // UIDs and message numbers
  // Quoted, a literal that was kept, or an atom; NIL is an atom.
  std::optional<std::string> TakeString();
  // "(a b c)".
  std::optional<std::vector<std::string>> TakeAtoms();
  // One value of any shape, as it stands.
  std::optional<absl::string_view> TakeValue();

  bool at_end() const { return rest_.empty(); }
  absl::string_view rest() const { return rest_; }

 private:
  // How long the string at `from` is; 0: it has no end. For any other character
  // 1.
  size_t Length(size_t from) const;

  absl::string_view rest_;
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_TOKENS_H_
