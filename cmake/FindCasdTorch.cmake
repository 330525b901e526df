# Finds LibTorch without its own CMake package, which requires a CUDA toolkit if LibTorch was built
# with CUDA (every wheel is), even for programs that use the CPU only.
#
# Searched in: CASD_TORCH_ROOT (variable or environment), CMAKE_PREFIX_PATH, the Python that runs
# (its `torch` is located, not imported).
#
# Targets: casd::torch, with CASD_WITH_CUDA also its CUDA libraries.

set(CASD_TORCH_ROOT "" CACHE PATH "Folder of LibTorch: holds include/ and lib/")
set(_roots ${CASD_TORCH_ROOT} $ENV{CASD_TORCH_ROOT} ${CMAKE_PREFIX_PATH})
find_path(CASD_TORCH_INCLUDE_DIR ATen/ATen.h HINTS ${_roots}
          PATH_SUFFIXES include torch/include libtorch/include NO_DEFAULT_PATH)
if(NOT CASD_TORCH_INCLUDE_DIR)
  find_package(Python3 COMPONENTS Interpreter QUIET)
  if(Python3_Interpreter_FOUND)
    execute_process(
      COMMAND ${Python3_EXECUTABLE} -c "import importlib.util as u, os; s = u.find_spec('torch'); print(os.path.dirname(s.origin) if s else '', end='')"
      OUTPUT_VARIABLE _python_torch ERROR_QUIET)
    if(_python_torch)
      find_path(CASD_TORCH_INCLUDE_DIR ATen/ATen.h HINTS ${_python_torch}/include NO_DEFAULT_PATH)
    endif()
  endif()
endif()

if(CASD_TORCH_INCLUDE_DIR)
  get_filename_component(_root ${CASD_TORCH_INCLUDE_DIR} DIRECTORY)
  find_library(CASD_TORCH_CPU_LIBRARY torch_cpu HINTS ${_root}/lib NO_DEFAULT_PATH)
  find_library(CASD_C10_LIBRARY c10 HINTS ${_root}/lib NO_DEFAULT_PATH)
  set(_version_file ${CASD_TORCH_INCLUDE_DIR}/torch/headeronly/version.h)
  if(EXISTS ${_version_file})
    file(STRINGS ${_version_file} _version REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
    string(REGEX REPLACE "[^0-9;]" "" _version "${_version}")
    string(REPLACE ";" "." CasdTorch_VERSION "${_version}")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CasdTorch
  REQUIRED_VARS CASD_TORCH_CPU_LIBRARY CASD_C10_LIBRARY CASD_TORCH_INCLUDE_DIR
  VERSION_VAR CasdTorch_VERSION)

if(CasdTorch_FOUND AND NOT TARGET casd::torch)
  # Only the headers and libraries that this project needs; libtorch_cpu finds its dependencies through
  # its own run path.
  add_library(casd::torch INTERFACE IMPORTED)
  target_include_directories(casd::torch SYSTEM INTERFACE
    ${CASD_TORCH_INCLUDE_DIR} ${CASD_TORCH_INCLUDE_DIR}/torch/csrc/api/include)
  target_link_libraries(casd::torch INTERFACE ${CASD_TORCH_CPU_LIBRARY} ${CASD_C10_LIBRARY})
  if(CASD_WITH_CUDA)
    find_library(CASD_TORCH_CUDA_LIBRARY torch_cuda HINTS ${_root}/lib NO_DEFAULT_PATH REQUIRED)
    find_library(CASD_C10_CUDA_LIBRARY c10_cuda HINTS ${_root}/lib NO_DEFAULT_PATH REQUIRED)
    # It registers its kernels in static initialisers, so the linker must not drop it as unused.
    target_link_libraries(casd::torch INTERFACE -Wl,--no-as-needed ${CASD_TORCH_CUDA_LIBRARY}
                          ${CASD_C10_CUDA_LIBRARY} -Wl,--as-needed)
  endif()
endif()
