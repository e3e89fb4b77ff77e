// Whether the tests are built with a sanitizer that changes what they measure.

#ifndef HOLDFAST_TESTS_HELPERS_SANITIZERS_H_
#define HOLDFAST_TESTS_HELPERS_SANITIZERS_H_

// g++ says so by a macro, clang by a feature.
#if defined(__SANITIZE_ADDRESS__)
#define HOLDFAST_ADDRESS_SANITIZER 1
#elif defined(__SANITIZE_THREAD__)
#define HOLDFAST_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOLDFAST_ADDRESS_SANITIZER 1
#elif __has_feature(thread_sanitizer)
#define HOLDFAST_THREAD_SANITIZER 1
#endif
#endif

namespace holdfast {

// AddressSanitizer keeps what is freed for a while.
#ifdef HOLDFAST_ADDRESS_SANITIZER
constexpr bool kAddressSanitizer = true;
#else
constexpr bool kAddressSanitizer = false;
#endif

#ifdef HOLDFAST_THREAD_SANITIZER
constexpr bool kThreadSanitizer = true;
#else
constexpr bool kThreadSanitizer = false;
#endif

}  // namespace holdfast

#endif  // HOLDFAST_TESTS_HELPERS_SANITIZERS_H_
