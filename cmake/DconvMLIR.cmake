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
# Debug builds keep our assertions but need the layout of a release LLVM.
target_compile_options(dconv_mlir_flags INTERFACE
  $<$<AND:$<CONFIG:Debug>,$<COMPILE_LANGUAGE:CXX>>:SHELL:-include ${PROJECT_SOURCE_DIR}/cmake/LlvmStatistic.h>)
include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
include_directories(${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/include)

# MLIR's headers take seconds to parse and are the same everywhere: parsed once,
# every library reuses the result.
option(DCONV_PCH "precompile MLIR's headers" ON)
if(DCONV_PCH)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/dconv_pch.cpp CONTENT "")
  add_library(dconv_pch OBJECT ${PROJECT_BINARY_DIR}/dconv_pch.cpp)
  target_link_libraries(dconv_pch PRIVATE dconv_mlir_flags)
  target_compile_options(dconv_pch PRIVATE -fPIC)
  target_precompile_headers(dconv_pch PRIVATE
    <mlir/Dialect/Arith/IR/Arith.h>
    <mlir/Dialect/Func/IR/FuncOps.h>
    <mlir/Dialect/LLVMIR/LLVMDialect.h>
    <mlir/Dialect/Linalg/IR/Linalg.h>
    <mlir/Dialect/MemRef/IR/MemRef.h>
    <mlir/Dialect/SCF/IR/SCF.h>
    <mlir/Dialect/Tensor/IR/Tensor.h>
    <mlir/Dialect/Vector/IR/VectorOps.h>
    <mlir/IR/BuiltinOps.h>
    <mlir/IR/DialectImplementation.h>
    <mlir/IR/PatternMatch.h>
    <mlir/Interfaces/FunctionInterfaces.h>
    <mlir/Pass/Pass.h>
    <mlir/Pass/PassManager.h>
    <mlir/Transforms/DialectConversion.h>
    <mlir/Transforms/GreedyPatternRewriteDriver.h>)
  # Without time stamps, so that ccache recognises the file.
  target_compile_options(dconv_mlir_flags INTERFACE
    $<$<COMPILE_LANG_AND_ID:CXX,Clang>:SHELL:-Xclang -fno-pch-timestamp>)
endif()

# dconv_use_pch(name): for any target that links dconv_mlir_flags, unit tests too.
function(dconv_use_pch name)
  if(DCONV_PCH)
    target_precompile_headers(${name} REUSE_FROM dconv_pch)
    # A program would be compiled with -fPIE, which the result does not serve.
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${name} PRIVATE -fPIC)
  endif()
endfunction()

# dconv_add_mlir_library(name SOURCES... [LINKS...] [DEPENDS...]): always links the
# shared libMLIR and libLLVM; a static MLIR library beside them would be a second
# copy of every type id.
function(dconv_add_mlir_library name)
  cmake_parse_arguments(ARG "" "" "LINKS;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC dconv_mlir_flags ${ARG_LINKS} MLIR LLVM)
  add_dependencies(${name} dconv-headers ${ARG_DEPENDS})
  dconv_use_pch(${name})
endfunction()

# dconv_add_tool(name SOURCES... [LINKS...]): a program in build/bin.
function(dconv_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE dconv_mlir_flags ${ARG_LINKS} MLIR LLVM)
  add_dependencies(${name} dconv-headers)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  dconv_use_pch(${name})
endfunction()
