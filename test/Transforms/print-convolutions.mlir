// RUN: dconv-opt %s --dconv-print-convolutions -o /dev/null | FileCheck %s

// The input is what is read through the local padding; the pad itself is gone.
// CHECK:      padded#0: linalg.conv_1d_nwc_wcf, dims n=1, o0=8, oc=5, k0=3, ic=4,
// CHECK-SAME:   input 1x8x4 padded low [0, 1, 0] high [0, 1, 0], filter 3x4x5, output 1x8x5{{$}}
func.func @padded(%x: tensor<1x8x4xf32>, %w: tensor<3x4x5xf32>,
                  %y: tensor<1x8x5xf32>) -> tensor<1x8x5xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 1, 0] high[0, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index):
    tensor.yield %zero : f32
  } : tensor<1x8x4xf32> to tensor<1x10x4xf32>
  %r = linalg.conv_1d_nwc_wcf
      ins(%p, %w : tensor<1x10x4xf32>, tensor<3x4x5xf32>)
      outs(%y : tensor<1x8x5xf32>) -> tensor<1x8x5xf32>
  return %r : tensor<1x8x5xf32>
}

// Elementwise ops and matrix products are passed over in silence; numbers go on within a function.
// CHECK-NEXT: several#0: linalg.pooling_nwc_max, dims n0=1, o0=4, n1=4, k0=3, input 1x6x4, output 1x4x4{{$}}
func.func @several(%x: tensor<1x6x4xf32>, %window: tensor<3xf32>,
                   %y: tensor<1x4x4xf32>, %w: tensor<4x6xf32>,
                   %z: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %0 = linalg.pooling_nwc_max
      ins(%x, %window : tensor<1x6x4xf32>, tensor<3xf32>)
      outs(%y : tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %1 = linalg.exp ins(%0 : tensor<1x4x4xf32>) outs(%y : tensor<1x4x4xf32>)
      -> tensor<1x4x4xf32>
  %2 = tensor.collapse_shape %1 [[0, 1], [2]]
      : tensor<1x4x4xf32> into tensor<4x4xf32>
  %3 = linalg.matmul ins(%2, %w : tensor<4x4xf32>, tensor<4x6xf32>)
      outs(%z : tensor<4x6xf32>) -> tensor<4x6xf32>
  return %3 : tensor<4x6xf32>
}

// CHECK-NEXT: dynamic: linalg.conv_1d is not taken: dim 0 of operand #0 is dynamic; needs static shapes{{$}}
func.func @dynamic(%x: tensor<?xf32>, %w: tensor<3xf32>,
                   %y: tensor<?xf32>) -> tensor<?xf32> {
  %r = linalg.conv_1d ins(%x, %w : tensor<?xf32>, tensor<3xf32>)
                      outs(%y : tensor<?xf32>) -> tensor<?xf32>
  return %r : tensor<?xf32>
}
// CHECK-NOT: {{.}}
