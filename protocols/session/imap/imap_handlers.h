// What becomes of the untagged responses to each kind of IMAP command: they are
// collected into its result. Private to imap_session.cc.

#ifndef HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_HANDLERS_H_
#define HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_HANDLERS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "holdfast/protocols/session/imap/imap_exchange.h"
#include "holdfast/protocols/session/imap/imap_session.h"

namespace holdfast {

// Thread safety: none.
template <typename Result>
class ImapCollector : public ImapHandler {
 public:
  void OnStart() override { result_ = Result(); }
  // The command was answered: all that there is.
  virtual Result Finish(const ImapAnswer& answer) {
    result_.answer = answer;
    return std::move(result_);
  }

 protected:
  Result result_;
};

class ImapSelectHandler final : public ImapCollector<MailboxInfo> {
 public:
  // `on_start`: the mailbox of before is left; may be null.
  explicit ImapSelectHandler(std::function<void()> on_start)
      : on_start_(std::move(on_start)) {}

  void OnStart() override {
    ImapCollector::OnStart();
    if (on_start_) on_start_();
  }
  absl::StatusOr<bool> OnUntagged(absl::string_view text) override;
  MailboxInfo Finish(const ImapAnswer& answer) override;

 private:
  absl::StatusOr<bool> OnCode(const ImapAnswer& status);

  const std::function<void()> on_start_;
};

class ImapListHandler final : public ImapCollector<ImapMailboxes> {
 public:
  // `stream` outlives it.
  explicit ImapListHandler(const ImapStream* stream) : stream_(stream) {}
  absl::StatusOr<bool> OnUntagged(absl::string_view text) override;

 private:
  const ImapStream* const stream_;
};

class ImapStatusHandler final : public ImapCollector<ImapMailboxStatus> {
 public:
  absl::StatusOr<bool> OnUntagged(absl::string_view text) override;
};

class ImapSearchHandler final : public ImapCollector<ImapUids> {
 public:
  absl::StatusOr<bool> OnUntagged(absl::string_view text) override;
  // Two million UIDs: the answer is one line.
  size_t max_text() const override { return size_t{16} * 1024 * 1024; }
};

class ImapFetchHandler final : public ImapCollector<ImapFetched> {
 public:
  // `uid`: the only one that was asked for, if it is one.
  ImapFetchHandler(ImapFetchSink* sink, std::optional<uint32_t> uid)
      : sink_(sink), uid_(uid) {}

  void OnStart() override;
  absl::StatusOr<bool> OnUntagged(absl::string_view text) override;
  absl::StatusOr<bool> OnLiteral(absl::string_view text,
                                 uint64_t size) override;
  absl::Status OnPiece(absl::string_view bytes) override {
    return sink_->OnBytes(bytes);
  }
  size_t max_text() const override { return size_t{1024} * 1024; }

 private:
  absl::Status Give(const ImapMessage& message);

  ImapFetchSink* const sink_;
  const std::optional<uint32_t> uid_;
};

class ImapAppendHandler final : public ImapCollector<ImapAppended> {
 public:
  ImapAppended Finish(const ImapAnswer& answer) override;
};

class ImapCopyHandler final : public ImapCollector<ImapCopied> {
 public:
  // MOVE tells before it is done (RFC 6851, 4.3).
  absl::StatusOr<bool> OnUntagged(absl::string_view text) override;
  ImapCopied Finish(const ImapAnswer& answer) override;

 private:
  bool OnCode(const ImapAnswer& status);
};

class ImapEnableHandler final : public ImapCollector<ImapEnabled> {
 public:
  // `stream` outlives it, and is told of UTF-8.
  explicit ImapEnableHandler(ImapStream* stream) : stream_(stream) {}
  absl::StatusOr<bool> OnUntagged(absl::string_view text) override;

 private:
  ImapStream* const stream_;
};

// Lets somebody else hear.
class ImapListener final : public ImapHandler {
 public:
  ImapListener(std::function<void()> on_start,
               std::function<void(absl::string_view)> on_untagged)
      : on_start_(std::move(on_start)), on_untagged_(std::move(on_untagged)) {}

  void OnStart() override {
    if (on_start_) on_start_();
  }
  absl::StatusOr<bool> OnUntagged(absl::string_view text) override {
    if (on_untagged_) on_untagged_(text);
    return false;
  }

 private:
  const std::function<void()> on_start_;
  const std::function<void(absl::string_view)> on_untagged_;
};

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_SESSION_IMAP_IMAP_HANDLERS_H_
