#include "holdfast/tests/helpers/event_loops.h"

#include <glib.h>
#include <uv.h>

#include "holdfast/core/base/uv_event_loop.h"
#include "holdfast/docs/examples/glib_event_loop.h"
#include "holdfast/docs/examples/poll_event_loop.h"

namespace holdfast::test {
namespace {

using example::GlibEventLoop;
using example::PollEventLoop;

// A loop that runs itself.
template <typename Loop>
class OwnLoopUnderTest final : public LoopUnderTest {
 public:
  EventLoop* loop() override { return loop_.get(); }
  void RunUntil(const std::function<bool()>& done) override {
    loop_->RunUntil(done);
  }

 private:
  const std::unique_ptr<Loop> loop_ = *Loop::Create();
};

// A program's libuv loop, with handles of its own.
class WrappedUvUnderTest final : public LoopUnderTest {
 public:
  WrappedUvUnderTest() {
    EXPECT_EQ(uv_loop_init(&theirs_), 0);
    theirs_.data = this;
    uv_prepare_init(&theirs_, &before_wait_);
    // uv_run would wait for more although `done` has come true in this turn.
    uv_prepare_start(&before_wait_, [](uv_prepare_t* prepare) {
      const auto* self = static_cast<WrappedUvUnderTest*>(prepare->loop->data);
      if ((*self->done_)()) uv_stop(prepare->loop);
    });
    loop_ = *UvEventLoop::Wrap(&theirs_);
  }
  ~WrappedUvUnderTest() override {
    loop_.reset();
    uv_close(reinterpret_cast<uv_handle_t*>(&before_wait_), nullptr);
    uv_run(&theirs_, UV_RUN_DEFAULT);
    EXPECT_EQ(uv_loop_close(&theirs_), 0);
  }

  EventLoop* loop() override { return loop_.get(); }
  void RunUntil(const std::function<bool()>& done) override {
    done_ = &done;
    while (!done()) uv_run(&theirs_, UV_RUN_ONCE);
  }

 private:
  uv_loop_t theirs_;
  uv_prepare_t before_wait_;
  const std::function<bool()>* done_ = nullptr;
  std::unique_ptr<UvEventLoop> loop_;
};

// A program's GMainContext.
class GlibUnderTest final : public LoopUnderTest {
 public:
  ~GlibUnderTest() override {
    g_main_context_unref(context_);  // the loop has a reference of its own
    loop_.reset();
  }

  EventLoop* loop() override { return loop_.get(); }
  void RunUntil(const std::function<bool()>& done) override {
    while (!done()) g_main_context_iteration(context_, /*may_block=*/TRUE);
  }

 private:
  GMainContext* const context_ = g_main_context_new();
  std::unique_ptr<GlibEventLoop> loop_ =
      std::make_unique<GlibEventLoop>(context_);
};

template <typename T>
std::unique_ptr<LoopUnderTest> Make() {
  return std::make_unique<T>();
}

}  // namespace

std::vector<LoopKind> AllLoopKinds() {
  return {{"uv", Make<OwnLoopUnderTest<UvEventLoop>>},
          {"uv_wrapped", Make<WrappedUvUnderTest>},
          {"poll", Make<OwnLoopUnderTest<PollEventLoop>>},
          {"glib", Make<GlibUnderTest>}};
}

}  // namespace holdfast::test
