// SMTP and submission for C.

#include "holdfast/client/c/message.h"
#include "holdfast/client/c/session.h"

namespace holdfast {

using Json = nlohmann::ordered_json;

static Json ToJson(const SmtpAnswer& answer) {
  return {{"ok", answer.ok()},
          {"code", answer.code},
          {"enhanced", answer.enhanced},
          {"words", answer.words}};
}

static Json ToJson(const SmtpResult& result) {
  Json recipients = Json::array();
  for (const SmtpAnswer& answer : result.recipients) {
    recipients.push_back(ToJson(answer));
  }
  return {{"ok", result.accepted},
          {"words", result.last.words},
          {"accepted", result.accepted},
          {"recipients", std::move(recipients)},
          {"last", ToJson(result.last)},
          {"size_limit", c::OrNull(result.size_limit)}};
}

}  // namespace holdfast

using holdfast::SmtpSession;
using holdfast::c::Command;
using holdfast::c::Ending;
using holdfast::c::Progress;

holdfast_operation* holdfast_smtp_send(holdfast_session* session,
                                       const char* sender,
                                       const char* const* recipients,
                                       int options,
                                       const holdfast_message* message) {
  return Command<SmtpSession>(
      session, {{"sender", sender}, {"message", message}},
      [&](SmtpSession& smtp, holdfast_operation& operation) {
        holdfast::SmtpEnvelope envelope{sender, holdfast::c::Texts(recipients)};
        envelope.eight_bit = (options & HOLDFAST_SMTP_EIGHT_BIT) != 0;
        envelope.utf8_header = (options & HOLDFAST_SMTP_UTF8_HEADER) != 0;
        envelope.all_or_none = (options & HOLDFAST_SMTP_ALL_OR_NONE) != 0;
        envelope.data_only = (options & HOLDFAST_SMTP_DATA_ONLY) != 0;
        smtp.Send(std::move(envelope), message->source,
                  [progress =
                       operation.progress](const holdfast::SmtpResult& result) {
                    result.status.ok()
                        ? progress->Succeed(ToJson(result))
                        : progress->Fail(result.status, ToJson(result));
                  });
      });
}

holdfast_operation* holdfast_smtp_noop(holdfast_session* session) {
  return Command<SmtpSession>(
      session, {}, [](SmtpSession& smtp, holdfast_operation& operation) {
        smtp.Noop(Ending{operation.progress});
      });
}

holdfast_operation* holdfast_smtp_quit(holdfast_session* session) {
  return Command<SmtpSession>(
      session, {}, [](SmtpSession& smtp, holdfast_operation& operation) {
        smtp.Quit(Ending{operation.progress});
      });
}
