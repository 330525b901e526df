# Installs headers, libraries, the CMake package and the pkg-config file. Package and pkg-config file
# find the installation relative to themselves, so that it can be moved.
include(CMakePackageConfigHelpers)

install(TARGETS casd EXPORT casdTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/casd DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/casd)
install(EXPORT casdTargets NAMESPACE casd:: DESTINATION ${package_folder})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/casdConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/casdConfig.cmake
                              INSTALL_DESTINATION ${package_folder})
# Until 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/casdConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/casdConfig.cmake ${PROJECT_BINARY_DIR}/casdConfigVersion.cmake
        DESTINATION ${package_folder})

# From lib/pkgconfig up to the prefix, however many folders "lib" is (Debian: lib/x86_64-linux-gnu).
file(RELATIVE_PATH CASD_PREFIX_FROM_PC ${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/pkgconfig
     ${CMAKE_INSTALL_PREFIX})
if(CASD_STATIC)
  set(CASD_PC_CFLAGS "-DCASD_STATIC")
  set(CASD_PC_LIBS "-lstdc++ -lm -pthread")
elseif(NOT WIN32)
  # Programs find the library in a prefix that the dynamic loader does not search.
  set(CASD_PC_LIBS "-Wl,-rpath,\${libdir}")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/casd.pc.in ${PROJECT_BINARY_DIR}/casd.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/casd.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
