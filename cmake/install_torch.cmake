# Installs libcasd_torch so that it finds LibTorch: the copy in lib/casd, if there is one, else the
# LibTorch that it was built with.
#
# The copy is the component `libtorch`. CASD_INSTALL_TORCH makes it part of every installation;
# `cmake --install BUILD --component libtorch --prefix PREFIX` adds it to one. The run path is
# relative, so that an installation with the copy may be moved.

get_filename_component(torch_folder ${CASD_TORCH_CPU_LIBRARY} DIRECTORY)
# Not INSTALL_RPATH_USE_LINK_PATH: it ignores folders inside the project, and LibTorch may be in
# third_party.
set(run_path "$ORIGIN/casd")
if(NOT CASD_INSTALL_TORCH)
  list(APPEND run_path ${torch_folder})
endif()
set_target_properties(casd_torch PROPERTIES INSTALL_RPATH "${run_path}")
install(TARGETS casd_torch RUNTIME_DEPENDENCY_SET casd_torch_dependencies
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})

# The dependencies of libcasd_torch, recursively, except system libraries.
set(optional EXCLUDE_FROM_ALL)
if(CASD_INSTALL_TORCH)
  set(optional)
endif()
install(RUNTIME_DEPENDENCY_SET casd_torch_dependencies
        POST_EXCLUDE_REGEXES "^/(usr/)?lib(32|64|x32)?/"
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/casd COMPONENT libtorch ${optional})
