// News for C.

#include <cstdint>

#include "holdfast/client/c/message.h"
#include "holdfast/client/c/session.h"

namespace holdfast {

using Json = nlohmann::ordered_json;

static Json ToJson(const NntpAnswer& answer) {
  return {{"ok", answer.ok()}, {"code", answer.code}, {"words", answer.words}};
}

static Json ToJson(const NntpGroup& group) {
  Json json = ToJson(static_cast<const NntpAnswer&>(group));
  json["name"] = group.name;
  json["count"] = group.count;
  json["first"] = group.first;
  json["last"] = group.last;
  return json;
}

static Json ToJson(const NntpArticle& article) {
  Json json = ToJson(static_cast<const NntpAnswer&>(article));
  json["number"] = article.number;
  json["message_id"] = article.message_id;
  return json;
}

namespace c {
namespace {

using Form = SinkFiller::Form;
using Nntp = NntpSession;
using Operation = holdfast_operation;

NntpArticleId Id(uint64_t number, const char* message_id) {
  if (message_id != nullptr) return std::string(message_id);
  return number;
}

NntpRange Range(uint64_t first, uint64_t last) {
  if (last == 0) return {first};
  return {first, last};
}

// Begins a command that fills `sink`.
template <typename Begin>
holdfast_operation* Filling(holdfast_session* session, holdfast_sink* sink,
                            Form form, std::initializer_list<Needed> needed,
                            const Begin& begin) {
  return Command<Nntp>(
      session, needed, [&](Nntp& nntp, Operation& operation) -> absl::Status {
        if (sink == nullptr) return Missing("sink");
        const auto filler =
            std::make_shared<SinkFiller>(sink, operation.progress, form);
        begin(nntp, filler.get(), Ending{operation.progress, filler});
        return absl::OkStatus();
      });
}

}  // namespace
}  // namespace c
}  // namespace holdfast

using holdfast::BlockSink;
using holdfast::c::Command;
using holdfast::c::Ending;
using holdfast::c::Filling;
using holdfast::c::Form;
using holdfast::c::Id;
using holdfast::c::Nntp;
using holdfast::c::Operation;
using holdfast::c::Range;

holdfast_operation* holdfast_nntp_group(holdfast_session* session,
                                        const char* name) {
  return Command<Nntp>(session, {{"name", name}},
                       [&](Nntp& nntp, Operation& operation) {
                         nntp.Group(name, Ending{operation.progress});
                       });
}

holdfast_operation* holdfast_nntp_list_group(holdfast_session* session,
                                             const char* name, uint64_t first,
                                             uint64_t last,
                                             holdfast_sink* lines) {
  return Filling(session, lines, Form::kLines, {{"name", name}},
                 [&](Nntp& nntp, BlockSink* sink, const Ending& ending) {
                   nntp.ListGroup(name, Range(first, last), sink, ending);
                 });
}

holdfast_operation* holdfast_nntp_over(holdfast_session* session,
                                       uint64_t first, uint64_t last,
                                       holdfast_sink* lines) {
  return Filling(session, lines, Form::kLines, {},
                 [&](Nntp& nntp, BlockSink* sink, const Ending& ending) {
                   nntp.Over(Range(first, last), sink, ending);
                 });
}

holdfast_operation* holdfast_nntp_article(holdfast_session* session,
                                          uint64_t number,
                                          const char* message_id,
                                          holdfast_sink* sink) {
  return Filling(session, sink, Form::kText, {},
                 [&](Nntp& nntp, BlockSink* filler, const Ending& ending) {
                   nntp.Article(Id(number, message_id), filler, ending);
                 });
}

holdfast_operation* holdfast_nntp_head(holdfast_session* session,
                                       uint64_t number, const char* message_id,
                                       holdfast_sink* sink) {
  return Filling(session, sink, Form::kText, {},
                 [&](Nntp& nntp, BlockSink* filler, const Ending& ending) {
                   nntp.Head(Id(number, message_id), filler, ending);
                 });
}

holdfast_operation* holdfast_nntp_body(holdfast_session* session,
                                       uint64_t number, const char* message_id,
                                       holdfast_sink* sink) {
  return Filling(session, sink, Form::kText, {},
                 [&](Nntp& nntp, BlockSink* filler, const Ending& ending) {
                   nntp.Body(Id(number, message_id), filler, ending);
                 });
}

holdfast_operation* holdfast_nntp_stat(holdfast_session* session,
                                       uint64_t number,
                                       const char* message_id) {
  return Command<Nntp>(session, {}, [&](Nntp& nntp, Operation& operation) {
    nntp.Stat(Id(number, message_id), Ending{operation.progress});
  });
}

holdfast_operation* holdfast_nntp_list_active(holdfast_session* session,
                                              const char* wildmat,
                                              holdfast_sink* lines) {
  return Filling(session, lines, Form::kLines, {},
                 [&](Nntp& nntp, BlockSink* sink, const Ending& ending) {
                   nntp.ListActive(wildmat == nullptr ? "" : wildmat, sink,
                                   ending);
                 });
}

holdfast_operation* holdfast_nntp_post(holdfast_session* session,
                                       const holdfast_message* article) {
  return Command<Nntp>(session, {{"article", article}},
                       [&](Nntp& nntp, Operation& operation) {
                         nntp.Post(article->source, Ending{operation.progress});
                       });
}

holdfast_operation* holdfast_nntp_quit(holdfast_session* session) {
  return Command<Nntp>(session, {}, [](Nntp& nntp, Operation& operation) {
    nntp.Quit(Ending{operation.progress});
  });
}
