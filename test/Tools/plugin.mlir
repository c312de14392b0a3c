// REQUIRES: mlir-opt
// An instrumented plugin does not load into a program that is not.
// UNSUPPORTED: asan
// RUN: mlir-opt-22 %s --load-dialect-plugin=%plugin \
// RUN:   --pass-pipeline='builtin.module(dconv-plan{split=o0=2},dconv-partition)' \
// RUN: | FileCheck %s
// RUN: mlir-opt-22 %s --load-dialect-plugin=%plugin \
// RUN:   --pass-pipeline='builtin.module(dconv-plan{split=o0=2},dconv-partition)' \
// RUN: | dconv-opt --dconv-erase-sharding | FileCheck %s --check-prefix=ERASED

// The stock mlir-opt reads, rewrites and prints dconv; dconv-opt reads that.
// CHECK-LABEL: func @conv
//  CHECK:        dconv.shard
//  CHECK:        dconv.halo_exchange
//  CHECK:        dconv.sub_kernel
//  CHECK:        dconv.unshard
// ERASED-LABEL: func @conv
//  ERASED-NOT:    dconv
//  ERASED:        linalg.conv_2d_nhwc_hwcf
//  ERASED-NOT:    dconv
func.func @conv(%x: tensor<1x6x6x2xf32>, %w: tensor<3x3x2x4xf32>,
                %init: tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32> {
  %y = linalg.conv_2d_nhwc_hwcf
         ins(%x, %w : tensor<1x6x6x2xf32>, tensor<3x3x2x4xf32>)
         outs(%init : tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  return %y : tensor<1x4x4x4xf32>
}
