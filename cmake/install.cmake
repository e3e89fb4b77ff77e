# The library as it is installed: with its headers, a CMake package, pkg-config
# files, and the examples. tools/ installs the command.
include(CMakePackageConfigHelpers)
include(${CMAKE_CURRENT_LIST_DIR}/public_headers.cmake)

set(cmake_directory ${CMAKE_INSTALL_LIBDIR}/cmake/holdfast)
set(pkgconfig_directory ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
foreach(header IN LISTS HOLDFAST_PUBLIC_HEADERS)
  cmake_path(GET header PARENT_PATH folder)
  install(FILES ${PROJECT_SOURCE_DIR}/${header}
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/holdfast/${folder}
    COMPONENT development)
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/client/c/holdfast.h
    ${PROJECT_SOURCE_DIR}/client/c/paths.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/holdfast COMPONENT development)

if(HOLDFAST_SHARED)
  install(TARGETS holdfast_shared EXPORT holdfast
    LIBRARY COMPONENT library NAMELINK_COMPONENT development)
  install(TARGETS holdfast_c_shared EXPORT holdfast-c
    LIBRARY COMPONENT library NAMELINK_COMPONENT development)
  set(exports holdfast holdfast-c)
endif()
if(HOLDFAST_STATIC)
  install(TARGETS holdfast_static EXPORT holdfast-static
    ARCHIVE COMPONENT development)
  list(APPEND exports holdfast-static)
  # What -lholdfast++ finds in a static link.
  file(CREATE_LINK libholdfast.a ${PROJECT_BINARY_DIR}/libholdfast++.a SYMBOLIC)
  install(FILES ${PROJECT_BINARY_DIR}/libholdfast++.a
    DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
endif()
foreach(export IN LISTS exports)
  install(EXPORT ${export} FILE ${export}-targets.cmake NAMESPACE holdfast::
    DESTINATION ${cmake_directory} COMPONENT development)
endforeach()

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

# CMAKE_INSTALL_DOCDIR may be that of a project around this one.
set(doc_directory ${CMAKE_INSTALL_DATAROOTDIR}/doc/holdfast)
if(PROJECT_IS_TOP_LEVEL)
  set(doc_directory ${CMAKE_INSTALL_DOCDIR})
endif()
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE
  DESTINATION ${doc_directory} COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/schema
  DESTINATION ${doc_directory} COMPONENT development
  FILES_MATCHING PATTERN "*.schema.json")
# But for the one that needs a file of our tests.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/examples
  DESTINATION ${doc_directory} COMPONENT development
  PATTERN my_loop_test.cc EXCLUDE)
