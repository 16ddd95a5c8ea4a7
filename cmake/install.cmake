# What `cmake --install` installs: headers, the shared and the static library, a pkg-config file and a CMake package
# (docs/install.md). Called once, when all library folders are known.
#
# The shared library has the SONAME libreprise.so.<major> and symbols of the version REPRISE_0.1 (cmake/reprise.map). The
# static one needs the libraries below; they are Requires.private of reprise.pc and dependencies of reprise::static.
set(RP_PKGCONFIG_REQUIRES libsodium libxxhash msgpack libzstd jansson)

function(rp_install_libraries)
    include(CMakePackageConfigHelpers)
    set(map ${CMAKE_SOURCE_DIR}/cmake/reprise.map)
    set_target_properties(libreprise_shared PROPERTIES
        VERSION ${PROJECT_VERSION}
        SOVERSION ${PROJECT_VERSION_MAJOR}
        EXPORT_NAME reprise
        LINK_DEPENDS ${map})
    target_link_options(libreprise_shared PRIVATE -Wl,--version-script=${map})
    set_target_properties(libreprise PROPERTIES EXPORT_NAME static)

    set(package ${CMAKE_INSTALL_LIBDIR}/cmake/reprise)
    install(TARGETS libreprise_shared EXPORT reprise-targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    install(TARGETS libreprise EXPORT reprise-static-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/reprise DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library)
    install(EXPORT reprise-targets NAMESPACE reprise:: DESTINATION ${package} COMPONENT library)
    install(EXPORT reprise-static-targets NAMESPACE reprise:: DESTINATION ${package} COMPONENT library)

    configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/reprise-config.cmake.in
        ${CMAKE_BINARY_DIR}/reprise-config.cmake INSTALL_DESTINATION ${package})
    write_basic_package_version_file(${CMAKE_BINARY_DIR}/reprise-config-version.cmake
        VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
    install(FILES ${CMAKE_BINARY_DIR}/reprise-config.cmake ${CMAKE_BINARY_DIR}/reprise-config-version.cmake
        DESTINATION ${package} COMPONENT library)

    string(REPLACE ";" ", " RP_PKGCONFIG_REQUIRES_TEXT "${RP_PKGCONFIG_REQUIRES}")
    if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
        set(RP_PKGCONFIG_PREFIX ${CMAKE_INSTALL_PREFIX})
    else() # found from where the file lies, so that the prefix may be chosen when installing
        file(RELATIVE_PATH up /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
        string(REGEX REPLACE "/$" "" up ${up})
        set(RP_PKGCONFIG_PREFIX "\${pcfiledir}/${up}")
    endif()
    configure_file(${CMAKE_SOURCE_DIR}/cmake/reprise.pc.in ${CMAKE_BINARY_DIR}/reprise.pc @ONLY)
    install(FILES ${CMAKE_BINARY_DIR}/reprise.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
endfunction()
