// SPDX-License-Identifier: MPL-2.0

// Holdfast for C, and for every language that can call C: connections to mail
// and news servers that recover by themselves from broken TLS handshakes, and
// signed-in sessions that come back when the connection is lost.
//
//   holdfast_client *client = holdfast_client_new(NULL);
//   holdfast_operation *connect =
//       holdfast_connect(client, NULL, "imaps://mail.example.org");
//   if (holdfast_operation_wait(connect) != HOLDFAST_OK) {
//     puts(holdfast_error_message(holdfast_operation_error(connect)));
//   }
//   holdfast_operation_free(connect);
//   holdfast_client_free(client);
//
// Rules that hold for all of it:
//
// ABI: within one major version functions, constants and members of documents
// are only added, and none changes its meaning. All types are opaque; nothing
// depends on the size of a struct.
//
// Ownership: what a function named ..._new, ..._open, ..._take_... or one that
// returns a pointer to something not const gives you is yours, and ends with
// its ..._free(), which takes NULL too. A const pointer belongs to the handle
// that it was asked of, and is valid until that is freed, or as is said.
// Handles may be freed in any order: each keeps what it needs of others. Text
// that is given is copied. Functions that are given to Holdfast, and their
// `data`, must outlive the handle that they were given to, and those of a
// client or of credentials also what was begun with it; if that is freed from
// inside a callback, until the dispatch or wait that it runs in returns. What a
// resolver is given outlives the process's last look-up.
//
// Errors: a function that can fail returns HOLDFAST_OK (0) or one of the codes
// below, or NULL where it returns a pointer. If `error` is not NULL, it then
// gets an error to be freed; it is left alone otherwise. What fails changes
// nothing. No C++ exception leaves the library; memory that cannot be had is
// HOLDFAST_E_OUT_OF_RESOURCES, but ends the process where a loop runs. A NULL
// where none is allowed is HOLDFAST_E_INVALID_ARGUMENT. Both may come of every
// function; its comment names those that it has of its own.
//
// Threads: a handle is used by one thread at a time, and what has been made on
// one loop by the thread that runs this loop. Exceptions: a client that is not
// changed any more, and a cache, may be used by any number of threads;
// holdfast_loop_wake(), holdfast_operation_cancel() and
// holdfast_session_cancel() may be called from any thread as long as the handle
// exists.
//
// Text is UTF-8, but for a server's own words, which are whatever it sent: its
// server_text, its greeting and capabilities, and what a session's results and
// updates hold of it. They pass through holdfast_printable() before they are
// shown. Where a peer's words are part of any other text, they have done so.
// Times that are told are milliseconds, if nothing else is said.

#ifndef HOLDFAST_HOLDFAST_H_
#define HOLDFAST_HOLDFAST_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

// The version of the library that runs: "0.1.0".
const char *holdfast_version(void);

// ---- Errors ----------------------------------------------------------------

// docs/errors.md tells of each. The numbers are stable; new ones may come.
enum {
  // Of the try functions of connections: nothing could be done now.
  HOLDFAST_WOULD_BLOCK = -1,
  HOLDFAST_OK = 0,
  HOLDFAST_E_INTERNAL = 100,
  HOLDFAST_E_CANCELLED = 102,
  HOLDFAST_E_OUT_OF_RESOURCES = 104,
  HOLDFAST_E_SESSION_CLOSED = 106,
  HOLDFAST_E_INVALID_TARGET = 110,
  HOLDFAST_E_INVALID_HOST = 112,
  HOLDFAST_E_INVALID_VERSION_RANGE = 114,
  HOLDFAST_E_INVALID_PIN = 116,
  HOLDFAST_E_INVALID_PROXY = 118,
  HOLDFAST_E_INVALID_ARGUMENT = 120,
  HOLDFAST_E_LOCAL_ADDRESS_UNUSABLE = 122,
  HOLDFAST_E_NO_NEW_CONNECTION = 124,
  HOLDFAST_E_TLS_SETUP_FAILED = 130,
  HOLDFAST_E_TRUST_UNREADABLE = 132,
  HOLDFAST_E_NO_TRUST_ANCHORS = 134,
  HOLDFAST_E_CERTIFICATE_CLASH = 136,
  HOLDFAST_E_CLIENT_IDENTITY_UNUSABLE = 140,
  HOLDFAST_E_CREDENTIALS_UNREADABLE = 142,
  HOLDFAST_E_MESSAGE_UNREADABLE = 144,
  HOLDFAST_E_OUTPUT_FAILED = 146,
  HOLDFAST_E_CACHE_UNUSABLE = 150,
  HOLDFAST_E_CACHE_DAMAGED = 152,
  HOLDFAST_E_TRACE_UNWRITABLE = 160,
  HOLDFAST_E_TRACE_UNREADABLE = 162,
  HOLDFAST_E_KEY_LOG_UNWRITABLE = 164,
  HOLDFAST_E_HOST_NOT_FOUND = 200,
  HOLDFAST_E_LOOKUP_FAILED = 205,
  HOLDFAST_E_CONNECTION_REFUSED = 300,
  HOLDFAST_E_HOST_UNREACHABLE = 305,
  HOLDFAST_E_NETWORK_ERROR = 310,
  HOLDFAST_E_CONNECTION_RESET = 315,
  HOLDFAST_E_CONNECTION_CLOSED = 320,
  HOLDFAST_E_CONNECTION_LOST = 330,
  HOLDFAST_E_OUTCOME_UNKNOWN = 335,
  HOLDFAST_E_PROXY_UNREACHABLE = 340,
  HOLDFAST_E_PROXY_REFUSED = 345,
  HOLDFAST_E_PROXY_AUTHENTICATION_REFUSED = 350,
  HOLDFAST_E_PROXY_FAILED = 355,
  HOLDFAST_E_CLOSED_THROUGH_PROXY = 360,
  HOLDFAST_E_LOOKUP_TIMED_OUT = 400,
  HOLDFAST_E_CONNECT_TIMED_OUT = 405,
  HOLDFAST_E_PROXY_TIMED_OUT = 410,
  HOLDFAST_E_GREETING_TIMED_OUT = 415,
  HOLDFAST_E_HANDSHAKE_TIMED_OUT = 420,
  HOLDFAST_E_CERTIFICATE_UNDECIDED = 425,
  HOLDFAST_E_RESPONSE_TIMED_OUT = 430,
  HOLDFAST_E_PLAINTEXT_ON_TLS_PORT = 500,
  HOLDFAST_E_TLS_ON_PLAINTEXT_PORT = 505,
  HOLDFAST_E_STARTTLS_REFUSED = 600,
  HOLDFAST_E_STARTTLS_UNAVAILABLE = 605,
  HOLDFAST_E_STARTTLS_INJECTION = 610,
  HOLDFAST_E_PREAUTHENTICATED = 615,
  HOLDFAST_E_CLOSED_DURING_HANDSHAKE = 700,
  HOLDFAST_E_RESET_DURING_HANDSHAKE = 705,
  HOLDFAST_E_SILENT_DURING_HANDSHAKE = 710,
  HOLDFAST_E_VERSION_REFUSED = 715,
  HOLDFAST_E_HELLO_REFUSED = 720,
  HOLDFAST_E_ALPN_REFUSED = 725,
  HOLDFAST_E_SERVER_TOO_OLD = 800,
  HOLDFAST_E_SERVER_SPEAKS_SSL3 = 805,
  HOLDFAST_E_NO_COMMON_PARAMETERS = 810,
  HOLDFAST_E_BROKEN_TLS_SERVER = 900,
  HOLDFAST_E_HANDSHAKE_INTERRUPTED = 905,
  HOLDFAST_E_HANDSHAKE_ALERT = 910,
  HOLDFAST_E_TLS_FAILED = 915,
  HOLDFAST_E_DOWNGRADE_DETECTED = 1000,
  HOLDFAST_E_PATH_BLOCKS_NEWER_TLS = 1005,
  HOLDFAST_E_FALLBACK_SIGNAL_REFUSED = 1010,
  HOLDFAST_E_WEAK_SERVER_KEY = 1100,
  HOLDFAST_E_UNSAFE_RENEGOTIATION = 1105,
  HOLDFAST_E_UNKNOWN_ISSUER = 1200,
  HOLDFAST_E_SELF_SIGNED = 1205,
  HOLDFAST_E_MISSING_INTERMEDIATE = 1210,
  HOLDFAST_E_DISTRUSTED_AUTHORITY = 1215,
  HOLDFAST_E_WRONG_NAME = 1220,
  HOLDFAST_E_EXPIRED = 1225,
  HOLDFAST_E_NOT_YET_VALID = 1230,
  HOLDFAST_E_AUTHORITY_EXPIRED = 1235,
  HOLDFAST_E_REVOKED = 1240,
  HOLDFAST_E_BAD_SIGNATURE = 1245,
  HOLDFAST_E_BAD_CERTIFICATE = 1250,
  HOLDFAST_E_WEAK_SIGNATURE = 1255,
  HOLDFAST_E_WEAK_CERTIFICATE_KEY = 1260,
  HOLDFAST_E_AUTHORITY_NOT_FOR_SERVERS = 1265,
  HOLDFAST_E_NAME_NOT_PERMITTED = 1270,
  HOLDFAST_E_CERTIFICATE_TOO_COMPLEX = 1275,
  HOLDFAST_E_PIN_MISMATCH = 1280,
  HOLDFAST_E_CERTIFICATE_REFUSED_BY_CLIENT = 1285,
  HOLDFAST_E_CLIENT_CERTIFICATE_REQUIRED = 1300,
  HOLDFAST_E_CLIENT_CERTIFICATE_REFUSED = 1305,
  HOLDFAST_E_NAME_REFUSED = 1400,
  HOLDFAST_E_SERVER_BUSY = 1405,
  HOLDFAST_E_AUTHENTICATION_REFUSED = 1500,
  HOLDFAST_E_AUTHENTICATION_UNAVAILABLE = 1505,
  HOLDFAST_E_NO_COMMON_MECHANISM = 1510,
  HOLDFAST_E_CREDENTIALS_UNUSABLE = 1515,
  HOLDFAST_E_UNPROTECTED_CREDENTIALS = 1520,
  HOLDFAST_E_SERVER_UNPROVEN = 1525,
  HOLDFAST_E_MALFORMED_GREETING = 1600,
  HOLDFAST_E_UNEXPECTED_RESPONSE = 1605,
  HOLDFAST_E_LINE_TOO_LONG = 1610,
  HOLDFAST_E_TOO_MUCH_DATA = 1615,
  HOLDFAST_E_CLOSED_BEFORE_READY = 1620,
  HOLDFAST_E_STATE_NOT_RESTORED = 1630,
  HOLDFAST_E_MAILBOX_CHANGED = 1635,
};

// Why something failed.
typedef struct holdfast_error holdfast_error;

// Frees an error that was handed out by `error`, not one of
// holdfast_operation_error(). Takes NULL.
void holdfast_error_free(holdfast_error *error);
// One of the codes above. HOLDFAST_OK of NULL, here only: all others below
// return an empty string for NULL.
int holdfast_error_code(const holdfast_error *error);
// "closed_during_handshake"
const char *holdfast_error_name(const holdfast_error *error);
// "tls_intolerance"
const char *holdfast_error_category(const holdfast_error *error);
// What happened, in one sentence.
const char *holdfast_error_message(const holdfast_error *error);
// What to do; may be empty.
const char *holdfast_error_advice(const holdfast_error *error);
// The server's own words as they came, if it said why; may be empty.
const char *holdfast_error_server_text(const holdfast_error *error);
// All of it as `holdfast --json` writes it, with the problems of a certificate.
// The server's words in it are fit to be shown.
const char *holdfast_error_json(const holdfast_error *error);

// `size` bytes of a server's words as UTF-8 that is fit to be shown on one
// line. Control characters, characters that turn the reading direction or that
// are not seen, what is not UTF-8, and backslashes become escapes (\x1b,
// \u{202e}, \xff, \\). Writes at most `room` bytes into `buffer`, a NUL at the
// end, and cuts no character. Returns how many there are without the NUL if
// nothing has to be cut, as snprintf() does. `buffer` may be NULL if `room` is
// 0. Returns 0 if there is no memory.
//
//   char shown[200];
//   holdfast_printable(words, strlen(words), shown, sizeof shown);
//   puts(shown);
size_t holdfast_printable(const void *bytes, size_t size, char *buffer,
                          size_t room);

// ---- Values ----------------------------------------------------------------

// A document of JSON that can be read without a parser: the result of an
// operation, an event, the list of a cache. `path` is a JSON Pointer (RFC
// 6901), such as "/mailboxes/0/name"; "" is the whole. <holdfast/paths.h> has
// constants for them, docs/schema a JSON Schema for each document. Value and
// path may be NULL: then nothing is there.
//
//   const char *code = holdfast_value_text(
//       report, HOLDFAST_PATH_REPORT_ERROR HOLDFAST_PATH_ERROR_CODE);
typedef struct holdfast_value holdfast_value;

// Frees a value that you were given without `const`. Takes NULL.
void holdfast_value_free(holdfast_value *value);
// The text there. NULL if there is nothing, or something else than a text.
// Valid as long as the value.
const char *holdfast_value_text(const holdfast_value *value, const char *path);
// The same with its size: a server's text may have NULs in it. `size` may be
// NULL, and is left alone if there is no text.
const char *holdfast_value_bytes(const holdfast_value *value, const char *path,
                                 size_t *size);
// The name of a member of the object there, by index from 0. NULL beyond the
// last, and if there is no object.
//
//   const char *key;
//   for (size_t i = 0; (key = holdfast_value_key(value, "", i)) != NULL; ++i) {
//     puts(key);
//   }
const char *holdfast_value_key(const holdfast_value *value, const char *path,
                               size_t index);
// The number there, without its fraction; 1 or 0 for true or false. `otherwise`
// if there is nothing, null, or something else.
int64_t holdfast_value_number(const holdfast_value *value, const char *path,
                              int64_t otherwise);
// How many elements the list or object there has. 0 if there is none.
size_t holdfast_value_count(const holdfast_value *value, const char *path);
// The document as text, in ASCII, over several lines. Bytes that are not UTF-8
// are U+FFFD there. "" for NULL, and if there is no memory.
const char *holdfast_value_json(const holdfast_value *value);

// ---- Loops -----------------------------------------------------------------

// What operations and sessions run on. Who may wait needs none: NULL wherever a
// loop is asked for gives what is made a loop of its own, for
// holdfast_operation_wait(). Who has an event loop watches the loop's
// descriptor in it:
//
//   struct pollfd ready = {holdfast_loop_fd(loop), POLLIN, 0};
//   poll(&ready, 1, holdfast_loop_timeout(loop));
//   holdfast_loop_dispatch(loop);
typedef struct holdfast_loop holdfast_loop;

// A new one. Errors: HOLDFAST_E_OUT_OF_RESOURCES.
holdfast_loop *holdfast_loop_new(holdfast_error **error);
// Frees it; what runs on it is abandoned. Not from inside a callback. Takes
// NULL.
void holdfast_loop_free(holdfast_loop *loop);
// The descriptor to watch: readable when there is something to dispatch. It
// stays the same, and is the loop's own. -1 for NULL.
int holdfast_loop_fd(const holdfast_loop *loop);
// How long to wait for the descriptor at most, in milliseconds; -1: for ever.
// Ask for it after each dispatch, and after each call that has begun something.
int holdfast_loop_timeout(const holdfast_loop *loop);
// Does all that can be done without waiting, and calls callbacks. From inside a
// callback it does nothing.
void holdfast_loop_dispatch(holdfast_loop *loop);
// Makes the descriptor readable, so that a wait for it ends. From any thread.
void holdfast_loop_wake(holdfast_loop *loop);

// ---- Operations ------------------------------------------------------------

// Something that has begun and takes its time. Functions that begin one return
// at once, and NULL only if there is no memory for it: every function here
// takes NULL for an operation that has failed with HOLDFAST_E_OUT_OF_RESOURCES.
//
// Either wait for it, or be told:
//
//   holdfast_operation_on_done(operation, OnDone, data);
typedef struct holdfast_operation holdfast_operation;

// Called once, on the loop's thread; may free the operation.
typedef void (*holdfast_done_function)(void *data,
                                       holdfast_operation *operation);

// Abandons it if it is not done: a connect is given up; a session's command is
// carried out all the same. From inside a callback too, even its own, but not
// from inside a socket function.
void holdfast_operation_free(holdfast_operation *operation);
// Runs its loop until it is done. Returns HOLDFAST_OK, or the code of its
// error. From inside a callback it returns HOLDFAST_E_INVALID_ARGUMENT at once;
// HOLDFAST_E_CANCELLED if a callback has freed the operation meanwhile.
int holdfast_operation_wait(holdfast_operation *operation);
// Returns 1 once it is done, also with an error; else 0.
int holdfast_operation_done(const holdfast_operation *operation);
// Calls `on_done` once, from holdfast_loop_dispatch() or
// holdfast_operation_wait(), never from inside this call; soon if it is done
// already. A later call replaces the function of an earlier one. NULL: nobody
// is told.
void holdfast_operation_on_done(holdfast_operation *operation,
                                holdfast_done_function on_done, void *data);
// Ends a connect or signing in with HOLDFAST_E_CANCELLED, soon. Of a session's
// command: nothing happens; see holdfast_session_cancel().
void holdfast_operation_cancel(holdfast_operation *operation);
// Its error. NULL if it has succeeded, or is not done. The operation's own.
const holdfast_error *holdfast_operation_error(
    const holdfast_operation *operation);
// What came of it, a document; which one is said where the operation is begun.
// Empty until it is done, and after an error, but for holdfast_connect() and
// its like, holdfast_connection_sign_in() and holdfast_smtp_send(), which tell
// what was known until then. The operation's own. NULL for NULL.
const holdfast_value *holdfast_operation_result(
    const holdfast_operation *operation);

// ---- Clients ---------------------------------------------------------------

// The settings of connections. Set it up on one thread; then it may be used by
// any. What is changed later counts for what begins later. A setting that fails
// leaves all as it was.
//
// The files that say whom to trust are read when something first connects, or
// opens a session, and once more after they were changed here. That is then
// what fails: HOLDFAST_E_INVALID_ARGUMENT if settings do not go together,
// HOLDFAST_E_TRUST_UNREADABLE, HOLDFAST_E_NO_TRUST_ANCHORS,
// HOLDFAST_E_TLS_SETUP_FAILED. Below these are the errors of the first use.
typedef struct holdfast_client holdfast_client;
// See below.
typedef struct holdfast_cache holdfast_cache;

// With the system's authorities, TLS 1.2 to 1.3, 30 seconds for a connect, a
// file that remembers hosts. NSS is not started yet: the first use does that,
// or joins it as a guest where the process has it running already.
//
//   holdfast_client *client = holdfast_client_new(&error);
//   holdfast_client_add_ca_file(client, "/etc/my_ca.pem", &error);
holdfast_client *holdfast_client_new(holdfast_error **error);
// Frees it. What it has begun goes on. Takes NULL.
void holdfast_client_free(holdfast_client *client);

// Whether the system's authorities are trusted (core/trust/trust.h). At first
// they are; not if `use` is 0. Without any other HOLDFAST_E_NO_TRUST_ANCHORS at
// the first use.
int holdfast_client_set_system_roots(holdfast_client *client, int use,
                                     holdfast_error **error);
// A PEM file with authorities to trust too. At first there is none.
// HOLDFAST_E_TRUST_UNREADABLE at the first use if it cannot be read, or has
// none.
int holdfast_client_add_ca_file(holdfast_client *client, const char *path,
                                holdfast_error **error);
// A directory with an NSS database whose authorities are trusted too; NULL, as
// at first: none. HOLDFAST_E_TRUST_UNREADABLE at the first use if it has no
// cert9.db.
int holdfast_client_set_nss_database(holdfast_client *client,
                                     const char *directory,
                                     holdfast_error **error);
// "sha256//BASE64" of the server's key, which replaces the checks of issuer,
// name and dates. At first there is none; of several one must fit. Errors:
// HOLDFAST_E_INVALID_PIN.
int holdfast_client_add_pin(holdfast_client *client, const char *pin,
                            holdfast_error **error);
// Not 0: connects to anybody. At first 0. Such a connection gets no
// credentials, and nothing is remembered of it.
int holdfast_client_danger_accept_any_certificate(holdfast_client *client,
                                                  int accept,
                                                  holdfast_error **error);
// A client certificate in PEM, with its key (PKCS#8, not encrypted), which are
// read at once; NULL, as at first: none. Starts NSS. Errors:
// HOLDFAST_E_CLIENT_IDENTITY_UNUSABLE, HOLDFAST_E_TLS_SETUP_FAILED.
int holdfast_client_set_identity(holdfast_client *client,
                                 const char *certificate_path,
                                 const char *key_path, holdfast_error **error);

// The lowest and the highest TLS version, at first "1.2" and "1.3". "1.0" and
// "1.1" are not safe: only for a host whose user insists. Errors:
// HOLDFAST_E_INVALID_ARGUMENT for another text,
// HOLDFAST_E_INVALID_VERSION_RANGE.
//
//   holdfast_client_set_versions(client, "1.2", "1.3", &error);
int holdfast_client_set_versions(holdfast_client *client, const char *min,
                                 const char *max, holdfast_error **error);
// Whether a server that chokes on the full offer is offered less. At first it
// is; 0: one attempt, nothing is reduced.
int holdfast_client_set_fallback(holdfast_client *client, int fallback,
                                 holdfast_error **error);

enum {
  // One connect with all its attempts, look-up included. 30 s.
  HOLDFAST_TIME_CONNECT = 0,
  // Each answer while somebody signs in. 60 s.
  HOLDFAST_TIME_SIGN_IN = 1,
  // A session's server may be silent for so long while an answer is due. 60 s.
  HOLDFAST_TIME_PATIENCE = 2,
  // An IDLE is begun anew after it. 28 minutes.
  HOLDFAST_TIME_IDLE_RENEWAL = 3,
  // The least that an attempt may take, however many are to come. 4 s.
  HOLDFAST_TIME_MIN_ATTEMPT = 4,
  // How long a server may leave a hello unanswered before less is offered
  // beside it. 2 s.
  HOLDFAST_TIME_HEDGE_DELAY = 5,
  // The pause before a session dials again doubles from the first, 500 ms, to
  // the longest, 60 s.
  HOLDFAST_TIME_FIRST_REDIAL_PAUSE = 6,
  HOLDFAST_TIME_LONGEST_REDIAL_PAUSE = 7,
  // At least, after a server that asked for peace. 30 s.
  HOLDFAST_TIME_PAUSE_AFTER_REFUSAL = 8,
  // How long the cache keeps what a host has proven, 30 days, and what it has
  // needed: a version, 1 to 30 days, or a feature, 1 hour to 1 day.
  HOLDFAST_TIME_PROOF_LIFETIME = 9,
  HOLDFAST_TIME_FIRST_VERSION_LIFETIME = 10,
  HOLDFAST_TIME_LONGEST_VERSION_LIFETIME = 11,
  HOLDFAST_TIME_FIRST_FEATURE_LIFETIME = 12,
  HOLDFAST_TIME_LONGEST_FEATURE_LIFETIME = 13,
};
// Sets one of these times. Errors: HOLDFAST_E_INVALID_ARGUMENT for another one,
// or if `milliseconds` is not above 0.
//
//   holdfast_client_set_time(client, HOLDFAST_TIME_CONNECT, 10000, &error);
int holdfast_client_set_time(holdfast_client *client, int which,
                             int64_t milliseconds, holdfast_error **error);

enum {
  // Of one connect. 8.
  HOLDFAST_COUNT_MAX_ATTEMPTS = 0,
  // A host of proven tolerance gets the full offer on so many addresses. 3.
  HOLDFAST_COUNT_ADDRESSES_FOR_PROVEN_HOST = 1,
  // How often credentials are asked for, on one connection. 3.
  HOLDFAST_COUNT_MAX_SIGN_IN_TRIES = 2,
  // One command is begun again so often, after lost connections. 3.
  HOLDFAST_COUNT_MAX_REPEATS = 3,
  // Dials in a row that may fail to bring a session's connection back. 6.
  HOLDFAST_COUNT_MAX_REDIALS = 4,
};
// Sets one of these numbers. Errors: HOLDFAST_E_INVALID_ARGUMENT for another
// one, or if `count` is negative.
int holdfast_client_set_count(holdfast_client *client, int which, int count,
                              holdfast_error **error);

// Part of the cache's key, such as the name of a network. NULL and "", as at
// first: none.
int holdfast_client_set_scope(holdfast_client *client, const char *scope,
                              holdfast_error **error);
// What is known of hosts; NULL, as at first: the client's own file.
int holdfast_client_set_cache(holdfast_client *client, holdfast_cache *cache,
                              holdfast_error **error);
// The client's own file, shared with other processes; NULL: in memory. At first
// holdfast/hosts.db in $XDG_STATE_HOME or ~/.local/state. A file that cannot be
// used is no error: hosts are remembered in memory then.
int holdfast_client_set_cache_file(holdfast_client *client, const char *path,
                                   holdfast_error **error);
// Where the secrets of every connection go, for Wireshark; NULL, as at first:
// nowhere. Opens the file at once; a new one is readable by its owner alone.
// Errors: HOLDFAST_E_KEY_LOG_UNWRITABLE, HOLDFAST_E_TLS_SETUP_FAILED.
int holdfast_client_set_key_log_file(holdfast_client *client, const char *path,
                                     holdfast_error **error);

// The way to servers (docs/control.md): "socks5://[user:password@]host[:port]"
// or "http://..."; NULL, as at first: straight there. Errors:
// HOLDFAST_E_INVALID_PROXY, which does not repeat the text.
int holdfast_client_set_proxy(holdfast_client *client, const char *url,
                              holdfast_error **error);
// An IPv4 or IPv6 address of this machine to connect from; one of each may be
// added. At first the system chooses. Errors: HOLDFAST_E_INVALID_HOST,
// HOLDFAST_E_INVALID_ARGUMENT for a name. A connect fails with
// HOLDFAST_E_LOCAL_ADDRESS_UNUSABLE if this machine has no such address.
int holdfast_client_add_bind_address(holdfast_client *client,
                                     const char *address,
                                     holdfast_error **error);

// An answer to a look-up.
typedef struct holdfast_addresses holdfast_addresses;
// An IP address as text. Returns HOLDFAST_OK, or HOLDFAST_E_INVALID_HOST.
int holdfast_addresses_add(holdfast_addresses *addresses, const char *address);
// In place of getaddrinfo: called on a thread of its own, may block, and may
// outlive the connect; adds to `addresses` in order of preference. Returns 0,
// or anything else for a host that was not found. NULL: getaddrinfo again.
typedef int (*holdfast_resolve_function)(void *data, const char *host,
                                         uint16_t port,
                                         holdfast_addresses *addresses);
// Who looks names up. NULL, as at first: getaddrinfo().
int holdfast_client_set_resolver(holdfast_client *client,
                                 holdfast_resolve_function resolve, void *data,
                                 holdfast_error **error);

// A connection that is wanted from a socket function.
typedef struct holdfast_socket_request holdfast_socket_request;
// A name in A-labels, or an IP address.
const char *holdfast_socket_request_host(
    const holdfast_socket_request *request);
// Its port.
uint16_t holdfast_socket_request_port(const holdfast_socket_request *request);
// Ends the request with a connected stream socket, which is Holdfast's from
// then on; -1: there is none to be had, `why` in words. `through_proxy`: not 0
// if anything but the network stands between, such as a proxy: an end of the
// connection is then not taken for the server's.
void holdfast_socket_request_answer(holdfast_socket_request *request, int fd,
                                    int through_proxy, const char *why);
// Makes connections: one for each attempt, for a retry is a new socket. Names
// are not looked up then. Called on the loop's thread; must not destroy what
// asks. Answers at once or later, on any thread, at any time, each request
// once, also when the connect has ended meanwhile, or the loop.
typedef void (*holdfast_socket_function)(void *data,
                                         holdfast_socket_request *request);
// Who makes connections. NULL, as at first: TCP.
int holdfast_client_set_socket_function(holdfast_client *client,
                                        holdfast_socket_function function,
                                        void *data, holdfast_error **error);

// Seconds since 1970, for certificates and the cache. Any thread may call it.
// NULL: the system's.
typedef int64_t (*holdfast_clock_function)(void *data);
// Who tells the time. NULL, as at first: the system.
int holdfast_client_set_clock(holdfast_client *client,
                              holdfast_clock_function clock, void *data,
                              holdfast_error **error);

// What happens, as it happens (core/base/event_log.h): event.schema.json.
// Called on the loop's thread; may not free what it tells of. The value is
// valid for the call. Events hold no secrets.
typedef void (*holdfast_event_function)(void *data,
                                        const holdfast_value *event);
// Who is told of events. NULL, as at first: nobody.
int holdfast_client_set_event_function(holdfast_client *client,
                                       holdfast_event_function on_event,
                                       void *data, holdfast_error **error);

// ---- Certificate questions -------------------------------------------------

// Whether a certificate is good enough. Yours until it is answered.
typedef struct holdfast_certificate_question holdfast_certificate_question;

enum {
  // Good if no problem was found.
  HOLDFAST_CERTIFICATE_AS_FOUND = 0,
  HOLDFAST_CERTIFICATE_REFUSE = 1,
  // Whoever it may be: no credentials pass, nothing is remembered.
  HOLDFAST_CERTIFICATE_CONNECT_UNVERIFIED = 2,
  // You know this certificate from elsewhere, as your user has compared its
  // fingerprint: credentials may pass.
  HOLDFAST_CERTIFICATE_TRUST = 3,
};

// The certificate, its problems and the host: certificate-question.schema.json.
// Problems: all that were found; none: it is good. The question's own.
const holdfast_value *holdfast_certificate_question_value(
    const holdfast_certificate_question *question);
// The chain as the server sent it, DER, its own certificate first; NULL beyond
// the last. `size` may be NULL.
const unsigned char *holdfast_certificate_question_der(
    const holdfast_certificate_question *question, size_t index, size_t *size);
// Ends and frees the question. What is none of the constants refuses.
void holdfast_certificate_question_answer(
    holdfast_certificate_question *question, int decision);

// Asked of every certificate, on the loop's thread, once for each attempt that
// comes so far. Answers at once or later, on the same thread, each question
// once, also when the connect has ended meanwhile. The time that it takes
// counts against the connect's.
typedef void (*holdfast_certificate_function)(
    void *data, holdfast_certificate_question *question);
// Who decides on certificates. NULL, as at first: the problems decide.
int holdfast_client_set_certificate_function(
    holdfast_client *client, holdfast_certificate_function on_certificate,
    void *data, holdfast_error **error);

// A server's certificates to be verified by you, in place of all that Holdfast
// checks. Yours until it is answered.
typedef struct holdfast_verification holdfast_verification;

// Whose certificates they should be: a host name or an address.
const char *holdfast_verification_host(
    const holdfast_verification *verification);
// What the server sent, DER, its own certificate first; NULL beyond the last.
const unsigned char *holdfast_verification_certificate(
    const holdfast_verification *verification, size_t index, size_t *size);
// OCSP responses that came with it, DER; NULL beyond the last.
const unsigned char *holdfast_verification_staple(
    const holdfast_verification *verification, size_t index, size_t *size);
// Ends and frees it. `code` is 0 if the certificates are good, else an error of
// category "certificate" (any other counts as
// HOLDFAST_E_CERTIFICATE_REFUSED_BY_CLIENT); `detail` says in plain words what
// is wrong, and may be NULL.
void holdfast_verification_answer(holdfast_verification *verification, int code,
                                  const char *detail);

// Asked once for each handshake that comes so far, on the loop's thread.
// Answers at once or later, on the same thread, each once, also when the
// connect has ended meanwhile. The time that it takes counts against the
// connect's.
typedef void (*holdfast_verifier)(void *data,
                                  holdfast_verification *verification);
// Who verifies certificates. NULL, as at first: Holdfast.
// holdfast_client_add_ca_file() and its like do not go with a verifier:
// HOLDFAST_E_INVALID_ARGUMENT at the first use. What it accepts counts as
// verified: credentials may pass, and the cache learns.
int holdfast_client_set_verifier(holdfast_client *client,
                                 holdfast_verifier verifier, void *data,
                                 holdfast_error **error);

// ---- Credentials -----------------------------------------------------------

// Where user names, passwords and tokens come from. They are asked for inside
// TLS with a verified certificate only, whoever holds them.
typedef struct holdfast_credentials holdfast_credentials;

// Frees them. Sessions that use them keep them. Takes NULL.
void holdfast_credentials_free(holdfast_credentials *credentials);
// A user and a password. They are given once for each connection; a server that
// refuses them ends the signing in with HOLDFAST_E_AUTHENTICATION_REFUSED.
holdfast_credentials *holdfast_credentials_new_password(const char *user,
                                                        const char *password,
                                                        holdfast_error **error);
// The same of an OAuth access token (RFC 6750).
holdfast_credentials *holdfast_credentials_new_token(const char *user,
                                                     const char *token,
                                                     holdfast_error **error);
// The client's certificate says who it is (SASL EXTERNAL): see
// holdfast_client_set_identity().
holdfast_credentials *holdfast_credentials_new_certificate(
    holdfast_error **error);

// What may be asked for.
enum {
  HOLDFAST_CREDENTIAL_PASSWORD = 1,
  HOLDFAST_CREDENTIAL_TOKEN = 2,
  HOLDFAST_CREDENTIAL_CERTIFICATE = 4,
  // To sign in as nobody (SASL ANONYMOUS).
  HOLDFAST_CREDENTIAL_NONE = 8,
};
// Why.
enum {
  HOLDFAST_REASON_FIRST = 0,
  // What was given last was refused.
  HOLDFAST_REASON_REFUSED = 1,
  // What was given last was right once.
  HOLDFAST_REASON_EXPIRED = 2,
};
// What is wanted of a credentials function. Yours until it is answered.
typedef struct holdfast_credentials_question holdfast_credentials_question;
// One of HOLDFAST_CREDENTIAL_...
int holdfast_credentials_question_kind(
    const holdfast_credentials_question *question);
// One of HOLDFAST_REASON_...
int holdfast_credentials_question_reason(
    const holdfast_credentials_question *question);
// The server's words as they came when it refused; may be empty.
const char *holdfast_credentials_question_server_text(
    const holdfast_credentials_question *question);
// The mechanism that they will be used with: "SCRAM-SHA-256".
const char *holdfast_credentials_question_mechanism(
    const holdfast_credentials_question *question);
// These end and free the question. `secret` may be NULL where the kind has
// none; it is copied, and the copy wiped after use.
void holdfast_credentials_question_answer(
    holdfast_credentials_question *question, const char *user,
    const char *secret);
// The same, for the mailbox of another user (RFC 4422, 2); NULL: one's own.
void holdfast_credentials_question_answer_as(
    holdfast_credentials_question *question, const char *user,
    const char *secret, const char *act_as);
// There are none to be had: signing in ends with
// HOLDFAST_E_CREDENTIALS_UNREADABLE, with `why` as the message. `why` may be
// NULL.
void holdfast_credentials_question_decline(
    holdfast_credentials_question *question, const char *why);

// Asks a user, a keyring, a token server. Called on the loop's thread; answers
// at once or later, on the same thread, each question once.
typedef void (*holdfast_credentials_function)(
    void *data, holdfast_credentials_question *question);
// Credentials that a function gives. `kinds`: HOLDFAST_CREDENTIAL_... added up.
//
//   holdfast_credentials_new(
//       HOLDFAST_CREDENTIAL_PASSWORD | HOLDFAST_CREDENTIAL_TOKEN, Ask, data,
//       &error);
holdfast_credentials *holdfast_credentials_new(
    int kinds, holdfast_credentials_function ask, void *data,
    holdfast_error **error);
// Only this SASL mechanism, such as "SCRAM-SHA-256"; NULL, as at first: the
// strongest that both sides know. Errors: HOLDFAST_E_INVALID_ARGUMENT if it is
// not known.
int holdfast_credentials_set_mechanism(holdfast_credentials *credentials,
                                       const char *mechanism,
                                       holdfast_error **error);

// ---- Connections -----------------------------------------------------------

// For clients with protocol code of their own.
typedef struct holdfast_connection holdfast_connection;

// `target`: "imaps://host[:port]" (TLS from the first byte), "imap://..."
// (STARTTLS), and their like with pop3, smtp, submission, nntp; never
// plaintext. Result: report.schema.json, after a failure too, unless nothing
// was begun. Errors: HOLDFAST_E_INVALID_TARGET, HOLDFAST_E_INVALID_HOST; those
// of the client's first use; HOLDFAST_E_CANCELLED; whatever keeps it from a
// connection (docs/errors.md).
holdfast_operation *holdfast_connect(const holdfast_client *client,
                                     holdfast_loop *loop, const char *target);

enum {
  HOLDFAST_IMAP = 0,
  HOLDFAST_POP3 = 1,
  HOLDFAST_SMTP = 2,
  HOLDFAST_SUBMISSION = 3,
  HOLDFAST_NNTP = 4,
};
// `host`: "mail.example.org", whose port may follow. `protocol`: one of the
// above. TLS from the first byte is tried, and then STARTTLS, each on its own
// port. The same result and errors; HOLDFAST_E_INVALID_ARGUMENT for another
// protocol.
holdfast_operation *holdfast_connect_any_way(const holdfast_client *client,
                                             holdfast_loop *loop, int protocol,
                                             const char *host);

// What the server accepts and what it chokes on: some ten connections, one
// after the other. Neither credentials nor the client's certificate are sent,
// and no cache is read or written. The client's connect time is that of each.
// `target` as for holdfast_connect(). Result: probe.schema.json; HOLDFAST_OK
// even if the server was not reached, which the result tells. Errors:
// HOLDFAST_E_INVALID_TARGET, HOLDFAST_E_INVALID_HOST; those of the client's
// first use.
holdfast_operation *holdfast_probe(const holdfast_client *client,
                                   holdfast_loop *loop, const char *target);
// The connection of a connect that succeeded; NULL of anything else, and if it
// was taken before.
holdfast_connection *holdfast_operation_take_connection(
    holdfast_operation *operation);
// Closes it. Takes NULL.
void holdfast_connection_free(holdfast_connection *connection);

// Signs in. The connection is busy until it is done, and is closed only after
// the operation was freed. Result: sign-in.schema.json, after an error too.
// Errors: HOLDFAST_E_AUTHENTICATION_REFUSED,
// HOLDFAST_E_AUTHENTICATION_UNAVAILABLE, HOLDFAST_E_NO_COMMON_MECHANISM,
// HOLDFAST_E_SERVER_UNPROVEN, HOLDFAST_E_UNPROTECTED_CREDENTIALS,
// HOLDFAST_E_CREDENTIALS_UNUSABLE, HOLDFAST_E_CREDENTIALS_UNREADABLE,
// HOLDFAST_E_CANCELLED, HOLDFAST_E_RESPONSE_TIMED_OUT,
// HOLDFAST_E_UNEXPECTED_RESPONSE; a connection that breaks. After
// HOLDFAST_E_AUTHENTICATION_REFUSED, HOLDFAST_E_NO_COMMON_MECHANISM and
// HOLDFAST_E_UNPROTECTED_CREDENTIALS the connection may be used on.
holdfast_operation *holdfast_connection_sign_in(
    holdfast_connection *connection, holdfast_loop *loop,
    const holdfast_credentials *credentials);

// Waits for bytes, `timeout` milliseconds at most; negative: no limit. `*got`
// is at least 1; 0 at the end of the stream. Errors:
// HOLDFAST_E_RESPONSE_TIMED_OUT; a connection that breaks.
int holdfast_connection_read(holdfast_connection *connection, void *buffer,
                             size_t size, int timeout, size_t *got,
                             holdfast_error **error);
// Waits until all is sent, `timeout` milliseconds at most; negative: no limit.
// After an error it is not known how much was sent. The same errors.
int holdfast_connection_write(holdfast_connection *connection,
                              const void *bytes, size_t size, int timeout,
                              holdfast_error **error);

// Does not wait, but returns HOLDFAST_WOULD_BLOCK: then wait until
// holdfast_connection_fd() is ready for holdfast_connection_events(). `*got` is
// 0 at the end of the stream. Errors: a connection that breaks.
//
//   struct pollfd ready = {holdfast_connection_fd(connection),
//                          holdfast_connection_events(connection), 0};
int holdfast_connection_try_read(holdfast_connection *connection, void *buffer,
                                 size_t size, size_t *got,
                                 holdfast_error **error);
// The same for sending. A call that has sent less than all must be followed by
// one that begins with the rest.
int holdfast_connection_try_write(holdfast_connection *connection,
                                  const void *bytes, size_t size, size_t *sent,
                                  holdfast_error **error);
// The descriptor to wait for, and to do nothing else with. -1 for NULL.
int holdfast_connection_fd(const holdfast_connection *connection);
// POLLIN, POLLOUT or both, as poll(2) takes them.
short holdfast_connection_events(const holdfast_connection *connection);
// Not 0: a read would return bytes of which the descriptor tells nothing.
int holdfast_connection_pending(const holdfast_connection *connection);
// Not 0: the stream ended without a farewell of TLS: what came may not be all.
int holdfast_connection_truncated(const holdfast_connection *connection);
// What was read but is not the reader's is read again, first.
int holdfast_connection_unread(holdfast_connection *connection,
                               const void *bytes, size_t size,
                               holdfast_error **error);
// Sends TLS's farewell, and ends the sending side.
void holdfast_connection_shutdown(holdfast_connection *connection);
// The server's greeting, as it came.
const char *holdfast_connection_greeting(const holdfast_connection *connection);
// As it came; by index from 0, NULL beyond the last.
const char *holdfast_connection_capability(
    const holdfast_connection *connection, size_t index);
// For code that knows descriptors only: a blocking stream socket, yours to
// close, whose other end Holdfast encrypts on a thread of its own. Frees the
// connection, whatever it returns. Errors: HOLDFAST_E_OUT_OF_RESOURCES.
int holdfast_connection_take_fd(holdfast_connection *connection, int *fd,
                                holdfast_error **error);

// ---- Sessions --------------------------------------------------------------

// A session signs in, comes back when its connection is lost, restores its
// state, and repeats the interrupted command if that does no harm;
// docs/embedding.md says what is yours to do. It connects with the first
// command. Commands run one after the other. A server's refusal is an answer,
// not an error: "/ok" in the result is 0, and "/words" holds its words.
//
// Errors of every command: HOLDFAST_E_INVALID_ARGUMENT for what cannot be sent,
// and in a session of another protocol; HOLDFAST_E_SESSION_CLOSED,
// HOLDFAST_E_CANCELLED; those of holdfast_connect() and of
// holdfast_connection_sign_in(); HOLDFAST_E_SERVER_BUSY,
// HOLDFAST_E_UNEXPECTED_RESPONSE, HOLDFAST_E_LINE_TOO_LONG,
// HOLDFAST_E_TOO_MUCH_DATA. After a loss: HOLDFAST_E_CONNECTION_LOST if the
// command could not be repeated, HOLDFAST_E_STATE_NOT_RESTORED. A command that
// changes something is not repeated: HOLDFAST_E_OUTCOME_UNKNOWN if it is not
// known whether it was carried out. After an error the session may be used on.
typedef struct holdfast_session holdfast_session;

// `target` as for holdfast_connect(). `credentials` may be NULL: nobody signs
// in. Errors: HOLDFAST_E_INVALID_TARGET, HOLDFAST_E_INVALID_HOST; those of the
// client's first use.
holdfast_session *holdfast_session_new(const holdfast_client *client,
                                       holdfast_loop *loop, const char *target,
                                       const holdfast_credentials *credentials,
                                       holdfast_error **error);
// The same as holdfast_connect_any_way(). HOLDFAST_E_INVALID_ARGUMENT for
// another protocol, too.
holdfast_session *holdfast_session_new_any_way(
    const holdfast_client *client, holdfast_loop *loop, int protocol,
    const char *host, const holdfast_credentials *credentials,
    holdfast_error **error);
// Closes the connection, without a farewell: see the protocol's own. What runs
// ends with HOLDFAST_E_SESSION_CLOSED. From inside a callback too.
void holdfast_session_free(holdfast_session *session);
// From any thread: what runs, and what is run later, ends with
// HOLDFAST_E_CANCELLED.
void holdfast_session_cancel(holdfast_session *session);
// Not 0: there is a connection, signed in.
int holdfast_session_connected(const holdfast_session *session);
// The report of the last connect: report.schema.json; NULL before the first.
// Valid until the next call.
const holdfast_value *holdfast_session_report(holdfast_session *session);
// What the server says that it can do, as it came; by index from 0, NULL beyond
// the last, and without a connection. Valid until something runs.
const char *holdfast_session_capability(const holdfast_session *session,
                                        size_t index);
// Connects and signs in, before the first command. Result: {}. Errors: those of
// holdfast_connect() and of holdfast_connection_sign_in().
holdfast_operation *holdfast_session_connect(holdfast_session *session);

// Where a message goes that comes.
typedef struct holdfast_sink holdfast_sink;
// What comes for it later is dropped.
void holdfast_sink_free(holdfast_sink *sink);
// One that keeps all of it in memory.
holdfast_sink *holdfast_sink_new_memory(holdfast_error **error);
// What is there; it may hold NULs. Valid until something more comes. NULL of a
// sink of your own functions.
const char *holdfast_sink_bytes(const holdfast_sink *sink, size_t *size);
// `begin`: drop what came before, it comes again; also called at first. `add`:
// returns 0, or anything else to end the command, with
// HOLDFAST_E_OUTPUT_FAILED, and the connection. Both on the loop's thread.
typedef void (*holdfast_sink_begin_function)(void *data);
// See holdfast_sink_begin_function.
typedef int (*holdfast_sink_add_function)(void *data, const char *bytes,
                                          size_t size);
// One that hands what comes on to functions.
holdfast_sink *holdfast_sink_new(holdfast_sink_begin_function begin,
                                 holdfast_sink_add_function add, void *data,
                                 holdfast_error **error);
// How many bytes are to come; after a sink's begin function, and only where the
// server tells: of a message of IMAP.
typedef void (*holdfast_sink_size_function)(void *data, uint64_t bytes);
// Who is told the size. NULL, as at first: nobody.
int holdfast_sink_set_size_function(holdfast_sink *sink,
                                    holdfast_sink_size_function on_size,
                                    void *data, holdfast_error **error);

// A message to be sent; more than once if you like, by one session at a time.
typedef struct holdfast_message holdfast_message;
// Its functions are not called any more: what sends it then fails, if it has
// not read all of it.
void holdfast_message_free(holdfast_message *message);
// Of bytes in memory, which are copied.
holdfast_message *holdfast_message_new_memory(const void *bytes, size_t size,
                                              holdfast_error **error);
// Of a file, which is read when it is sent. Errors:
// HOLDFAST_E_MESSAGE_UNREADABLE if it cannot be opened.
holdfast_message *holdfast_message_open(const char *path,
                                        holdfast_error **error);
// Of `size` bytes, in pieces. `rewind`: back to the first byte. `read`: fills
// `buffer` and returns how many bytes; 0 at the end; -1: it cannot be read. On
// the loop's thread, and without waiting. A message of functions that is freed
// while it is sent ends that with HOLDFAST_E_MESSAGE_UNREADABLE; others go on.
typedef int (*holdfast_message_rewind_function)(void *data);
// See holdfast_message_new().
typedef ptrdiff_t (*holdfast_message_read_function)(void *data, void *buffer,
                                                    size_t size);
// Asks functions for it.
holdfast_message *holdfast_message_new(uint64_t size,
                                       holdfast_message_rewind_function rewind,
                                       holdfast_message_read_function read,
                                       void *data, holdfast_error **error);

// ---- IMAP (RFC 9051, RFC 3501) ---------------------------------------------

// Every result has what imap-answer.schema.json tells of: {"ok", "kind": "OK",
// "NO" or "BAD", "code", "arguments", "words"}, and what is said below. Lists
// of text end with NULL; NULL is an empty one. Mailbox names are UTF-8.
//
// Beside the errors of every command: HOLDFAST_E_MAILBOX_CHANGED of one with
// UIDs if the mailbox is another one after a loss.

// What the server says unasked: imap-update.schema.json. Valid for the call.
// May free the session.
typedef void (*holdfast_update_function)(void *data,
                                         const holdfast_value *update);
// Who is told of updates. NULL, as at first: nobody. Set it before the first
// command. Errors: HOLDFAST_E_INVALID_ARGUMENT in a session of another
// protocol.
int holdfast_imap_set_update_function(holdfast_session *session,
                                      holdfast_update_function on_update,
                                      void *data, holdfast_error **error);

// Selects it, and again after a loss. Result: imap-mailbox.schema.json.
holdfast_operation *holdfast_imap_select(holdfast_session *session,
                                         const char *mailbox);
// The same, read-only.
holdfast_operation *holdfast_imap_examine(holdfast_session *session,
                                          const char *mailbox);
// The mailboxes that fit `pattern`, with "*" for any letters and "%" for those
// of one level. Result: imap-list.schema.json.
holdfast_operation *holdfast_imap_list(holdfast_session *session,
                                       const char *pattern);
// Numbers of a mailbox that need not be selected. Result:
// imap-status.schema.json.
//
//   const char *const items[] = {"MESSAGES", "UNSEEN", NULL};
//   holdfast_imap_status(session, "INBOX", items);
holdfast_operation *holdfast_imap_status(holdfast_session *session,
                                         const char *mailbox,
                                         const char *const *items);
// The UIDs of the messages that fit `criteria` (RFC 9051, 6.4.4); each word "?"
// in them stands for the next of `strings`. Result: imap-search.schema.json.
// HOLDFAST_E_INVALID_ARGUMENT if there are more or fewer strings.
//
//   const char *const strings[] = {"holiday", NULL};
//   holdfast_imap_search(session, "UNSEEN SUBJECT ?", strings);
holdfast_operation *holdfast_imap_search(holdfast_session *session,
                                         const char *criteria,
                                         const char *const *strings);

// A message: imap-message.schema.json. Valid for the call. NULL for all of it:
// the fetch begins, perhaps anew after a loss; drop what came.
typedef void (*holdfast_imap_message_function)(void *data,
                                               const holdfast_value *message);
// `uids`: "1:5,7,20:*". `items`: "FLAGS", "ENVELOPE", "BODY.PEEK[HEADER]". More
// than 1 MiB of sections of one message ends it with HOLDFAST_E_TOO_MUCH_DATA:
// they are for holdfast_imap_fetch_body(). Messages are given until the
// operation is freed. Result: imap-fetch.schema.json.
//
//   const char *const items[] = {"FLAGS", "ENVELOPE", NULL};
//   holdfast_imap_fetch(session, "1:*", items, OnMessage, data);
holdfast_operation *holdfast_imap_fetch(
    holdfast_session *session, const char *uids, const char *const *items,
    holdfast_imap_message_function on_message, void *data);
// One section, "" for all of it, of any size, without marking it as seen. The
// sink's HOLDFAST_E_OUTPUT_FAILED. Result: imap-fetch.schema.json; "/messages"
// is 0 if there is no such message.
holdfast_operation *holdfast_imap_fetch_body(holdfast_session *session,
                                             uint32_t uid, const char *section,
                                             holdfast_sink *sink);
// Puts a message into a mailbox. Its line ends are CRLF already. `date`: when
// it was received, in seconds since 1970; negative: now. Never repeated by
// itself. HOLDFAST_E_MESSAGE_UNREADABLE if it cannot be read. Result:
// imap-append.schema.json.
holdfast_operation *holdfast_imap_append(holdfast_session *session,
                                         const char *mailbox,
                                         const char *const *flags, int64_t date,
                                         const holdfast_message *message);

enum {
  HOLDFAST_IMAP_ADD = 0,
  HOLDFAST_IMAP_REMOVE = 1,
  HOLDFAST_IMAP_REPLACE = 2,
};
// Changes flags: `how` is one of the above. What becomes of them is told as
// updates. Never repeated by itself. HOLDFAST_E_INVALID_ARGUMENT for another
// `how`. Result: imap-answer.schema.json.
holdfast_operation *holdfast_imap_store(holdfast_session *session,
                                        const char *uids, int how,
                                        const char *const *flags);
// Copies messages. Never repeated by itself. Result: imap-copy.schema.json.
holdfast_operation *holdfast_imap_copy(holdfast_session *session,
                                       const char *uids, const char *mailbox);
// The same, and the messages are gone from here (RFC 6851). A server that does
// not know it says "BAD".
holdfast_operation *holdfast_imap_move(holdfast_session *session,
                                       const char *uids, const char *mailbox);
// Removes those that are marked as deleted for good (RFC 4315). Never repeated
// by itself. A server that does not know it says "BAD". Result:
// imap-answer.schema.json.
holdfast_operation *holdfast_imap_expunge(holdfast_session *session,
                                          const char *uids);
// Enables extensions (RFC 5161), and again after a loss. Result:
// imap-enable.schema.json.
holdfast_operation *holdfast_imap_enable(holdfast_session *session,
                                         const char *const *capabilities);
// News come as updates until holdfast_imap_end_idle(), or until the operation
// is freed (RFC 2177). Commands wait meanwhile. Result:
// imap-answer.schema.json.
holdfast_operation *holdfast_imap_idle(holdfast_session *session);
// Ends it: the operation is done once the server has said so. Does nothing to
// any other operation.
void holdfast_imap_end_idle(holdfast_operation *idle);
// Asks for news. Result: imap-answer.schema.json.
holdfast_operation *holdfast_imap_noop(holdfast_session *session);
// Ends the connection; a server that hangs up has agreed. Result: {}.
holdfast_operation *holdfast_imap_logout(holdfast_session *session);

enum {
  // It changes nothing: it is repeated if the connection is lost.
  HOLDFAST_ON_LOSS_REPEAT = 0,
  // It would mean something else on another connection.
  HOLDFAST_ON_LOSS_GIVE_UP = 1,
  // It changes something: HOLDFAST_E_OUTCOME_UNKNOWN.
  HOLDFAST_ON_LOSS_UNKNOWN = 2,
};
// Any other command, but none that selects or enables something. `words` as
// with holdfast_imap_search(); each word "@" stands for the next of `strings`,
// too, which is then the name of a mailbox. Result: imap-run.schema.json, with
// untagged responses as the server wrote them. HOLDFAST_E_INVALID_ARGUMENT for
// another `on_loss`, or if there are more or fewer strings.
//
//   const char *const names[] = {"Drafts", NULL};
//   holdfast_imap_run(session, "CREATE @", names, HOLDFAST_ON_LOSS_UNKNOWN);
holdfast_operation *holdfast_imap_run(holdfast_session *session,
                                      const char *words,
                                      const char *const *strings, int on_loss);

// ---- POP3 (RFC 1939) -------------------------------------------------------

// Every result has what pop3-answer.schema.json tells of: {"ok", "words",
// "code"}. A message is known by its number, which holds for one connection,
// and by its identifier from holdfast_pop3_uid_list(). Without that (NULL) it
// is not asked for again after a loss: HOLDFAST_E_CONNECTION_LOST. A sink may
// end the command with HOLDFAST_E_OUTPUT_FAILED. Deletions are carried out by
// holdfast_pop3_quit() alone.

// How many messages there are. Result: pop3-stat.schema.json.
holdfast_operation *holdfast_pop3_stat(holdfast_session *session);
// The messages with their sizes, a million at most. Result:
// pop3-list.schema.json.
holdfast_operation *holdfast_pop3_list(holdfast_session *session);
// The same, with identifiers in place of sizes.
holdfast_operation *holdfast_pop3_uid_list(holdfast_session *session);
// The whole message. Result: pop3-answer.schema.json.
holdfast_operation *holdfast_pop3_retrieve(holdfast_session *session,
                                           int number, const char *unique_id,
                                           holdfast_sink *sink);
// Its header, and `lines` lines of its body. Result: pop3-answer.schema.json.
holdfast_operation *holdfast_pop3_top(holdfast_session *session, int number,
                                      const char *unique_id, uint32_t lines,
                                      holdfast_sink *sink);
// Marks it as deleted. If the connection is lost, the server forgets that, and
// the next command ends with HOLDFAST_E_STATE_NOT_RESTORED. Result:
// pop3-answer.schema.json.
holdfast_operation *holdfast_pop3_delete(holdfast_session *session, int number,
                                         const char *unique_id);
// Takes all deletions back. Result: pop3-answer.schema.json.
holdfast_operation *holdfast_pop3_reset(holdfast_session *session);
// Keeps the connection alive. Result: pop3-answer.schema.json.
holdfast_operation *holdfast_pop3_noop(holdfast_session *session);
// Carries deletions out and ends the connection. HOLDFAST_E_OUTCOME_UNKNOWN if
// it broke off and there were any. Result: pop3-answer.schema.json.
holdfast_operation *holdfast_pop3_quit(holdfast_session *session);

// ---- SMTP and submission (RFC 5321, RFC 6409) ------------------------------

enum {
  // The message has bytes beyond ASCII (RFC 6152).
  HOLDFAST_SMTP_EIGHT_BIT = 1,
  // Its header has UTF-8 (RFC 6531).
  HOLDFAST_SMTP_UTF8_HEADER = 2,
  // If one recipient is refused, nobody gets it.
  HOLDFAST_SMTP_ALL_OR_NONE = 4,
  // DATA, even if the server knows BDAT.
  HOLDFAST_SMTP_DATA_ONLY = 8,
};
// Sends a message. Addresses are without angle brackets; an empty sender is
// that of notices. Line ends are made CRLF. `options`: the above added up; 0
// for none. It may be accepted although each recipient was refused: then nobody
// gets it. Never sent again by itself: HOLDFAST_E_OUTCOME_UNKNOWN.
// HOLDFAST_E_INVALID_ARGUMENT without recipients, for an address that cannot be
// sent, and for contents that the server does not take;
// HOLDFAST_E_MESSAGE_UNREADABLE. Result: smtp-send.schema.json, after an error
// too, as far as it was known.
//
//   const char *const recipients[] = {"bob@example.net", NULL};
//   holdfast_smtp_send(session, "alice@example.org", recipients, 0, message);
holdfast_operation *holdfast_smtp_send(holdfast_session *session,
                                       const char *sender,
                                       const char *const *recipients,
                                       int options,
                                       const holdfast_message *message);
// Keeps the connection alive. Result: smtp-answer.schema.json.
holdfast_operation *holdfast_smtp_noop(holdfast_session *session);
// Ends the connection. Result: smtp-answer.schema.json.
holdfast_operation *holdfast_smtp_quit(holdfast_session *session);

// ---- News (RFC 3977) -------------------------------------------------------

// Every result has what nntp-answer.schema.json tells of: {"ok", "code",
// "words"}. An article is known by its number in the group that is selected, or
// by its message-id with angle brackets: then the number is not heeded. Lists
// go to a sink line by line, each ended by LF. `last` 0: and all after `first`.
// A sink may end the command with HOLDFAST_E_OUTPUT_FAILED.

// Selects a group, and again after a loss. Result: nntp-group.schema.json.
holdfast_operation *holdfast_nntp_group(holdfast_session *session,
                                        const char *name);
// The same, and the numbers of its articles.
holdfast_operation *holdfast_nntp_list_group(holdfast_session *session,
                                             const char *name, uint64_t first,
                                             uint64_t last,
                                             holdfast_sink *lines);
// The overview (RFC 3977, 8.3), fields apart by tabs. Result:
// nntp-answer.schema.json.
holdfast_operation *holdfast_nntp_over(holdfast_session *session,
                                       uint64_t first, uint64_t last,
                                       holdfast_sink *lines);
// An article. Result: nntp-article.schema.json.
holdfast_operation *holdfast_nntp_article(holdfast_session *session,
                                          uint64_t number,
                                          const char *message_id,
                                          holdfast_sink *sink);
// Its header only. The same result.
holdfast_operation *holdfast_nntp_head(holdfast_session *session,
                                       uint64_t number, const char *message_id,
                                       holdfast_sink *sink);
// Its body only. The same result.
holdfast_operation *holdfast_nntp_body(holdfast_session *session,
                                       uint64_t number, const char *message_id,
                                       holdfast_sink *sink);
// Whether it is there. The same result.
holdfast_operation *holdfast_nntp_stat(holdfast_session *session,
                                       uint64_t number, const char *message_id);
// The groups that fit `wildmat`, such as "comp.lang.*,!*.c"; NULL: all. Result:
// nntp-answer.schema.json.
holdfast_operation *holdfast_nntp_list_active(holdfast_session *session,
                                              const char *wildmat,
                                              holdfast_sink *lines);
// Posts an article, whose line ends are made CRLF. Never sent again by itself:
// HOLDFAST_E_OUTCOME_UNKNOWN. HOLDFAST_E_MESSAGE_UNREADABLE if it cannot be
// read. Result: nntp-answer.schema.json.
holdfast_operation *holdfast_nntp_post(holdfast_session *session,
                                       const holdfast_message *article);
// Ends the connection. Result: nntp-answer.schema.json.
holdfast_operation *holdfast_nntp_quit(holdfast_session *session);

// ---- The cache -------------------------------------------------------------

// What is known of hosts. Never in the way: a file that cannot be used costs
// the memory, not the connection, and is told by
// holdfast_cache_take_warnings(). Any thread may use it; a process that forks
// opens another one in the child.

// The file at `path`, made if there is none, and shared with other processes;
// NULL: in memory. A file that cannot be used is a warning, not an error.
holdfast_cache *holdfast_cache_open(const char *path, holdfast_error **error);
// Frees the handle. Clients and connections that use the cache keep it. Takes
// NULL.
void holdfast_cache_free(holdfast_cache *cache);
// What it knows: cache-list.schema.json, as `holdfast cache list --json`. Yours
// to be freed.
holdfast_value *holdfast_cache_list(const holdfast_cache *cache,
                                    holdfast_error **error);
// What the host is offered first, for so many seconds, whatever it has proven.
// `target` as for holdfast_connect(); `scope` may be NULL; `rung` is "no-alpn",
// "compact" or "tls12". Errors: HOLDFAST_E_INVALID_TARGET,
// HOLDFAST_E_INVALID_HOST, HOLDFAST_E_INVALID_ARGUMENT for another rung, or if
// `seconds` is not above 0.
//
//   holdfast_cache_pin(cache, "imaps://mail.example.org", NULL, "tls12", 86400,
//                      &error);
int holdfast_cache_pin(holdfast_cache *cache, const char *target,
                       const char *scope, const char *rung, int64_t seconds,
                       holdfast_error **error);
// Forgets the reduced offers and pins of a host (`port` 0: on all ports), and
// if `everything` is not 0 what it has proven too. `count`, which may be NULL,
// is set to how many records that were. Errors: HOLDFAST_E_INVALID_HOST,
// HOLDFAST_E_CACHE_UNUSABLE.
int holdfast_cache_forget(holdfast_cache *cache, const char *host,
                          uint16_t port, int everything, int *count,
                          holdfast_error **error);
// Every record, with what was proven. `count` likewise. Errors:
// HOLDFAST_E_CACHE_UNUSABLE.
int holdfast_cache_forget_all(holdfast_cache *cache, int *count,
                              holdfast_error **error);
// What went wrong with the file since the last call:
// cache-warnings.schema.json, a list of errors. Yours to be freed.
holdfast_value *holdfast_cache_take_warnings(holdfast_cache *cache,
                                             holdfast_error **error);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif  // HOLDFAST_HOLDFAST_H_
