# What is installed beside the programs, which cmake/layers.cmake lists.
include(GNUInstallDirs)
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(EXISTS ${CMAKE_SOURCE_DIR}/packaging/systemd)
  install(DIRECTORY packaging/systemd/ DESTINATION lib/systemd/system)
endif()
