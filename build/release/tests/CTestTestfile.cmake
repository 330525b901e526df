# CMake generated Testfile for 
# Source directory: /tmp/wt/lead/tests
# Build directory: /tmp/wt/lead/build/release/tests
# 
# This file includes the relevant testing commands required for 
# testing this directory and lists subdirectories to be tested as well.
add_test([=[unit]=] "/tmp/wt/lead/build/release/bin/casd_unit_tests")
set_tests_properties([=[unit]=] PROPERTIES  _BACKTRACE_TRIPLES "/tmp/wt/lead/tests/CMakeLists.txt;13;add_test;/tmp/wt/lead/tests/CMakeLists.txt;0;")
add_test([=[parity]=] "/tmp/wt/lead/build/release/bin/casd_parity_tests")
set_tests_properties([=[parity]=] PROPERTIES  ENVIRONMENT "CASD_PLUGIN_PATH=/tmp/wt/lead/build/release/lib" _BACKTRACE_TRIPLES "/tmp/wt/lead/tests/CMakeLists.txt;50;add_test;/tmp/wt/lead/tests/CMakeLists.txt;0;")
