# The library as clients get it: one shared library that shows C and one that
# shows C++, a static one for both, headers, a CMake package, pkg-config files.
# Their objects are those of core, fallback, protocols and client; none is
# compiled twice.
include(CMakePackageConfigHelpers)
include(${CMAKE_CURRENT_LIST_DIR}/public_headers.cmake)

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

holdfast_add_shared_library(holdfast_shared holdfast++ ${cxx_version})
set_target_properties(holdfast_shared PROPERTIES EXPORT_NAME holdfast)
holdfast_add_shared_library(holdfast_c_shared holdfast ${c_version})
set_target_properties(holdfast_c_shared PROPERTIES EXPORT_NAME c)
add_library(holdfast_static STATIC ${objects})
set_target_properties(holdfast_static PROPERTIES OUTPUT_NAME holdfast)

# By these names it is known to a project around this one, and when installed.
add_library(holdfast::holdfast ALIAS holdfast_shared)
add_library(holdfast::c ALIAS holdfast_c_shared)
add_library(holdfast::holdfast_static ALIAS holdfast_static)

foreach(library IN ITEMS holdfast_shared holdfast_c_shared holdfast_static)
  set_target_properties(${library} PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(${library} PUBLIC
    $<BUILD_INTERFACE:${HOLDFAST_INCLUDE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()
foreach(library IN ITEMS holdfast_shared holdfast_static)
  target_compile_features(${library} PUBLIC cxx_std_17)
  target_link_libraries(${library}
    PUBLIC ${public_libraries} PRIVATE ${private_libraries})
endforeach()
# Of C++ the clients of the C library see nothing: CMake would name to them even
# the shared libraries that it links privately, but for those behind an interface.
add_library(holdfast_inside_c INTERFACE)
target_link_libraries(holdfast_inside_c
  INTERFACE ${public_libraries} ${private_libraries})
target_link_libraries(holdfast_c_shared PRIVATE holdfast_inside_c)

set(cmake_directory ${CMAKE_INSTALL_LIBDIR}/cmake/holdfast)
set(pkgconfig_directory ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
foreach(header IN LISTS HOLDFAST_PUBLIC_HEADERS)
  cmake_path(GET header PARENT_PATH folder)
  install(FILES ${PROJECT_SOURCE_DIR}/${header}
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/holdfast/${folder}
    COMPONENT development)
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/client/c/holdfast.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/holdfast COMPONENT development)
install(TARGETS holdfast_shared EXPORT holdfast
  LIBRARY COMPONENT library NAMELINK_COMPONENT development)
install(TARGETS holdfast_c_shared EXPORT holdfast-c
  LIBRARY COMPONENT library NAMELINK_COMPONENT development)
install(TARGETS holdfast_static EXPORT holdfast-static
  ARCHIVE COMPONENT development)
# What -lholdfast++ finds in a static link.
file(CREATE_LINK libholdfast.a ${PROJECT_BINARY_DIR}/libholdfast++.a SYMBOLIC)
install(FILES ${PROJECT_BINARY_DIR}/libholdfast++.a
  DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
foreach(export IN ITEMS holdfast holdfast-c holdfast-static)
  install(EXPORT ${export} FILE ${export}-targets.cmake NAMESPACE holdfast::
    DESTINATION ${cmake_directory} COMPONENT development)
endforeach()

# The files hold no prefix, so that what is installed may be moved.
configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/holdfast-config.cmake.in
  ${PROJECT_BINARY_DIR}/holdfast-config.cmake
  INSTALL_DESTINATION ${cmake_directory})
# Before 1.0, each minor version may change the interface.
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/holdfast-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/holdfast-config.cmake
    ${PROJECT_BINARY_DIR}/holdfast-config-version.cmake
  DESTINATION ${cmake_directory} COMPONENT development)
include(${CMAKE_CURRENT_LIST_DIR}/pkgconfig.cmake)
