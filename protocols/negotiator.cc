#include "protocols/negotiator.h"

#include "protocols/imap_negotiator.h"
#include "protocols/nntp_negotiator.h"
#include "protocols/pop3_negotiator.h"
#include "protocols/smtp_negotiator.h"

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
