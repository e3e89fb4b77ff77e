// Whether somebody is still there, for callbacks that may come later than the
// end of what they call.
//
//   loop->Post([self = weak_.handle()] {
//     if (Connecting* const connecting = self.get()) connecting->Cancel();
//   });

#ifndef HOLDFAST_CORE_BASE_WEAK_HANDLE_H_
#define HOLDFAST_CORE_BASE_WEAK_HANDLE_H_

#include <memory>

namespace holdfast {

// Thread safety: copied and destroyed on any thread, asked on that of the
// target.
template <typename T>
class WeakHandle {
 public:
  // To nobody.
  WeakHandle() = default;

  // Null once the target is gone.
  T* get() const {
    const std::shared_ptr<T*> target = target_.lock();
    return target == nullptr ? nullptr : *target;
  }

 private:
  template <typename>
  friend class WeakOwner;

  explicit WeakHandle(const std::shared_ptr<T*>& target) : target_(target) {}

  std::weak_ptr<T*> target_;
};

// A member of the target: when it goes, its handles lead to nobody.
template <typename T>
class WeakOwner {
 public:
  explicit WeakOwner(T* target) : target_(std::make_shared<T*>(target)) {}
  WeakOwner(const WeakOwner&) = delete;
  WeakOwner& operator=(const WeakOwner&) = delete;

  WeakHandle<T> handle() const { return WeakHandle<T>(target_); }

 private:
  const std::shared_ptr<T*> target_;
};

}  // namespace holdfast

#endif  // HOLDFAST_CORE_BASE_WEAK_HANDLE_H_
