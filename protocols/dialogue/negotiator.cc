#include "holdfast/protocols/dialogue/negotiator.h"

#include "holdfast/protocols/dialogue/imap_negotiator.h"
#include "holdfast/protocols/dialogue/nntp_negotiator.h"
#include "holdfast/protocols/dialogue/pop3_negotiator.h"
#include "holdfast/protocols/dialogue/smtp_negotiator.h"

namespace holdfast {

std::unique_ptr<Negotiator> NewNegotiator(Protocol protocol,
                                          ConnectionSecurity security,
                                          std::string client_name) {
  switch (protocol) {
    case Protocol::kImap:
      return std::make_unique<ImapNegotiator>(security);
    case Protocol::kPop3:
      return std::make_unique<Pop3Negotiator>(security);
    case Protocol::kSmtp:
    case Protocol::kSubmission:
      return std::make_unique<SmtpNegotiator>(security, std::move(client_name));
    case Protocol::kNntp:
      return std::make_unique<NntpNegotiator>(security);
  }
  return nullptr;
}

}  // namespace holdfast
