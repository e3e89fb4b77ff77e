// Owners of the C interface's handles.

#ifndef HOLDFAST_TESTS_HELPERS_C_HANDLES_H_
#define HOLDFAST_TESTS_HELPERS_C_HANDLES_H_

#include <memory>

#include "holdfast/holdfast.h"

namespace holdfast::test {

template <typename T, void (*Free)(T*)>
struct Freer {
  void operator()(T* handle) const { Free(handle); }
};
template <typename T, void (*Free)(T*)>
using Owned = std::unique_ptr<T, Freer<T, Free>>;

using CachePtr = Owned<holdfast_cache, holdfast_cache_free>;
using ClientPtr = Owned<holdfast_client, holdfast_client_free>;
using ConnectionPtr = Owned<holdfast_connection, holdfast_connection_free>;
using CredentialsPtr = Owned<holdfast_credentials, holdfast_credentials_free>;
using ErrorPtr = Owned<holdfast_error, holdfast_error_free>;
using LoopPtr = Owned<holdfast_loop, holdfast_loop_free>;
using MessagePtr = Owned<holdfast_message, holdfast_message_free>;
using OperationPtr = Owned<holdfast_operation, holdfast_operation_free>;
using SessionPtr = Owned<holdfast_session, holdfast_session_free>;
using SinkPtr = Owned<holdfast_sink, holdfast_sink_free>;
using ValuePtr = Owned<holdfast_value, holdfast_value_free>;

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_C_HANDLES_H_
