// A resolver and a dialer that answer when a test says so, or never.

#ifndef HOLDFAST_TESTS_HELPERS_FAKE_WAY_H_
#define HOLDFAST_TESTS_HELPERS_FAKE_WAY_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "holdfast/core/net/dialer.h"
#include "holdfast/core/net/resolver.h"

namespace holdfast::test {

// Its requests own what they call, which goes with them.
class FakeResolver final : public Resolver {
 public:
  std::unique_ptr<Request> Resolve(
      const Endpoint& endpoint,
      std::function<void(Result)> on_result) override {
    asked.push_back(endpoint.ToString());
    auto request = std::make_unique<FakeRequest>();
    request->on_result = std::move(on_result);
    answer = [request = request.get()](Result result) {
      request->on_result(std::move(result));
    };
    return request;
  }

  std::vector<std::string> asked;
  std::function<void(Result)> answer;  // to the last one

 private:
  struct FakeRequest : Request {
    std::function<void(Result)> on_result;
  };
};

class FakeDialer final : public Dialer {
 public:
  bool looks_up() const override { return is_proxy; }
  std::unique_ptr<Request> Dial(
      const Endpoint& endpoint, std::vector<SocketAddress> addresses,
      std::function<void(DialResult)> on_result) override {
    dialled.push_back(endpoint.ToString());
    addresses_of.push_back(std::move(addresses));
    answer = std::move(on_result);
    auto request = std::make_unique<FakeRequest>();
    request->tried = tried;
    return request;
  }

  bool is_proxy = false;
  // What each request says that it has tried, when its time is up.
  std::vector<SocketAddress> tried;
  std::vector<std::string> dialled;
  std::vector<std::vector<SocketAddress>> addresses_of;  // each of these
  std::function<void(DialResult)> answer;                // to the last one

 private:
  struct FakeRequest : Request {
    DialResult TimeUp() const override {
      DialResult result = Request::TimeUp();
      for (const SocketAddress& address : tried) {
        result.attempts.push_back({address, {}, {}, result.error});
      }
      return result;
    }
    std::vector<SocketAddress> tried;
  };
};

}  // namespace holdfast::test

#endif  // HOLDFAST_TESTS_HELPERS_FAKE_WAY_H_
