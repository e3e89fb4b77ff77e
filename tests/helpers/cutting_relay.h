// A relay before a server with implicit TLS that cuts one connection at a
// chosen TLS record: a network that fails in the middle of a session.

#ifndef HOLDFAST_TESTS_HELPERS_CUTTING_RELAY_H_
#define HOLDFAST_TESTS_HELPERS_CUTTING_RELAY_H_

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <thread>

#include "holdfast/core/base/unique_fd.h"

namespace holdfast::test {

// Where a connection is cut, and how.
struct Cut {
  enum class Direction { kToServer, kToClient };
  enum class Kind { kEnd, kReset, kSilence };  // FIN, RST, nothing more

  Direction direction = Direction::kToClient;
  int record = 0;       // of that direction, counted from when it was armed
  bool inside = false;  // half of it passes; else nothing of it
  Kind kind = Kind::kReset;
};
std::ostream& operator<<(std::ostream& out, const Cut& cut);

// Thread safety: all of it; a thread of its own passes the bytes on.
class CuttingRelay {
 public:
  // To 127.0.0.1.
  explicit CuttingRelay(uint16_t server_port);
  // Closes all connections.
  ~CuttingRelay();

  uint16_t port() const { return port_; }
  // Counts records from now on, and makes the cut once. The connections that
  // come after the cut are whole.
  void Arm(const Cut& cut);
  // Where connections go from now on.
  void Redirect(uint16_t server_port);
  // Ends all connections that there are.
  void CutAll();
  // The armed cut was made.
  bool has_cut() const;
  int connections() const;

 private:
  // One direction of one connection.
  struct Stream {
    int from = -1;
    int to = -1;
    Cut::Direction direction = Cut::Direction::kToServer;
    std::string pending = {};  // less than a record
    bool ended = false;
  };
  struct Link {
    UniqueFd client;
    UniqueFd server;
    Stream up;
    Stream down;
    bool silent = false;  // nothing passes any more
    bool dead = false;
  };

  void Run();
  void Accept();
  void Pass(Link* link, Stream* stream);
  // The whole records of `pending`.
  void PassRecords(Link* link, Stream* stream);
  // If the record that comes next is the one.
  std::optional<Cut> CutHere(const Stream& stream);
  static void MakeCut(Link* link, Cut::Kind kind);

  uint16_t port_ = 0;
  UniqueFd listener_;
  UniqueFd wake_read_;
  UniqueFd wake_write_;
  std::list<Link> links_;  // the thread's

  mutable std::mutex mutex_;
  uint16_t server_port_;  // and below: guarded by mutex_
  bool cut_all_ = false;
  std::optional<Cut> cut_;
  int records_left_ = 0;
  bool has_cut_ = false;
  int connections_ = 0;

  std::thread thread_;
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_CUTTING_RELAY_H_
