# The library as clients get it: one shared library that shows C and one that
# shows C++, and a static one for both. Their objects are those of core, fallback,
# protocols and client; none is compiled twice.

set(parts holdfast_core holdfast_fallback holdfast_protocols
  holdfast_client holdfast_c)
set(objects "")
foreach(part IN LISTS parts)
  list(APPEND objects $<TARGET_OBJECTS:${part}>)
endforeach()

# What public headers show, and what is behind them; the same as pkg-config
# modules.
set(public_libraries
  absl::span absl::status absl::statusor absl::strings absl::time)
set(public_modules absl_span absl_status absl_statusor absl_strings absl_time)
set(private_libraries
  absl::hash absl::random_random PkgConfig::HOLDFAST_LIBIDN2
  PkgConfig::HOLDFAST_LIBUV PkgConfig::HOLDFAST_NSS SQLite::SQLite3
  Threads::Threads ${CMAKE_DL_LIBS})
set(private_modules
  absl_hash absl_random_random libidn2 libuv nspr nss sqlite3)
if(HOLDFAST_SASL)
  list(APPEND private_libraries PkgConfig::HOLDFAST_LIBGSASL)
  list(APPEND private_modules libgsasl)
endif()

# The C ABI holds within a major version. That of C++ does from 1.0 on; until
# then each minor version has its own.
set(c_version ${PROJECT_VERSION_MAJOR})
set(cxx_version ${PROJECT_VERSION_MAJOR})
if(PROJECT_VERSION VERSION_LESS 1)
  set(cxx_version ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
endif()

# Calls within the library stay in it, whatever a program and the other
# libraries of its process define by the same names.
function(holdfast_add_shared_library target name version)
  set(script ${PROJECT_BINARY_DIR}/${name}.map)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/${name}.map.in ${script} @ONLY)
  add_library(${target} SHARED ${objects})
  set_target_properties(${target} PROPERTIES
    LINK_DEPENDS ${script}
    OUTPUT_NAME ${name}
    SOVERSION ${version}
    VERSION ${PROJECT_VERSION})
  target_link_options(${target} PRIVATE
    LINKER:--version-script=${script} LINKER:-Bsymbolic-functions)
endfunction()

set(libraries "")
if(HOLDFAST_SHARED)
  holdfast_add_shared_library(holdfast_shared holdfast++ ${cxx_version})
  set_target_properties(holdfast_shared PROPERTIES EXPORT_NAME holdfast)
  holdfast_add_shared_library(holdfast_c_shared holdfast ${c_version})
  set_target_properties(holdfast_c_shared PROPERTIES EXPORT_NAME c)
  list(APPEND libraries holdfast_shared holdfast_c_shared)
endif()
if(HOLDFAST_STATIC)
  add_library(holdfast_static STATIC ${objects})
  set_target_properties(holdfast_static PROPERTIES OUTPUT_NAME holdfast)
  list(APPEND libraries holdfast_static)
endif()

foreach(library IN LISTS libraries)
  set_target_properties(${library} PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(${library} PUBLIC
    $<BUILD_INTERFACE:${HOLDFAST_INCLUDE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()
foreach(library IN LISTS libraries)
  if(NOT library STREQUAL "holdfast_c_shared")
    target_compile_features(${library} PUBLIC cxx_std_17)
    target_link_libraries(${library}
      PUBLIC ${public_libraries} PRIVATE ${private_libraries})
  endif()
endforeach()
if(HOLDFAST_SHARED)
  # Of C++ the clients of the C library see nothing: CMake would name to them even
  # the shared libraries that it links privately, but for those behind an
  # interface.
  add_library(holdfast_inside_c INTERFACE)
  target_link_libraries(holdfast_inside_c
    INTERFACE ${public_libraries} ${private_libraries})
  target_link_libraries(holdfast_c_shared PRIVATE holdfast_inside_c)
endif()

# All that `cmake --install` takes.
add_custom_target(holdfast_to_install)
add_dependencies(holdfast_to_install ${libraries})

# By these names it is known to a project around this one, and when installed.
if(HOLDFAST_SHARED)
  add_library(holdfast::holdfast ALIAS holdfast_shared)
  add_library(holdfast::c ALIAS holdfast_c_shared)
else()
  add_library(holdfast::holdfast ALIAS holdfast_static)
  add_library(holdfast::c ALIAS holdfast_static)
endif()
if(HOLDFAST_STATIC)
  add_library(holdfast::holdfast_static ALIAS holdfast_static)
endif()
