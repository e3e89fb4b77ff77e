// IMAP for C.

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "holdfast/client/c/message.h"
#include "holdfast/client/c/session.h"

namespace holdfast {

using Json = nlohmann::ordered_json;
using c::OrNull;

namespace {

const char* KindName(ImapAnswer::Kind kind) {
  switch (kind) {
    case ImapAnswer::Kind::kOk:
      return "OK";
    case ImapAnswer::Kind::kNo:
      return "NO";
    case ImapAnswer::Kind::kBad:
      return "BAD";
  }
  return "";
}

const char* KindName(ImapUpdate::Kind kind) {
  switch (kind) {
    case ImapUpdate::Kind::kExists:
      return "exists";
    case ImapUpdate::Kind::kExpunged:
      return "expunged";
    case ImapUpdate::Kind::kMessage:
      return "message";
    case ImapUpdate::Kind::kAlert:
      return "alert";
    case ImapUpdate::Kind::kBye:
      return "bye";
    case ImapUpdate::Kind::kRestored:
      return "restored";
    case ImapUpdate::Kind::kOther:
      return "other";
  }
  return "";
}

Json MessageJson(const ImapMessage& message, Json sections) {
  return {{"uid", OrNull(message.uid)},
          {"number", message.number},
          {"flags", OrNull(message.flags)},
          {"size", OrNull(message.size)},
          {"internal_date", message.internal_date},
          {"envelope", message.envelope},
          {"sections", std::move(sections)},
          {"others", message.others}};
}

Json UpdateJson(const ImapUpdate& update) {
  return {{"kind", KindName(update.kind)},
          {"number", update.number},
          {"words", update.text},
          {"message", update.kind == ImapUpdate::Kind::kMessage
                          ? MessageJson(update.message, Json::array())
                          : Json()}};
}

}  // namespace

static Json ToJson(const ImapAnswer& answer) {
  return {{"ok", answer.ok()},
          {"kind", KindName(answer.kind)},
          {"code", answer.code},
          {"arguments", answer.arguments},
          {"words", answer.text}};
}

static Json ToJson(const MailboxInfo& mailbox) {
  Json json = ToJson(mailbox.answer);
  json["exists"] = mailbox.exists;
  json["uid_validity"] = mailbox.uid_validity;
  json["uid_next"] = mailbox.uid_next;
  json["flags"] = mailbox.flags;
  json["permanent_flags"] = mailbox.permanent_flags;
  json["read_only"] = mailbox.read_only;
  json["highest_modseq"] = OrNull(mailbox.highest_modseq);
  return json;
}

static Json ToJson(const ImapMailboxes& result) {
  Json json = ToJson(result.answer);
  Json& list = json["mailboxes"] = Json::array();
  for (const MailboxEntry& entry : result.mailboxes) {
    Json delimiter;
    if (entry.delimiter != '\0') delimiter = std::string(1, entry.delimiter);
    list.push_back({{"name", entry.name},
                    {"encoded_name", entry.encoded_name},
                    {"delimiter", std::move(delimiter)},
                    {"attributes", entry.attributes}});
  }
  return json;
}

static Json ToJson(const ImapMailboxStatus& result) {
  Json json = ToJson(result.answer);
  json["items"] = result.items;
  return json;
}

static Json ToJson(const ImapUids& result) {
  Json json = ToJson(result.answer);
  json["uids"] = result.uids;
  return json;
}

static Json ToJson(const ImapFetched& result) {
  Json json = ToJson(result.answer);
  json["messages"] = result.messages;
  return json;
}

static Json ToJson(const ImapAppended& result) {
  Json json = ToJson(result.answer);
  json["uid_validity"] = OrNull(result.uid_validity);
  json["uid"] = OrNull(result.uid);
  return json;
}

static Json ToJson(const ImapCopied& result) {
  Json json = ToJson(result.answer);
  json["uid_validity"] = OrNull(result.uid_validity);
  json["from_uids"] = result.from_uids;
  json["to_uids"] = result.to_uids;
  return json;
}

static Json ToJson(const ImapEnabled& result) {
  Json json = ToJson(result.answer);
  json["enabled"] = result.enabled;
  return json;
}

namespace c {
namespace {

// Of one message: `on_message` is given it as a whole.
constexpr uint64_t kMaxSections = uint64_t{1024} * 1024;

// Gives messages to the client's function, for as long as the operation and its
// handle are there.
class MessageCollector final : public ImapFetchSink {
 public:
  MessageCollector(holdfast_imap_message_function on_message, void* data,
                   holdfast_operation* operation)
      : on_message_(on_message),
        data_(data),
        progress_(operation->progress),
        handle_(operation->weak.handle()) {}

  void OnStart() override {
    sections_ = Json::array();
    size_ = 0;
    Give(nullptr);
  }
  absl::Status OnSection(const std::string& section, uint64_t size) override {
    size_ += size;
    if (size > kMaxSections || size_ > kMaxSections) {
      return MakeStatus(ErrorCode::kTooMuchData, Phase::kSession,
                        "A message's sections are too long to be fetched as "
                        "one.");
    }
    sections_.push_back({{"name", section}, {"content", ""}});
    return absl::OkStatus();
  }
  absl::Status OnBytes(absl::string_view bytes) override {
    sections_.back()["content"].get_ref<std::string&>().append(bytes.data(),
                                                               bytes.size());
    return absl::OkStatus();
  }
  absl::Status OnMessage(const ImapMessage& message) override {
    const holdfast_value value(
        MessageJson(message, std::exchange(sections_, Json::array())));
    size_ = 0;
    Give(&value);
    return absl::OkStatus();
  }

 private:
  void Give(const holdfast_value* message) const {
    if (!progress_->done() && handle_.get() != nullptr)
      on_message_(data_, message);
  }

  const holdfast_imap_message_function on_message_;
  void* const data_;
  const std::shared_ptr<Progress> progress_;
  const WeakHandle<holdfast_operation> handle_;
  Json sections_;
  uint64_t size_ = 0;
};

// `words`, where each word "?" stands for the next of `strings`, and each "@",
// too, which is the name of a mailbox.
absl::StatusOr<ImapCommand> Fill(absl::string_view words,
                                 const char* const* strings) {
  ImapCommand command;
  std::vector<absl::string_view> run;
  const auto end_run = [&] {
    if (!run.empty()) command.Words(absl::StrJoin(run, " "));
    run.clear();
  };
  for (const absl::string_view word : absl::StrSplit(words, ' ')) {
    if (word != "?" && word != "@") {
      run.push_back(word);
      continue;
    }
    if (strings == nullptr || *strings == nullptr) {
      return InvalidArgument("There are fewer strings than \"?\" and \"@\".");
    }
    end_run();
    word == "?" ? command.String(*strings++) : command.Mailbox(*strings++);
  }
  end_run();
  if (strings != nullptr && *strings != nullptr) {
    return InvalidArgument("There are more strings than \"?\" and \"@\".");
  }
  return command;
}

std::optional<ImapStore> ReadStore(int how) {
  switch (how) {
    case HOLDFAST_IMAP_ADD:
      return ImapStore::kAdd;
    case HOLDFAST_IMAP_REMOVE:
      return ImapStore::kRemove;
    case HOLDFAST_IMAP_REPLACE:
      return ImapStore::kReplace;
  }
  return std::nullopt;
}

std::optional<OnLoss> ReadOnLoss(int on_loss) {
  switch (on_loss) {
    case HOLDFAST_ON_LOSS_REPEAT:
      return OnLoss::kRepeat;
    case HOLDFAST_ON_LOSS_GIVE_UP:
      return OnLoss::kGiveUp;
    case HOLDFAST_ON_LOSS_UNKNOWN:
      return OnLoss::kUnknown;
  }
  return std::nullopt;
}

using Operation = holdfast_operation;
using Imap = ImapSession;

// Begins a command with a set of UIDs.
template <typename Begin>
holdfast_operation* CommandOn(const char* uids, holdfast_session* session,
                              const Begin& begin) noexcept {
  return Command<Imap>(session, {{"uids", uids}},
                       [&](Imap& imap, Operation& operation) -> absl::Status {
                         const absl::StatusOr<ImapSet> set =
                             ImapSet::Parse(uids);
                         if (!set.ok()) return set.status();
                         return begin(imap, *set, operation);
                       });
}

}  // namespace
}  // namespace c
}  // namespace holdfast

using holdfast::c::Command;
using holdfast::c::CommandOn;
using holdfast::c::Ending;
using holdfast::c::Imap;
using holdfast::c::Operation;
using holdfast::c::Texts;

int holdfast_imap_set_update_function(holdfast_session* session,
                                      holdfast_update_function on_update,
                                      void* data, holdfast_error** error) {
  return holdfast::c::Guard(error, [&]() -> absl::Status {
    if (session == nullptr) return holdfast::c::Missing("session");
    holdfast::c::SessionWork& work = *session->work;
    if (work.Get<Imap>() == nullptr) {
      return holdfast::c::NoSuchCommand(work.target());
    }
    work.on_update = nullptr;
    if (on_update == nullptr) return absl::OkStatus();
    work.on_update = [on_update, data](const holdfast::ImapUpdate& update) {
      const holdfast_value value(holdfast::UpdateJson(update));
      on_update(data, &value);
    };
    return absl::OkStatus();
  });
}

holdfast_operation* holdfast_imap_select(holdfast_session* session,
                                         const char* mailbox) {
  return Command<Imap>(session, {{"mailbox", mailbox}},
                       [&](Imap& imap, Operation& operation) {
                         imap.Select(mailbox, Ending{operation.progress});
                       });
}

holdfast_operation* holdfast_imap_examine(holdfast_session* session,
                                          const char* mailbox) {
  return Command<Imap>(session, {{"mailbox", mailbox}},
                       [&](Imap& imap, Operation& operation) {
                         imap.Examine(mailbox, Ending{operation.progress});
                       });
}

holdfast_operation* holdfast_imap_list(holdfast_session* session,
                                       const char* pattern) {
  return Command<Imap>(session, {{"pattern", pattern}},
                       [&](Imap& imap, Operation& operation) {
                         imap.List(pattern, Ending{operation.progress});
                       });
}

holdfast_operation* holdfast_imap_status(holdfast_session* session,
                                         const char* mailbox,
                                         const char* const* items) {
  return Command<Imap>(
      session, {{"mailbox", mailbox}}, [&](Imap& imap, Operation& operation) {
        imap.Status(mailbox, Texts(items), Ending{operation.progress});
      });
}

holdfast_operation* holdfast_imap_search(holdfast_session* session,
                                         const char* criteria,
                                         const char* const* strings) {
  return Command<Imap>(session, {{"criteria", criteria}},
                       [&](Imap& imap, Operation& operation) -> absl::Status {
                         const auto command =
                             holdfast::c::Fill(criteria, strings);
                         if (!command.ok()) return command.status();
                         imap.UidSearch(*command, Ending{operation.progress});
                         return absl::OkStatus();
                       });
}

holdfast_operation* holdfast_imap_fetch(
    holdfast_session* session, const char* uids, const char* const* items,
    holdfast_imap_message_function on_message, void* data) {
  return CommandOn(
      uids, session,
      [&](Imap& imap, const holdfast::ImapSet& set, Operation& operation) {
        if (on_message == nullptr) return holdfast::c::Missing("on_message");
        const auto sink = std::make_shared<holdfast::c::MessageCollector>(
            on_message, data, &operation);
        imap.UidFetch(set, Texts(items), sink.get(),
                      Ending{operation.progress, sink});
        return absl::OkStatus();
      });
}

holdfast_operation* holdfast_imap_fetch_body(holdfast_session* session,
                                             uint32_t uid, const char* section,
                                             holdfast_sink* sink) {
  using holdfast::c::SinkFiller;
  return Command<Imap>(session, {{"section", section}, {"sink", sink}},
                       [&](Imap& imap, Operation& operation) {
                         const auto filler = std::make_shared<SinkFiller>(
                             sink, operation.progress, SinkFiller::Form::kText);
                         imap.FetchBody(uid, section, filler.get(),
                                        Ending{operation.progress, filler});
                       });
}

holdfast_operation* holdfast_imap_append(holdfast_session* session,
                                         const char* mailbox,
                                         const char* const* flags, int64_t date,
                                         const holdfast_message* message) {
  return Command<Imap>(session, {{"mailbox", mailbox}, {"message", message}},
                       [&](Imap& imap, Operation& operation) {
                         std::optional<absl::Time> received;
                         if (date >= 0) received = absl::FromUnixSeconds(date);
                         imap.Append(mailbox, Texts(flags), received,
                                     message->source,
                                     Ending{operation.progress});
                       });
}

holdfast_operation* holdfast_imap_store(holdfast_session* session,
                                        const char* uids, int how,
                                        const char* const* flags) {
  return CommandOn(
      uids, session,
      [&](Imap& imap, const holdfast::ImapSet& set, Operation& operation) {
        const auto store = holdfast::c::ReadStore(how);
        if (!store) {
          return holdfast::c::InvalidArgument(
              "Flags are added, removed or replaced.");
        }
        imap.UidStore(set, *store, Texts(flags), Ending{operation.progress});
        return absl::OkStatus();
      });
}

holdfast_operation* holdfast_imap_copy(holdfast_session* session,
                                       const char* uids, const char* mailbox) {
  return CommandOn(
      uids, session,
      [&](Imap& imap, const holdfast::ImapSet& set, Operation& operation) {
        if (mailbox == nullptr) return holdfast::c::Missing("mailbox");
        imap.UidCopy(set, mailbox, Ending{operation.progress});
        return absl::OkStatus();
      });
}

holdfast_operation* holdfast_imap_move(holdfast_session* session,
                                       const char* uids, const char* mailbox) {
  return CommandOn(
      uids, session,
      [&](Imap& imap, const holdfast::ImapSet& set, Operation& operation) {
        if (mailbox == nullptr) return holdfast::c::Missing("mailbox");
        imap.UidMove(set, mailbox, Ending{operation.progress});
        return absl::OkStatus();
      });
}

holdfast_operation* holdfast_imap_expunge(holdfast_session* session,
                                          const char* uids) {
  return CommandOn(
      uids, session,
      [&](Imap& imap, const holdfast::ImapSet& set, Operation& operation) {
        imap.UidExpunge(set, Ending{operation.progress});
        return absl::OkStatus();
      });
}

holdfast_operation* holdfast_imap_enable(holdfast_session* session,
                                         const char* const* capabilities) {
  return Command<Imap>(session, {}, [&](Imap& imap, Operation& operation) {
    imap.Enable(Texts(capabilities), Ending{operation.progress});
  });
}

holdfast_operation* holdfast_imap_idle(holdfast_session* session) {
  return Command<Imap>(session, {}, [](Imap& imap, Operation& operation) {
    operation.idle = imap.Idle(Ending{operation.progress});
  });
}

void holdfast_imap_end_idle(holdfast_operation* idle) {
  if (idle != nullptr) idle->idle.reset();
}

holdfast_operation* holdfast_imap_noop(holdfast_session* session) {
  return Command<Imap>(session, {}, [](Imap& imap, Operation& operation) {
    imap.Noop(Ending{operation.progress});
  });
}

holdfast_operation* holdfast_imap_logout(holdfast_session* session) {
  return Command<Imap>(session, {}, [](Imap& imap, Operation& operation) {
    imap.Logout(Ending{operation.progress});
  });
}

holdfast_operation* holdfast_imap_run(holdfast_session* session,
                                      const char* words,
                                      const char* const* strings, int on_loss) {
  return Command<Imap>(
      session, {{"words", words}},
      [&](Imap& imap, Operation& operation) -> absl::Status {
        const auto command = holdfast::c::Fill(words, strings);
        if (!command.ok()) return command.status();
        const auto loss = holdfast::c::ReadOnLoss(on_loss);
        if (!loss) {
          return holdfast::c::InvalidArgument(
              "What becomes of the command on a loss is one of three things.");
        }
        const auto untagged = std::make_shared<std::vector<std::string>>();
        imap.Run(
            *command, *loss,
            [untagged](absl::string_view text) {
              untagged->emplace_back(text);
            },
            [untagged, progress = operation.progress](
                absl::StatusOr<holdfast::ImapAnswer> answer) {
              if (!answer.ok()) return progress->Fail(answer.status());
              auto json = holdfast::ToJson(*answer);
              json["untagged"] = *untagged;
              progress->Succeed(std::move(json));
            });
        return absl::OkStatus();
      });
}
