// What a connection is made of.

#ifndef HOLDFAST_PROTOCOLS_DIALOGUE_CONNECTION_PARTS_H_
#define HOLDFAST_PROTOCOLS_DIALOGUE_CONNECTION_PARTS_H_

#include <memory>
#include <string>

#include "holdfast/core/tls/secure_socket.h"
#include "holdfast/protocols/dialogue/connection.h"
#include "holdfast/protocols/dialogue/negotiator.h"

namespace holdfast {

struct Connection::Parts {
  const std::unique_ptr<SecureSocket> socket;
  // Has the protocol's own words for leaving, too: see farewell.h.
  const std::unique_ptr<Negotiator> negotiator;
  // Was received after the dialogue's last line, and is read first.
  std::string unread;
};

inline std::unique_ptr<Connection> NewConnection(
    std::unique_ptr<SecureSocket> socket,
    std::unique_ptr<Negotiator> negotiator, std::string unread) {
  return std::make_unique<Connection>(
      std::unique_ptr<Connection::Parts>(new Connection::Parts{
          std::move(socket), std::move(negotiator), std::move(unread)}));
}

}  // namespace holdfast

#endif  // HOLDFAST_PROTOCOLS_DIALOGUE_CONNECTION_PARTS_H_
