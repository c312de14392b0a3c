// One kernel per distinct shape of a shard, not per shard.
// RUN: dconv-opt %s --dconv-plan='split=o0=64 devices=4' --dconv-partition --dconv-schedule | FileCheck %s --check-prefix=CHECK
// RUN: dconv-opt %s --dconv-plan='split=o0=60 devices=4' --dconv-partition --dconv-schedule | FileCheck %s --check-prefixes=CHECK,TWO
// RUN: dconv-opt %s --dconv-plan='split=k0=3 devices=4' --dconv-partition --dconv-schedule | FileCheck %s --check-prefixes=CHECK,TWO
// RUN: dconv-opt %s --dconv-plan='split=k0=2 devices=4' --dconv-partition --dconv-schedule | FileCheck %s --check-prefixes=CHECK,TWO

// 64 stripes of 4 rows are alike, also those at the border: padding is part of
// what a kernel reads, and the launch says where it is. 60 are of 5 and of 4
// rows. Of three taps, the first adds to the output from the host, the others
// start from zero and are alike. Two and one are not. A second convolution of the
// same shapes has the same kernels.
// CHECK-COUNT-1: func.func private @{{.*}} attributes {dconv.inside = {{\[\[}}0, 0]], dconv.kernel}
// TWO:           func.func private @{{.*}} attributes {dconv.inside = {{\[\[}}0, 0]], dconv.kernel}
// CHECK-NOT:     dconv.kernel}
// CHECK:         dconv.program @main_0 (
// CHECK-NOT:     dconv.kernel}
// CHECK:         dconv.program @main_1 (
func.func @main(%x: tensor<256xf32>, %w: tensor<3xf32>,
                %y: tensor<256xf32>) -> tensor<256xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<256xf32> to tensor<258xf32>
  %0 = linalg.conv_1d ins(%p, %w : tensor<258xf32>, tensor<3xf32>)
                      outs(%y : tensor<256xf32>) -> tensor<256xf32>
  %q = tensor.pad %0 low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<256xf32> to tensor<258xf32>
  %1 = linalg.conv_1d ins(%q, %w : tensor<258xf32>, tensor<3xf32>)
                      outs(%y : tensor<256xf32>) -> tensor<256xf32>
  return %1 : tensor<256xf32>
}
