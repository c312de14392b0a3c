# Targets of dconv that do not need MLIR, and the flags all targets share.

add_library(dconv_flags INTERFACE)
target_include_directories(dconv_flags INTERFACE
  ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/runtime/include)
target_compile_options(dconv_flags INTERFACE -Wall -Wextra -Wno-unused-parameter)
if(DCONV_SANITIZE)
  string(REPLACE ";" "," _san "${DCONV_SANITIZE}")
  # Not `function`: it reads a signature in front of every function it calls
  # through a pointer, and kernels made at run time have none.
  target_compile_options(dconv_flags INTERFACE
    -fsanitize=${_san} -fno-sanitize=function -fno-omit-frame-pointer)
  target_link_options(dconv_flags INTERFACE -fsanitize=${_san})
endif()

# dconv_add_library(name SOURCES... [LINKS...]): a static library without MLIR.
function(dconv_add_library name)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC dconv_flags ${ARG_LINKS})
endfunction()

# dconv_add_unittest(name SOURCES... LINKS...): a GoogleTest program, built into
# build/unittests and run by lit (test/Unit).
function(dconv_add_unittest name)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE dconv_flags ${ARG_LINKS} GTest::gtest GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/unittests)
  set_property(GLOBAL APPEND PROPERTY DCONV_UNITTESTS ${name})
endfunction()

# dconv_embed_text(target symbol FILE): the text of FILE becomes part of `target`
# as `extern "C" const char symbol[]`.
function(dconv_embed_text target symbol file)
  get_filename_component(file ${file} ABSOLUTE)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.cpp)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DNAME=${symbol} -DINPUT=${file} -DOUTPUT=${output}
      -P ${PROJECT_SOURCE_DIR}/cmake/EmbedText.cmake
    DEPENDS ${file} ${PROJECT_SOURCE_DIR}/cmake/EmbedText.cmake)
  target_sources(${target} PRIVATE ${output})
endfunction()
