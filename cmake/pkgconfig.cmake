# The files for pkg-config: holdfast.pc for clients in C, holdfast++.pc for those
# in C++.

# What a static link needs beside the library. A client in C++ has to have
# Abseil's modules anyway; it gets all of them by name. For one in C they are
# written out: pkg-config looks for what a module requires privately even when it
# is asked for --cflags alone, and such a client needs nothing but Holdfast.
pkg_check_modules(HOLDFAST_STATIC QUIET ${public_modules} ${private_modules})
if(NOT HOLDFAST_STATIC_FOUND)
  message(STATUS "pkg-config does not know all that Holdfast is built on:"
    " `pkg-config --static --libs holdfast` will not name it")
endif()
set(cxx_runtime ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
list(FILTER cxx_runtime INCLUDE REGEX "^((std)?c\\+\\+.*|m)$")
list(TRANSFORM cxx_runtime PREPEND -l)
set(system_libraries -pthread -ldl)
list(JOIN public_modules " " public_modules)
list(JOIN private_modules " " private_modules)
list(JOIN system_libraries " " system_libraries)
string(JOIN " " c_static_libraries
  ${HOLDFAST_STATIC_LDFLAGS} ${cxx_runtime} ${system_libraries})

# The prefix is not where it was built for, but where the file is.
string(REGEX REPLACE "[^/]+" ".." pkgconfig_to_prefix ${pkgconfig_directory})
foreach(name IN ITEMS holdfast holdfast++)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in
    ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc
    DESTINATION ${pkgconfig_directory} COMPONENT development)
endforeach()
