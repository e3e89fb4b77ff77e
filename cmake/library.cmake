# The library as clients get it: shared and static, headers, a CMake package, a
# pkg-config file. Its objects are those of core, fallback, protocols and client;
# none is compiled twice.
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
  absl::hash absl::random_random PkgConfig::LIBIDN2 PkgConfig::LIBUV
  PkgConfig::NSS SQLite::SQLite3 Threads::Threads ${CMAKE_DL_LIBS})
set(private_modules
  absl_hash absl_random_random libidn2 libuv nspr nss sqlite3)
if(HOLDFAST_SASL)
  list(APPEND private_libraries PkgConfig::LIBGSASL)
  list(APPEND private_modules libgsasl)
endif()
list(JOIN public_modules " " public_modules)
list(JOIN private_modules " " private_modules)

configure_file(${CMAKE_CURRENT_LIST_DIR}/holdfast.map.in
  ${PROJECT_BINARY_DIR}/holdfast.map @ONLY)
add_library(holdfast_shared SHARED ${objects})
set_target_properties(holdfast_shared PROPERTIES
  EXPORT_NAME holdfast
  LINK_DEPENDS ${PROJECT_BINARY_DIR}/holdfast.map
  SOVERSION ${PROJECT_VERSION_MAJOR}
  VERSION ${PROJECT_VERSION})
target_link_options(holdfast_shared
  PRIVATE LINKER:--version-script=${PROJECT_BINARY_DIR}/holdfast.map)
add_library(holdfast_static STATIC ${objects})

foreach(library IN ITEMS holdfast_shared holdfast_static)
  set_target_properties(${library} PROPERTIES
    LINKER_LANGUAGE CXX
    OUTPUT_NAME holdfast)
  target_compile_features(${library} PUBLIC cxx_std_17)
  target_include_directories(${library} PUBLIC
    $<BUILD_INTERFACE:${HOLDFAST_INCLUDE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${library}
    PUBLIC ${public_libraries} PRIVATE ${private_libraries})
endforeach()

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
install(TARGETS holdfast_static EXPORT holdfast-static
  ARCHIVE COMPONENT development)
foreach(export IN ITEMS holdfast holdfast-static)
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
string(REGEX REPLACE "[^/]+" ".." pkgconfig_to_prefix ${pkgconfig_directory})
configure_file(${CMAKE_CURRENT_LIST_DIR}/holdfast.pc.in
  ${PROJECT_BINARY_DIR}/holdfast.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/holdfast-config.cmake
    ${PROJECT_BINARY_DIR}/holdfast-config-version.cmake
  DESTINATION ${cmake_directory} COMPONENT development)
install(FILES ${PROJECT_BINARY_DIR}/holdfast.pc
  DESTINATION ${pkgconfig_directory} COMPONENT development)
