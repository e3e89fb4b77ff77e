// A connection as C holds it.

#ifndef HOLDFAST_CLIENT_C_CONNECTION_H_
#define HOLDFAST_CLIENT_C_CONNECTION_H_

#include <memory>
#include <utility>

#include "holdfast/holdfast.h"
#include "holdfast/protocols/dialogue/connection.h"
#include "holdfast/protocols/dialogue/protocol.h"

namespace holdfast::c {

// Shared by its handle and by who signs in on it.
struct OpenConnection {
  Protocol protocol;
  TlsVersion min_version;  // for credentials
  std::unique_ptr<Connection> connection;
};

}  // namespace holdfast::c

struct holdfast_connection {
  std::shared_ptr<holdfast::c::OpenConnection> open;
};

#endif  // HOLDFAST_CLIENT_C_CONNECTION_H_
