# One static library for each folder of src/LAYERS that exists, linked to every layer below it, and
# one test program for each folder that has *_test.cc files. New files and folders are found by
# themselves. The fuzz preset builds the same libraries, and in place of tests and programs the
# fuzzers.

find_package(Threads REQUIRED)
find_package(GTest REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
pkg_check_modules(URING REQUIRED IMPORTED_TARGET liburing)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)

# Libraries from outside, by the layer that wraps them (docs/dependencies.md says why each is here).
set(CAIRN_EXTERNAL_base fmt::fmt PkgConfig::XXHASH)
set(CAIRN_EXTERNAL_rpc PkgConfig::SODIUM)
set(CAIRN_EXTERNAL_runtime PkgConfig::URING Threads::Threads)

# src/daemon/csd_main.cc becomes the program csd; dashes are written as underscores in file names.
function(cairn_program_name result source suffix)
  get_filename_component(name ${source} NAME_WE)
  string(REGEX REPLACE "_${suffix}$" "" name ${name})
  string(REPLACE "_" "-" name ${name})
  set(${result} ${name} PARENT_SCOPE)
endfunction()

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS src/LAYERS)
file(STRINGS src/LAYERS layers REGEX "^[a-z]")
set(libraries_below "")
foreach(layer IN LISTS layers)
  file(GLOB_RECURSE all CONFIGURE_DEPENDS src/${layer}/*.cc)
  foreach(kind test main fuzz)
    set(${kind}s ${all})
    list(FILTER ${kind}s INCLUDE REGEX "_${kind}\\.cc$")
  endforeach()
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|main|fuzz)\\.cc$")

  if(sources)
    add_library(cairn_${layer} STATIC ${sources})
    target_link_libraries(cairn_${layer} PUBLIC ${CAIRN_EXTERNAL_${layer}} ${libraries_below})
    list(PREPEND libraries_below cairn_${layer})
  endif()

  if(CAIRN_SANITIZE STREQUAL "fuzzer")
    foreach(fuzz IN LISTS fuzzs)
      cairn_program_name(fuzzer ${fuzz} fuzz)
      add_executable(fuzz-${fuzzer} ${fuzz})
      target_link_libraries(fuzz-${fuzzer} PRIVATE ${libraries_below})
      target_link_options(fuzz-${fuzzer} PRIVATE -fsanitize=fuzzer)
      set_target_properties(fuzz-${fuzzer} PROPERTIES
                            RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin OUTPUT_NAME ${fuzzer})
    endforeach()
    continue()
  endif()

  if(tests)
    add_executable(${layer}_test ${tests})
    target_link_libraries(${layer}_test PRIVATE ${libraries_below} GTest::gtest GTest::gmock
                                                GTest::gtest_main)
    add_test(NAME ${layer} COMMAND ${layer}_test)
  endif()
  foreach(main IN LISTS mains)
    cairn_program_name(program ${main} main)
    add_executable(${program} ${main})
    target_link_libraries(${program} PRIVATE ${libraries_below})
    set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
    if(layer MATCHES "^(cli|daemon)$")
      install(TARGETS ${program} RUNTIME DESTINATION bin)
    endif()
  endforeach()
endforeach()
