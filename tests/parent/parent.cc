// What a program of a project around Holdfast may do: it starts NSS, and looks
// at a host. It is compiled by another standard than Holdfast's own.

#include <cstdio>

#include "holdfast/core/base/endpoint.h"
#include "holdfast/core/nss/nss_runtime.h"

static_assert(__cplusplus > 201703L);

int main() {
  const auto nss = holdfast::NssRuntime::Start();
  const auto host = holdfast::Host::Parse("Mail.Example.ORG.");
  if (!nss.ok() || !host.ok()) return 1;
  std::puts(host->name().c_str());
  return 0;
}
