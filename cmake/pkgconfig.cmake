# The files for pkg-config: holdfast.pc for clients in C, holdfast++.pc for those
# in C++.

# What a static link needs beside the library. A client in C++ has to have
# Abseil's modules anyway; it gets all of them by name. For one in C they are
# written out: pkg-config looks for what a module requires privately even when it
# is asked for --cflags alone, and such a client needs nothing but Holdfast.
pkg_check_modules(HOLDFAST_BUILT_ON QUIET ${public_modules} ${private_modules})
if(NOT HOLDFAST_BUILT_ON_FOUND)
  message(STATUS "pkg-config does not know all that Holdfast is built on:"
    " `pkg-config --static --libs holdfast` will not name it")
endif()
set(cxx_runtime ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
list(FILTER cxx_runtime INCLUDE REGEX "^((std)?c\\+\\+.*|m)$")
list(TRANSFORM cxx_runtime PREPEND -l)
set(system_libraries -pthread -ldl)
string(JOIN " " c_static
  ${HOLDFAST_BUILT_ON_LDFLAGS} ${cxx_runtime} ${system_libraries})
string(JOIN " " cxx_static ${system_libraries})
string(JOIN " " cxx_requires ${public_modules})
string(JOIN " " cxx_requires_private ${private_modules})

# Each link is a static one where there is nothing else, and none is where there
# is no static library.
if(NOT HOLDFAST_SHARED)
  string(PREPEND c_static "-lholdfast ")
  string(PREPEND cxx_static "-lholdfast++ ")
  set(c_libs ${c_static})
  set(cxx_libs ${cxx_static})
  string(APPEND cxx_requires " ${cxx_requires_private}")
  set(c_static "")
  set(cxx_static "")
  set(cxx_requires_private "")
else()
  set(c_libs -lholdfast)
  set(cxx_libs -lholdfast++)
endif()
if(NOT HOLDFAST_STATIC)
  set(c_static "")
  set(cxx_static "")
  set(cxx_requires_private "")
endif()

# The prefix is not where it was built for, but where the file is; only what was
# given as an absolute path stays there.
set(pc_prefix ${CMAKE_INSTALL_PREFIX})
if(NOT IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
  string(REGEX REPLACE "[^/]+" ".." pc_prefix ${pkgconfig_directory})
  string(PREPEND pc_prefix "\${pcfiledir}/")
endif()
foreach(directory IN ITEMS INCLUDEDIR LIBDIR)
  set(pc_${directory} ${CMAKE_INSTALL_${directory}})
  if(NOT IS_ABSOLUTE ${pc_${directory}})
    string(PREPEND pc_${directory} "\${prefix}/")
  endif()
endforeach()
foreach(name IN ITEMS holdfast holdfast++)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in
    ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc
    DESTINATION ${pkgconfig_directory} COMPONENT development)
endforeach()
