# One static library for each folder of src/LAYERS that exists, linked to every layer below it, and one
# test program for each folder that has *_test.cc files. New files and folders are found by themselves.

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

file(STRINGS src/LAYERS layers REGEX "^[a-z]")
set(libraries_below "")
foreach(layer IN LISTS layers)
  file(GLOB_RECURSE all CONFIGURE_DEPENDS src/${layer}/*.cc)
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|main|fuzz)\\.cc$")
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(mains ${all})
  list(FILTER mains INCLUDE REGEX "_main\\.cc$")

  if(sources)
    add_library(cairn_${layer} STATIC ${sources})
    target_link_libraries(cairn_${layer} PUBLIC ${CAIRN_EXTERNAL_${layer}} ${libraries_below})
    list(PREPEND libraries_below cairn_${layer})
  endif()
  if(tests)
    add_executable(${layer}_test ${tests})
    target_link_libraries(${layer}_test PRIVATE ${libraries_below} GTest::gtest GTest::gmock
                                                GTest::gtest_main)
    add_test(NAME ${layer} COMMAND ${layer}_test)
  endif()
  foreach(main IN LISTS mains)
    # src/daemon/csd_main.cc becomes the program csd; dashes are written as underscores in file names.
    get_filename_component(program ${main} NAME_WE)
    string(REGEX REPLACE "_main$" "" program ${program})
    string(REPLACE "_" "-" program ${program})
    add_executable(${program} ${main})
    target_link_libraries(${program} PRIVATE ${libraries_below})
    set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  endforeach()
endforeach()
