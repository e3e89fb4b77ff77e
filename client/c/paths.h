// SPDX-License-Identifier: MPL-2.0

// Where the members of documents are, for holdfast_value_text() and its like:
//
//   puts(holdfast_value_text(report, HOLDFAST_PATH_REPORT_DIAGNOSIS_SUMMARY));
//
// A "%zu" in a path stands for an index, from 0. Such a path is a format of
// snprintf(), which takes a size_t for each. The list itself has a path too,
// for holdfast_value_count():
//
//   snprintf(path, sizeof path, HOLDFAST_PATH_IMAP_LIST_MAILBOXES_AT_NAME, i);
//   puts(holdfast_value_text(result, path));
//
// Where a member is a document itself, such as an error, write the paths of
// both one after the other. The compiler joins them:
//
//   HOLDFAST_PATH_REPORT_ERROR HOLDFAST_PATH_ERROR_CODE
//
// Some documents have all members of another one, too. Their comments say so,
// and the paths of the other one are valid in them.
//
// Within one major version paths are only added.
//
// Made from docs/schema by docs/schema/make_paths --update.

#ifndef HOLDFAST_PATHS_H_
#define HOLDFAST_PATHS_H_

// ---- An error ---------------------------------------------------------------

// docs/schema/error.schema.json: What holdfast_error_json() holds. Part of
// reports and of the warnings of a cache.

// The name of an error, as docs/errors.md lists them. New ones may come.
#define HOLDFAST_PATH_ERROR_CODE "/code"

// The kind of error, as docs/errors.md groups them.
#define HOLDFAST_PATH_ERROR_CATEGORY "/category"

// How far the connection had come.
#define HOLDFAST_PATH_ERROR_PHASE "/phase"

// The error of NSS; null if NSS had no part in it.
#define HOLDFAST_PATH_ERROR_NSS "/nss"

// The TLS alert that the server sent; null if it sent none.
#define HOLDFAST_PATH_ERROR_ALERT "/alert"

// What the server sent first where TLS was expected, with escapes; may be
// empty.
#define HOLDFAST_PATH_ERROR_FIRST_BYTES "/first_bytes"

// What happened, in one sentence.
#define HOLDFAST_PATH_ERROR_MESSAGE "/message"

// The server's own words, fit to be shown; only if it said why.
#define HOLDFAST_PATH_ERROR_SERVER_TEXT "/server_text"

// All problems of the certificate; only if there are any.
#define HOLDFAST_PATH_ERROR_PROBLEMS "/problems"

// The error that the problem is.
#define HOLDFAST_PATH_ERROR_PROBLEMS_AT_CODE "/problems/%zu/code"

// The certificate at fault.
#define HOLDFAST_PATH_ERROR_PROBLEMS_AT_SUBJECT "/problems/%zu/subject"

// What is wrong, in a few words.
#define HOLDFAST_PATH_ERROR_PROBLEMS_AT_DETAIL "/problems/%zu/detail"

// What helps here; null: the advice of the code.
#define HOLDFAST_PATH_ERROR_PROBLEMS_AT_ADVICE "/problems/%zu/advice"

// ---- A server's certificate -------------------------------------------------

// docs/schema/certificate.schema.json: Part of a report and of a certificate
// question.

// Whose certificate it is.
#define HOLDFAST_PATH_CERTIFICATE_SUBJECT "/subject"

// Who issued it.
#define HOLDFAST_PATH_CERTIFICATE_ISSUER "/issuer"

// The DNS names and IP addresses that it is for.
#define HOLDFAST_PATH_CERTIFICATE_NAMES "/names"

// One name or address.
#define HOLDFAST_PATH_CERTIFICATE_NAMES_AT "/names/%zu"

// It is valid from then on.
#define HOLDFAST_PATH_CERTIFICATE_NOT_BEFORE "/not_before"

// It is valid until then.
#define HOLDFAST_PATH_CERTIFICATE_NOT_AFTER "/not_after"

// Its fingerprint.
#define HOLDFAST_PATH_CERTIFICATE_SHA256 "/sha256"

// The pin of its key, as holdfast_client_add_pin() takes it.
#define HOLDFAST_PATH_CERTIFICATE_PIN "/pin"

// The kind of its key.
#define HOLDFAST_PATH_CERTIFICATE_KEY "/key"

// What it is signed with.
#define HOLDFAST_PATH_CERTIFICATE_SIGNATURE "/signature"

// All certificates that the server sent, its own first.
#define HOLDFAST_PATH_CERTIFICATE_CHAIN "/chain"

// Whose certificate it is.
#define HOLDFAST_PATH_CERTIFICATE_CHAIN_AT_SUBJECT "/chain/%zu/subject"

// Who issued it.
#define HOLDFAST_PATH_CERTIFICATE_CHAIN_AT_ISSUER "/chain/%zu/issuer"

// It is valid until then.
#define HOLDFAST_PATH_CERTIFICATE_CHAIN_AT_NOT_AFTER "/chain/%zu/not_after"

// Its fingerprint.
#define HOLDFAST_PATH_CERTIFICATE_CHAIN_AT_SHA256 "/chain/%zu/sha256"

// All problems that were found; none: it is good.
#define HOLDFAST_PATH_CERTIFICATE_PROBLEMS "/problems"

// The error that the problem is.
#define HOLDFAST_PATH_CERTIFICATE_PROBLEMS_AT_CODE "/problems/%zu/code"

// The certificate at fault.
#define HOLDFAST_PATH_CERTIFICATE_PROBLEMS_AT_SUBJECT "/problems/%zu/subject"

// What is wrong, in a few words.
#define HOLDFAST_PATH_CERTIFICATE_PROBLEMS_AT_DETAIL "/problems/%zu/detail"

// What helps here; null: the advice of the code.
#define HOLDFAST_PATH_CERTIFICATE_PROBLEMS_AT_ADVICE "/problems/%zu/advice"

// Whether it was verified without a problem; only of a connection that came
// about.
#define HOLDFAST_PATH_CERTIFICATE_VERIFIED "/verified"

// ---- The report of a connect ------------------------------------------------

// docs/schema/report.schema.json: What holdfast_connect() and
// holdfast_connect_any_way() result in, after a failure of the network or the
// server too, and what holdfast_session_report() gives. `holdfast connect
// --check --json` prints the same.

// The server, and the way that was taken to it.
#define HOLDFAST_PATH_REPORT_TARGET "/target"

// The protocol.
#define HOLDFAST_PATH_REPORT_TARGET_PROTOCOL "/target/protocol"

// The name of the host in A-labels, or its address.
#define HOLDFAST_PATH_REPORT_TARGET_HOST "/target/host"

// The port.
#define HOLDFAST_PATH_REPORT_TARGET_PORT "/target/port"

// TLS from the first byte, or by STARTTLS; "auto" if either would do and none
// was found; "none" only of the command.
#define HOLDFAST_PATH_REPORT_TARGET_SECURITY "/target/security"

// Whether there is a connection.
#define HOLDFAST_PATH_REPORT_OUTCOME "/outcome"

// The TLS of the connection; null if there is none.
#define HOLDFAST_PATH_REPORT_TLS "/tls"

// A TLS version.
#define HOLDFAST_PATH_REPORT_TLS_VERSION "/tls/version"

// The cipher suite.
#define HOLDFAST_PATH_REPORT_TLS_CIPHER "/tls/cipher"

// The group of the key exchange; null if there was none.
#define HOLDFAST_PATH_REPORT_TLS_GROUP "/tls/group"

// The protocol that the server chose; null if it chose none.
#define HOLDFAST_PATH_REPORT_TLS_ALPN "/tls/alpn"

// Whether an earlier TLS session was taken up again.
#define HOLDFAST_PATH_REPORT_TLS_RESUMED "/tls/resumed"

// The certificate of the server.
#define HOLDFAST_PATH_REPORT_TLS_CERTIFICATE "/tls/certificate"

// Signing in, by the command only; null in C.
#define HOLDFAST_PATH_REPORT_AUTHENTICATION "/authentication"

// Whether somebody is signed in.
#define HOLDFAST_PATH_REPORT_AUTHENTICATION_OUTCOME "/authentication/outcome"

// Who; null if no name was given.
#define HOLDFAST_PATH_REPORT_AUTHENTICATION_USER "/authentication/user"

// The mechanism; null if none was tried.
#define HOLDFAST_PATH_REPORT_AUTHENTICATION_MECHANISM \
  "/authentication/mechanism"

// How many credentials were sent.
#define HOLDFAST_PATH_REPORT_AUTHENTICATION_TRIES "/authentication/tries"

// How many answers were waited for.
#define HOLDFAST_PATH_REPORT_AUTHENTICATION_ROUND_TRIPS \
  "/authentication/round_trips"

// What the server says that it can do, as heard inside TLS and fit to be shown.
#define HOLDFAST_PATH_REPORT_CAPABILITIES "/capabilities"

// One capability.
#define HOLDFAST_PATH_REPORT_CAPABILITIES_AT "/capabilities/%zu"

// What had to be reduced for the connection.
#define HOLDFAST_PATH_REPORT_FALLBACK "/fallback"

// Whether the offer was reduced.
#define HOLDFAST_PATH_REPORT_FALLBACK_APPLIED "/fallback/applied"

// The offer that led to the connection; null if there is none.
#define HOLDFAST_PATH_REPORT_FALLBACK_RUNG "/fallback/rung"

// Whether it was reduced at once, as remembered.
#define HOLDFAST_PATH_REPORT_FALLBACK_FROM_CACHE "/fallback/from_cache"

// The error that made it necessary; null if there was none.
#define HOLDFAST_PATH_REPORT_FALLBACK_REASON "/fallback/reason"

// Whether it was made beside one that the server left unanswered.
#define HOLDFAST_PATH_REPORT_FALLBACK_HEDGED "/fallback/hedged"

// Whether a pin of the cache has decided it.
#define HOLDFAST_PATH_REPORT_FALLBACK_PINNED "/fallback/pinned"

// All attempts, in the order in which they began.
#define HOLDFAST_PATH_REPORT_ATTEMPTS "/attempts"

// Its number, from 1.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_NUMBER "/attempts/%zu/number"

// The address of the server, or of the proxy; null if it came to none.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_ADDRESS "/attempts/%zu/address"

// Whether something but the network stood between, such as a proxy.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_THROUGH_PROXY \
  "/attempts/%zu/through_proxy"

// What it offered.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_RUNG "/attempts/%zu/rung"

// TLS from the first byte, or by STARTTLS; "auto" if either would do and none
// was found; "none" only of the command.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_SECURITY "/attempts/%zu/security"

// What came of it; "given_up": another one made it needless.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_OUTCOME "/attempts/%zu/outcome"

// How long it took.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_MILLISECONDS \
  "/attempts/%zu/milliseconds"

// What its hello offered.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_OFFER "/attempts/%zu/offer"

// The lowest TLS version that it offered.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_OFFER_MIN_VERSION \
  "/attempts/%zu/offer/min_version"

// The highest TLS version that it offered.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_OFFER_MAX_VERSION \
  "/attempts/%zu/offer/max_version"

// The protocols that it offered by ALPN.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_OFFER_ALPN "/attempts/%zu/offer/alpn"

// One protocol.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_OFFER_ALPN_AT \
  "/attempts/%zu/offer/alpn/%zu"

// Whether its hello had less than 256 bytes.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_OFFER_COMPACT \
  "/attempts/%zu/offer/compact"

// Whether it was marked as reduced (RFC 7507).
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_OFFER_FALLBACK_SCSV \
  "/attempts/%zu/offer/fallback_scsv"

// Why it failed; only if it did.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_ERROR "/attempts/%zu/error"

// The certificate that it saw, null if it saw none; only if it failed.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_CERTIFICATE "/attempts/%zu/certificate"

// The addresses that were tried for it (RFC 8305).
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_ADDRESSES "/attempts/%zu/addresses"

// The address.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_ADDRESSES_AT_ADDRESS \
  "/attempts/%zu/addresses/%zu/address"

// What came of it; "cancelled": another one was faster, or it was not tried.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_ADDRESSES_AT_OUTCOME \
  "/attempts/%zu/addresses/%zu/outcome"

// How long it took.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_ADDRESSES_AT_MILLISECONDS \
  "/attempts/%zu/addresses/%zu/milliseconds"

// Why not; null if it connected.
#define HOLDFAST_PATH_REPORT_ATTEMPTS_AT_ADDRESSES_AT_ERROR \
  "/attempts/%zu/addresses/%zu/error"

// What is remembered.
#define HOLDFAST_PATH_REPORT_CACHE "/cache"

// Whether the cache holds a reduced offer for this host after the connect.
#define HOLDFAST_PATH_REPORT_CACHE_RECORDED "/cache/recorded"

// Until when; null if it holds none.
#define HOLDFAST_PATH_REPORT_CACHE_EXPIRES_AT "/cache/expires_at"

// The report in plain words.
#define HOLDFAST_PATH_REPORT_DIAGNOSIS "/diagnosis"

// What came of it, in one or two sentences.
#define HOLDFAST_PATH_REPORT_DIAGNOSIS_SUMMARY "/diagnosis/summary"

// What is not as safe as it should be, because it was allowed.
#define HOLDFAST_PATH_REPORT_DIAGNOSIS_WARNINGS "/diagnosis/warnings"

// Its name.
#define HOLDFAST_PATH_REPORT_DIAGNOSIS_WARNINGS_AT_CODE \
  "/diagnosis/warnings/%zu/code"

// A sentence.
#define HOLDFAST_PATH_REPORT_DIAGNOSIS_WARNINGS_AT_MESSAGE \
  "/diagnosis/warnings/%zu/message"

// What to do; empty if nothing.
#define HOLDFAST_PATH_REPORT_DIAGNOSIS_ADVICE "/diagnosis/advice"

// A sentence.
#define HOLDFAST_PATH_REPORT_DIAGNOSIS_ADVICE_AT "/diagnosis/advice/%zu"

// A command to paste into a shell; null if none helps.
#define HOLDFAST_PATH_REPORT_DIAGNOSIS_COMMAND "/diagnosis/command"

// Who is to blame; only if it failed.
#define HOLDFAST_PATH_REPORT_DIAGNOSIS_FAULT "/diagnosis/fault"

// Whether it may pass by itself; only if it failed.
#define HOLDFAST_PATH_REPORT_DIAGNOSIS_RETRY "/diagnosis/retry"

// The cause; only if it failed.
#define HOLDFAST_PATH_REPORT_ERROR "/error"

// The certificate that the cause is about, null if it is about none; only if it
// failed.
#define HOLDFAST_PATH_REPORT_CERTIFICATE "/certificate"

// ---- The report of a probe --------------------------------------------------

// docs/schema/probe.schema.json: What holdfast_probe() results in. `holdfast
// probe --json` prints a list of them.

// The server that was probed.
#define HOLDFAST_PATH_PROBE_TARGET "/target"

// The protocol.
#define HOLDFAST_PATH_PROBE_TARGET_PROTOCOL "/target/protocol"

// The name of the host in A-labels, or its address.
#define HOLDFAST_PATH_PROBE_TARGET_HOST "/target/host"

// The port.
#define HOLDFAST_PATH_PROBE_TARGET_PORT "/target/port"

// TLS from the first byte, or by STARTTLS; "auto" if either would do and none
// was found; "none" only of the command.
#define HOLDFAST_PATH_PROBE_TARGET_SECURITY "/target/security"

// Whether there was a connection to the server.
#define HOLDFAST_PATH_PROBE_REACHABLE "/reachable"

// The address of the server, or of the proxy; null if none is known.
#define HOLDFAST_PATH_PROBE_ADDRESS "/address"

// Whether something but the network stood between, such as a proxy.
#define HOLDFAST_PATH_PROBE_THROUGH_PROXY "/through_proxy"

// One word for all of it; docs/command.md tells of each.
#define HOLDFAST_PATH_PROBE_VERDICT "/verdict"

// Why it is that, in a sentence.
#define HOLDFAST_PATH_PROBE_SUMMARY "/summary"

// What the server makes of each TLS version; those that were looked at.
#define HOLDFAST_PATH_PROBE_VERSIONS "/versions"

// What it makes of TLS 1.3.
#define HOLDFAST_PATH_PROBE_VERSIONS_TLS1_3 "/versions/TLS1.3"

// What it makes of TLS 1.2.
#define HOLDFAST_PATH_PROBE_VERSIONS_TLS1_2 "/versions/TLS1.2"

// What it makes of TLS 1.1.
#define HOLDFAST_PATH_PROBE_VERSIONS_TLS1_1 "/versions/TLS1.1"

// What it makes of TLS 1.0.
#define HOLDFAST_PATH_PROBE_VERSIONS_TLS1_0 "/versions/TLS1.0"

// What came of each offer, from the fullest to the least.
#define HOLDFAST_PATH_PROBE_RUNGS "/rungs"

// What came of the offer "full".
#define HOLDFAST_PATH_PROBE_RUNGS_FULL "/rungs/full"

// What came of it; "not_tried": it equals another one, or lies outside of the
// versions that are allowed.
#define HOLDFAST_PATH_PROBE_RUNGS_FULL_OUTCOME "/rungs/full/outcome"

// The TLS version; null if TLS did not come up.
#define HOLDFAST_PATH_PROBE_RUNGS_FULL_VERSION "/rungs/full/version"

// Why it failed; null if it did not.
#define HOLDFAST_PATH_PROBE_RUNGS_FULL_ERROR "/rungs/full/error"

// What came of the offer "no-alpn".
#define HOLDFAST_PATH_PROBE_RUNGS_NO_ALPN "/rungs/no-alpn"

// What came of it; "not_tried": it equals another one, or lies outside of the
// versions that are allowed.
#define HOLDFAST_PATH_PROBE_RUNGS_NO_ALPN_OUTCOME "/rungs/no-alpn/outcome"

// The TLS version; null if TLS did not come up.
#define HOLDFAST_PATH_PROBE_RUNGS_NO_ALPN_VERSION "/rungs/no-alpn/version"

// Why it failed; null if it did not.
#define HOLDFAST_PATH_PROBE_RUNGS_NO_ALPN_ERROR "/rungs/no-alpn/error"

// What came of the offer "compact".
#define HOLDFAST_PATH_PROBE_RUNGS_COMPACT "/rungs/compact"

// What came of it; "not_tried": it equals another one, or lies outside of the
// versions that are allowed.
#define HOLDFAST_PATH_PROBE_RUNGS_COMPACT_OUTCOME "/rungs/compact/outcome"

// The TLS version; null if TLS did not come up.
#define HOLDFAST_PATH_PROBE_RUNGS_COMPACT_VERSION "/rungs/compact/version"

// Why it failed; null if it did not.
#define HOLDFAST_PATH_PROBE_RUNGS_COMPACT_ERROR "/rungs/compact/error"

// What came of the offer "tls12".
#define HOLDFAST_PATH_PROBE_RUNGS_TLS12 "/rungs/tls12"

// What came of it; "not_tried": it equals another one, or lies outside of the
// versions that are allowed.
#define HOLDFAST_PATH_PROBE_RUNGS_TLS12_OUTCOME "/rungs/tls12/outcome"

// The TLS version; null if TLS did not come up.
#define HOLDFAST_PATH_PROBE_RUNGS_TLS12_VERSION "/rungs/tls12/version"

// Why it failed; null if it did not.
#define HOLDFAST_PATH_PROBE_RUNGS_TLS12_ERROR "/rungs/tls12/error"

// The protocol that the server chose; null if it chose none.
#define HOLDFAST_PATH_PROBE_ALPN "/alpn"

// "accepted", or the error that prevented STARTTLS; null if nothing is known of
// it.
#define HOLDFAST_PATH_PROBE_STARTTLS "/starttls"

// The certificate of the server; null if none was seen.
#define HOLDFAST_PATH_PROBE_CERTIFICATE "/certificate"

// Whose certificate it is.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_SUBJECT "/certificate/subject"

// Who issued it.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_ISSUER "/certificate/issuer"

// The DNS names and IP addresses that it is for.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_NAMES "/certificate/names"

// One name or address.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_NAMES_AT "/certificate/names/%zu"

// It is valid from then on.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_NOT_BEFORE "/certificate/not_before"

// It is valid until then.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_NOT_AFTER "/certificate/not_after"

// Its fingerprint.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_SHA256 "/certificate/sha256"

// The pin of its key, as holdfast_client_add_pin() takes it.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_PIN "/certificate/pin"

// The kind of its key.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_KEY "/certificate/key"

// What it is signed with.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_SIGNATURE "/certificate/signature"

// All certificates that the server sent, its own first.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_CHAIN "/certificate/chain"

// Whose certificate it is.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_CHAIN_AT_SUBJECT \
  "/certificate/chain/%zu/subject"

// Who issued it.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_CHAIN_AT_ISSUER \
  "/certificate/chain/%zu/issuer"

// It is valid until then.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_CHAIN_AT_NOT_AFTER \
  "/certificate/chain/%zu/not_after"

// Its fingerprint.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_CHAIN_AT_SHA256 \
  "/certificate/chain/%zu/sha256"

// The problems that were found, as errors.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_PROBLEMS "/certificate/problems"

// One problem.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_PROBLEMS_AT "/certificate/problems/%zu"

// Whether there is no problem.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_VERIFIED "/certificate/verified"

// Whole days until it expires; negative once it has.
#define HOLDFAST_PATH_PROBE_CERTIFICATE_DAYS_LEFT "/certificate/days_left"

// What a client should be set to, and what the operator should mend.
#define HOLDFAST_PATH_PROBE_ADVICE "/advice"

// A sentence.
#define HOLDFAST_PATH_PROBE_ADVICE_AT "/advice/%zu"

// ---- An event ---------------------------------------------------------------

// docs/schema/event.schema.json: What a holdfast_event_function is told. A
// trace of the command has the same.

// Milliseconds since the connect began; of a session, since its first connect.
#define HOLDFAST_PATH_EVENT_MS "/ms"

// What happened. New ones may come.
#define HOLDFAST_PATH_EVENT_EVENT "/event"

// The number of the attempt; 0: of none.
#define HOLDFAST_PATH_EVENT_ATTEMPT "/attempt"

// What there is to tell of it, by name.
#define HOLDFAST_PATH_EVENT_FIELDS "/fields"

// ---- A question about a certificate -----------------------------------------

// docs/schema/certificate-question.schema.json: What
// holdfast_certificate_question_value() gives: the certificate that the server
// has sent. It has all members of certificate, too.

// The host that the certificate should be for.
#define HOLDFAST_PATH_CERTIFICATE_QUESTION_HOST "/host"

// ---- What a cache knows -----------------------------------------------------

// docs/schema/cache-list.schema.json: What holdfast_cache_list() gives.
// `holdfast cache list --json` prints the same.

// The name of the host in A-labels, or its address.
#define HOLDFAST_PATH_CACHE_LIST_AT_HOST "/%zu/host"

// The port.
#define HOLDFAST_PATH_CACHE_LIST_AT_PORT "/%zu/port"

// TLS from the first byte, or by STARTTLS; "auto" if either would do and none
// was found; "none" only of the command.
#define HOLDFAST_PATH_CACHE_LIST_AT_SECURITY "/%zu/security"

// What holdfast_client_set_scope() was given; null: nothing.
#define HOLDFAST_PATH_CACHE_LIST_AT_SCOPE "/%zu/scope"

// The TLS version that the host has proven to have; null: none that still
// counts.
#define HOLDFAST_PATH_CACHE_LIST_AT_PROVEN "/%zu/proven"

// What it is offered first; null: the full offer.
#define HOLDFAST_PATH_CACHE_LIST_AT_RUNG "/%zu/rung"

// The error that made a reduced offer necessary; null: there is none, or it is
// a pin.
#define HOLDFAST_PATH_CACHE_LIST_AT_REASON "/%zu/reason"

// Where that is known from.
#define HOLDFAST_PATH_CACHE_LIST_AT_ORIGIN "/%zu/origin"

// How often the full offer has failed.
#define HOLDFAST_PATH_CACHE_LIST_AT_FAILURES "/%zu/failures"

// How often a reduced offer has helped.
#define HOLDFAST_PATH_CACHE_LIST_AT_RECOVERIES "/%zu/recoveries"

// When the host was first seen; null: not known.
#define HOLDFAST_PATH_CACHE_LIST_AT_FIRST_SEEN "/%zu/first_seen"

// When it was last seen; null: not known.
#define HOLDFAST_PATH_CACHE_LIST_AT_LAST_SEEN "/%zu/last_seen"

// When what is known expires; null: never.
#define HOLDFAST_PATH_CACHE_LIST_AT_EXPIRES_AT "/%zu/expires_at"

// ---- Warnings of a cache ----------------------------------------------------

// docs/schema/cache-warnings.schema.json: What holdfast_cache_take_warnings()
// gives: what went wrong with its file.

// One warning.
#define HOLDFAST_PATH_CACHE_WARNINGS_AT "/%zu"

// ---- The result of signing in -----------------------------------------------

// docs/schema/sign-in.schema.json: What holdfast_connection_sign_in() results
// in, after a refusal too.

// The mechanism that was last tried; empty: none was.
#define HOLDFAST_PATH_SIGN_IN_MECHANISM "/mechanism"

// How many credentials were sent.
#define HOLDFAST_PATH_SIGN_IN_TRIES "/tries"

// How many answers were waited for.
#define HOLDFAST_PATH_SIGN_IN_ROUND_TRIPS "/round_trips"

// What the server says that it can do once somebody is signed in, as it came.
#define HOLDFAST_PATH_SIGN_IN_CAPABILITIES "/capabilities"

// One capability.
#define HOLDFAST_PATH_SIGN_IN_CAPABILITIES_AT "/capabilities/%zu"

// ---- A server's answer ------------------------------------------------------

// docs/schema/answer.schema.json: What the results of all commands of sessions
// have.

// Whether the server has done what it was asked.
#define HOLDFAST_PATH_ANSWER_OK "/ok"

// What it says, as it came.
#define HOLDFAST_PATH_ANSWER_WORDS "/words"

// ---- An answer of IMAP ------------------------------------------------------

// docs/schema/imap-answer.schema.json: What holdfast_imap_noop(),
// holdfast_imap_store(), holdfast_imap_expunge() and holdfast_imap_idle()
// result in. Part of the results of all other commands of IMAP. It has all
// members of answer, too.

// The kind of answer; "NO" and "BAD" are refusals.
#define HOLDFAST_PATH_IMAP_ANSWER_KIND "/kind"

// The response code in upper case (RFC 9051, 7.1); may be empty.
#define HOLDFAST_PATH_IMAP_ANSWER_CODE "/code"

// What stands behind it; may be empty.
#define HOLDFAST_PATH_IMAP_ANSWER_ARGUMENTS "/arguments"

// ---- A mailbox that was selected --------------------------------------------

// docs/schema/imap-mailbox.schema.json: What holdfast_imap_select() and
// holdfast_imap_examine() result in. It has all members of imap-answer, too.

// How many messages it has.
#define HOLDFAST_PATH_IMAP_MAILBOX_EXISTS "/exists"

// What its UIDs are of (RFC 9051, 2.3.1.1); 0: the server keeps none.
#define HOLDFAST_PATH_IMAP_MAILBOX_UID_VALIDITY "/uid_validity"

// The UID of the next message; 0: not told.
#define HOLDFAST_PATH_IMAP_MAILBOX_UID_NEXT "/uid_next"

// The flags that messages may have.
#define HOLDFAST_PATH_IMAP_MAILBOX_FLAGS "/flags"

// One flag.
#define HOLDFAST_PATH_IMAP_MAILBOX_FLAGS_AT "/flags/%zu"

// Those that can be changed for good.
#define HOLDFAST_PATH_IMAP_MAILBOX_PERMANENT_FLAGS "/permanent_flags"

// One flag.
#define HOLDFAST_PATH_IMAP_MAILBOX_PERMANENT_FLAGS_AT "/permanent_flags/%zu"

// Whether it can only be read.
#define HOLDFAST_PATH_IMAP_MAILBOX_READ_ONLY "/read_only"

// The highest modification sequence (RFC 7162); null: not told.
#define HOLDFAST_PATH_IMAP_MAILBOX_HIGHEST_MODSEQ "/highest_modseq"

// ---- A list of mailboxes ----------------------------------------------------

// docs/schema/imap-list.schema.json: What holdfast_imap_list() results in. It
// has all members of imap-answer, too.

// The mailboxes.
#define HOLDFAST_PATH_IMAP_LIST_MAILBOXES "/mailboxes"

// Its name in UTF-8.
#define HOLDFAST_PATH_IMAP_LIST_MAILBOXES_AT_NAME "/mailboxes/%zu/name"

// Its name as the server wrote it.
#define HOLDFAST_PATH_IMAP_LIST_MAILBOXES_AT_ENCODED_NAME \
  "/mailboxes/%zu/encoded_name"

// What stands between the levels of a name; null: there are no levels.
#define HOLDFAST_PATH_IMAP_LIST_MAILBOXES_AT_DELIMITER \
  "/mailboxes/%zu/delimiter"

// Its attributes.
#define HOLDFAST_PATH_IMAP_LIST_MAILBOXES_AT_ATTRIBUTES \
  "/mailboxes/%zu/attributes"

// One attribute.
#define HOLDFAST_PATH_IMAP_LIST_MAILBOXES_AT_ATTRIBUTES_AT \
  "/mailboxes/%zu/attributes/%zu"

// ---- The status of a mailbox ------------------------------------------------

// docs/schema/imap-status.schema.json: What holdfast_imap_status() results in.
// It has all members of imap-answer, too.

// The items that were asked for, by name in upper case.
#define HOLDFAST_PATH_IMAP_STATUS_ITEMS "/items"

// ---- The result of a search -------------------------------------------------

// docs/schema/imap-search.schema.json: What holdfast_imap_search() results in.
// It has all members of imap-answer, too.

// The UIDs of the messages that were found.
#define HOLDFAST_PATH_IMAP_SEARCH_UIDS "/uids"

// One UID.
#define HOLDFAST_PATH_IMAP_SEARCH_UIDS_AT "/uids/%zu"

// ---- The result of a fetch --------------------------------------------------

// docs/schema/imap-fetch.schema.json: What holdfast_imap_fetch() and
// holdfast_imap_fetch_body() result in. It has all members of imap-answer, too.

// How many messages came.
#define HOLDFAST_PATH_IMAP_FETCH_MESSAGES "/messages"

// ---- The result of an append ------------------------------------------------

// docs/schema/imap-append.schema.json: What holdfast_imap_append() results in.
// It has all members of imap-answer, too.

// What the UID is of; null: the server does not tell.
#define HOLDFAST_PATH_IMAP_APPEND_UID_VALIDITY "/uid_validity"

// The UID of the new message; null: the server does not tell.
#define HOLDFAST_PATH_IMAP_APPEND_UID "/uid"

// ---- The result of a copy or a move -----------------------------------------

// docs/schema/imap-copy.schema.json: What holdfast_imap_copy() and
// holdfast_imap_move() result in. It has all members of imap-answer, too.

// What the new UIDs are of; null: the server does not tell.
#define HOLDFAST_PATH_IMAP_COPY_UID_VALIDITY "/uid_validity"

// The UIDs that were copied; empty: the server does not tell.
#define HOLDFAST_PATH_IMAP_COPY_FROM_UIDS "/from_uids"

// The new UIDs, in the same order.
#define HOLDFAST_PATH_IMAP_COPY_TO_UIDS "/to_uids"

// ---- The result of an enable ------------------------------------------------

// docs/schema/imap-enable.schema.json: What holdfast_imap_enable() results in.
// It has all members of imap-answer, too.

// The capabilities that are enabled now.
#define HOLDFAST_PATH_IMAP_ENABLE_ENABLED "/enabled"

// One capability.
#define HOLDFAST_PATH_IMAP_ENABLE_ENABLED_AT "/enabled/%zu"

// ---- The result of any other command ----------------------------------------

// docs/schema/imap-run.schema.json: What holdfast_imap_run() results in. It has
// all members of imap-answer, too.

// The untagged responses, as the server wrote them.
#define HOLDFAST_PATH_IMAP_RUN_UNTAGGED "/untagged"

// One response.
#define HOLDFAST_PATH_IMAP_RUN_UNTAGGED_AT "/untagged/%zu"

// ---- A message of IMAP ------------------------------------------------------

// docs/schema/imap-message.schema.json: What a holdfast_imap_message_function
// is given. Part of an update.

// Its UID; null: not told.
#define HOLDFAST_PATH_IMAP_MESSAGE_UID "/uid"

// Its number in the mailbox.
#define HOLDFAST_PATH_IMAP_MESSAGE_NUMBER "/number"

// Its flags; null: not told.
#define HOLDFAST_PATH_IMAP_MESSAGE_FLAGS "/flags"

// One flag.
#define HOLDFAST_PATH_IMAP_MESSAGE_FLAGS_AT "/flags/%zu"

// Its size in bytes; null: not told.
#define HOLDFAST_PATH_IMAP_MESSAGE_SIZE "/size"

// When it was received; empty: not told.
#define HOLDFAST_PATH_IMAP_MESSAGE_INTERNAL_DATE "/internal_date"

// Its envelope, as the server wrote it; empty: not told.
#define HOLDFAST_PATH_IMAP_MESSAGE_ENVELOPE "/envelope"

// The sections that were asked for; none in an update.
#define HOLDFAST_PATH_IMAP_MESSAGE_SECTIONS "/sections"

// Its name.
#define HOLDFAST_PATH_IMAP_MESSAGE_SECTIONS_AT_NAME "/sections/%zu/name"

// What it holds, as it came: holdfast_value_bytes() has its size.
#define HOLDFAST_PATH_IMAP_MESSAGE_SECTIONS_AT_CONTENT "/sections/%zu/content"

// Whatever else was told, by its name in upper case, as the server wrote it.
#define HOLDFAST_PATH_IMAP_MESSAGE_OTHERS "/others"

// ---- An update of IMAP ------------------------------------------------------

// docs/schema/imap-update.schema.json: What a holdfast_update_function is told.

// What has happened: the mailbox has more messages; one is gone; one has
// changed; something is to be shown to the user; the server takes its leave;
// the mailbox was selected on a new connection; something else.
#define HOLDFAST_PATH_IMAP_UPDATE_KIND "/kind"

// How many messages the mailbox has ("exists", "restored"), or the number of
// the one that is gone ("expunged"); else 0.
#define HOLDFAST_PATH_IMAP_UPDATE_NUMBER "/number"

// What the server says ("alert", "bye"), or its whole response ("other"), as it
// came.
#define HOLDFAST_PATH_IMAP_UPDATE_WORDS "/words"

// The message that has changed ("message"); else null.
#define HOLDFAST_PATH_IMAP_UPDATE_MESSAGE "/message"

// ---- An answer of POP3 ------------------------------------------------------

// docs/schema/pop3-answer.schema.json: What holdfast_pop3_retrieve(),
// holdfast_pop3_top(), holdfast_pop3_delete(), holdfast_pop3_reset(),
// holdfast_pop3_noop() and holdfast_pop3_quit() result in. Part of the other
// results of POP3. It has all members of answer, too.

// The response code (RFC 2449, 8); may be empty.
#define HOLDFAST_PATH_POP3_ANSWER_CODE "/code"

// ---- The size of a mailbox --------------------------------------------------

// docs/schema/pop3-stat.schema.json: What holdfast_pop3_stat() results in. It
// has all members of pop3-answer, too.

// How many messages it has.
#define HOLDFAST_PATH_POP3_STAT_MESSAGES "/messages"

// How many bytes they have.
#define HOLDFAST_PATH_POP3_STAT_BYTES "/bytes"

// ---- A list of messages -----------------------------------------------------

// docs/schema/pop3-list.schema.json: What holdfast_pop3_list() and
// holdfast_pop3_uid_list() result in. It has all members of pop3-answer, too.

// The messages.
#define HOLDFAST_PATH_POP3_LIST_MESSAGES "/messages"

// Its number, which holds for one connection.
#define HOLDFAST_PATH_POP3_LIST_MESSAGES_AT_NUMBER "/messages/%zu/number"

// Its identifier, which holds for good; empty after holdfast_pop3_list().
#define HOLDFAST_PATH_POP3_LIST_MESSAGES_AT_UNIQUE_ID "/messages/%zu/unique_id"

// Its size; 0 after holdfast_pop3_uid_list().
#define HOLDFAST_PATH_POP3_LIST_MESSAGES_AT_BYTES "/messages/%zu/bytes"

// ---- An answer of SMTP ------------------------------------------------------

// docs/schema/smtp-answer.schema.json: What holdfast_smtp_noop() and
// holdfast_smtp_quit() result in. Part of the result of sending. It has all
// members of answer, too.

// The reply code; 0: there was no answer.
#define HOLDFAST_PATH_SMTP_ANSWER_CODE "/code"

// The enhanced status code (RFC 3463); empty: there was none.
#define HOLDFAST_PATH_SMTP_ANSWER_ENHANCED "/enhanced"

// ---- The result of sending --------------------------------------------------

// docs/schema/smtp-send.schema.json: What holdfast_smtp_send() results in,
// after an error too. It has all members of answer, too.

// Whether the server has taken the message.
#define HOLDFAST_PATH_SMTP_SEND_ACCEPTED "/accepted"

// What it says of each recipient, in their order.
#define HOLDFAST_PATH_SMTP_SEND_RECIPIENTS "/recipients"

// One answer.
#define HOLDFAST_PATH_SMTP_SEND_RECIPIENTS_AT "/recipients/%zu"

// The answer that decided.
#define HOLDFAST_PATH_SMTP_SEND_LAST "/last"

// The most bytes that the server takes, if the message has more; else null.
#define HOLDFAST_PATH_SMTP_SEND_SIZE_LIMIT "/size_limit"

// ---- An answer of NNTP ------------------------------------------------------

// docs/schema/nntp-answer.schema.json: What holdfast_nntp_over(),
// holdfast_nntp_list_active(), holdfast_nntp_post() and holdfast_nntp_quit()
// result in. Part of the other results of NNTP. It has all members of answer,
// too.

// The response code.
#define HOLDFAST_PATH_NNTP_ANSWER_CODE "/code"

// ---- A newsgroup ------------------------------------------------------------

// docs/schema/nntp-group.schema.json: What holdfast_nntp_group() and
// holdfast_nntp_list_group() result in. It has all members of nntp-answer, too.

// Its name.
#define HOLDFAST_PATH_NNTP_GROUP_NAME "/name"

// How many articles it has; an estimate.
#define HOLDFAST_PATH_NNTP_GROUP_COUNT "/count"

// The number of the first article.
#define HOLDFAST_PATH_NNTP_GROUP_FIRST "/first"

// The number of the last article.
#define HOLDFAST_PATH_NNTP_GROUP_LAST "/last"

// ---- An article -------------------------------------------------------------

// docs/schema/nntp-article.schema.json: What holdfast_nntp_article(),
// holdfast_nntp_head(), holdfast_nntp_body() and holdfast_nntp_stat() result
// in. It has all members of nntp-answer, too.

// Its number; 0 if it was asked for by its message-id.
#define HOLDFAST_PATH_NNTP_ARTICLE_NUMBER "/number"

// Its message-id, with angle brackets.
#define HOLDFAST_PATH_NNTP_ARTICLE_MESSAGE_ID "/message_id"

#endif  // HOLDFAST_PATHS_H_
