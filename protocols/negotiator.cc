#include "protocols/negotiator.h"

#include "protocols/imap_negotiator.h"

namespace holdfast {

std::unique_ptr<Negotiator> NewNegotiator(Protocol protocol,
                                          ConnectionSecurity security) {
  switch (protocol) {
    case Protocol::kImap:
      return std::make_unique<ImapNegotiator>(security);
  }
  return nullptr;
}

}  // namespace holdfast
