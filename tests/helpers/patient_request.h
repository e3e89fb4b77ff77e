// Connects that have the usual times, scaled (patience.h): a server that is
// slow on a busy machine is not to be taken for a silent one.

#ifndef HOLDFAST_TESTS_HELPERS_PATIENT_REQUEST_H_
#define HOLDFAST_TESTS_HELPERS_PATIENT_REQUEST_H_

#include "holdfast/protocols/connect/connector.h"
#include "holdfast/tests/helpers/patience.h"

namespace holdfast::test {

inline ConnectRequest Patient(ConnectRequest request) {
  request.timeout = Scaled(request.timeout);
  request.policy.min_attempt = Scaled(request.policy.min_attempt);
  request.policy.hedge_delay = Scaled(request.policy.hedge_delay);
  return request;
}

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_PATIENT_REQUEST_H_
