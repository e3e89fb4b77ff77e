# Copies the public headers to OUTPUT/holdfast:
#
#   cmake -DSOURCE=... -DOUTPUT=... -P copy_headers.cmake
#
# Includes are rooted at the project in the source tree ("core/error.h"), and
# below "holdfast/" in the copies: a client needs one include path, which is
# often the compiler's own, and a "core/error.h" of the client's is not mistaken
# for ours.
include(${CMAKE_CURRENT_LIST_DIR}/public_headers.cmake)

file(REMOVE_RECURSE ${OUTPUT}/holdfast)
foreach(header IN LISTS HOLDFAST_PUBLIC_HEADERS)
  file(READ ${SOURCE}/${header} text)
  string(REGEX REPLACE
    "(#include \")((core|fallback|protocols)/)" "\\1holdfast/\\2"
    text "${text}")
  file(WRITE ${OUTPUT}/holdfast/${header} "${text}")
endforeach()
# For C, which includes nothing else of ours.
file(COPY ${SOURCE}/c/holdfast.h DESTINATION ${OUTPUT}/holdfast)
