// POP3 for C.

#include "holdfast/client/c/message.h"
#include "holdfast/client/c/session.h"

namespace holdfast {

using Json = nlohmann::ordered_json;

static Json ToJson(const Pop3Answer& answer) {
  return {{"ok", answer.ok}, {"words", answer.words}, {"code", answer.code}};
}

static Json ToJson(const Pop3Stat& stat) {
  Json json = ToJson(static_cast<const Pop3Answer&>(stat));
  json["messages"] = stat.messages;
  json["bytes"] = stat.bytes;
  return json;
}

static Json ToJson(const Pop3List& list) {
  Json json = ToJson(static_cast<const Pop3Answer&>(list));
  Json& messages = json["messages"] = Json::array();
  for (const Pop3Message& message : list.messages) {
    messages.push_back({{"number", message.number},
                        {"unique_id", message.unique_id},
                        {"bytes", message.bytes}});
  }
  return json;
}

namespace c {
namespace {

using Operation = holdfast_operation;
using Pop3 = Pop3Session;

// Begins a command without arguments.
template <typename Result>
holdfast_operation* Plain(holdfast_session* session,
                          void (Pop3::*command)(Pop3::Done<Result>)) {
  return Command<Pop3>(session, {}, [&](Pop3& pop3, Operation& operation) {
    (pop3.*command)(Ending{operation.progress});
  });
}

std::shared_ptr<SinkFiller> Fill(holdfast_sink* sink,
                                 const Operation& operation) {
  return std::make_shared<SinkFiller>(sink, operation.progress,
                                      SinkFiller::Form::kText);
}

Pop3Message Message(int number, const char* unique_id) {
  return {number, unique_id == nullptr ? "" : unique_id};
}

}  // namespace
}  // namespace c
}  // namespace holdfast

using holdfast::c::Command;
using holdfast::c::Ending;
using holdfast::c::Fill;
using holdfast::c::Message;
using holdfast::c::Operation;
using holdfast::c::Plain;
using holdfast::c::Pop3;

holdfast_operation* holdfast_pop3_stat(holdfast_session* session) {
  return Plain(session, &Pop3::Stat);
}

holdfast_operation* holdfast_pop3_list(holdfast_session* session) {
  return Plain(session, &Pop3::List);
}

holdfast_operation* holdfast_pop3_uid_list(holdfast_session* session) {
  return Plain(session, &Pop3::UidList);
}

holdfast_operation* holdfast_pop3_retrieve(holdfast_session* session,
                                           int number, const char* unique_id,
                                           holdfast_sink* sink) {
  return Command<Pop3>(session, {{"sink", sink}},
                       [&](Pop3& pop3, Operation& operation) {
                         const auto filler = Fill(sink, operation);
                         pop3.Retrieve(Message(number, unique_id), filler.get(),
                                       Ending{operation.progress, filler});
                       });
}

holdfast_operation* holdfast_pop3_top(holdfast_session* session, int number,
                                      const char* unique_id, uint32_t lines,
                                      holdfast_sink* sink) {
  return Command<Pop3>(
      session, {{"sink", sink}}, [&](Pop3& pop3, Operation& operation) {
        const auto filler = Fill(sink, operation);
        pop3.Top(Message(number, unique_id), lines, filler.get(),
                 Ending{operation.progress, filler});
      });
}

holdfast_operation* holdfast_pop3_delete(holdfast_session* session, int number,
                                         const char* unique_id) {
  return Command<Pop3>(session, {}, [&](Pop3& pop3, Operation& operation) {
    pop3.Delete(Message(number, unique_id), Ending{operation.progress});
  });
}

holdfast_operation* holdfast_pop3_reset(holdfast_session* session) {
  return Plain(session, &Pop3::Reset);
}

holdfast_operation* holdfast_pop3_noop(holdfast_session* session) {
  return Plain(session, &Pop3::Noop);
}

holdfast_operation* holdfast_pop3_quit(holdfast_session* session) {
  return Plain(session, &Pop3::Quit);
}
