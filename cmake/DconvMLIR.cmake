# Finds MLIR and defines how targets that use it are built.

find_package(MLIR 22.1 REQUIRED CONFIG)
set(LLVM_RUNTIME_OUTPUT_INTDIR ${PROJECT_BINARY_DIR}/bin)
set(LLVM_LIBRARY_OUTPUT_INTDIR ${PROJECT_BINARY_DIR}/lib)
set(MLIR_BINARY_DIR ${PROJECT_BINARY_DIR})
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)

separate_arguments(_llvm_definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
add_library(dconv_mlir_flags INTERFACE)
target_link_libraries(dconv_mlir_flags INTERFACE dconv_flags)
target_include_directories(dconv_mlir_flags SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_include_directories(dconv_mlir_flags INTERFACE ${PROJECT_BINARY_DIR}/include)
target_compile_options(dconv_mlir_flags INTERFACE ${_llvm_definitions} -fno-exceptions)
include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
include_directories(${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/include)

# dconv_add_mlir_library(name SOURCES... [LINKS...] [DEPENDS...]): always links the
# shared libMLIR and libLLVM; a static MLIR library beside them would be a second
# copy of every type id.
function(dconv_add_mlir_library name)
  cmake_parse_arguments(ARG "" "" "LINKS;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC dconv_mlir_flags ${ARG_LINKS} MLIR LLVM)
  add_dependencies(${name} dconv-headers ${ARG_DEPENDS})
  if(TARGET dconv_pch AND NOT DCONV_NO_PCH)
    target_precompile_headers(${name} REUSE_FROM dconv_pch)
  endif()
endfunction()

# dconv_add_tool(name SOURCES... [LINKS...]): a program in build/bin.
function(dconv_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE dconv_mlir_flags ${ARG_LINKS} MLIR LLVM)
  add_dependencies(${name} dconv-headers)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()
