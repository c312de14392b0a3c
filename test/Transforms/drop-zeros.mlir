// RUN: dconv-opt %s --dconv-drop-zeros --verify-diagnostics | FileCheck %s

// The outer taps of the second dim are zero: the halo of one column goes, with
// the padding that it was for.
// CHECK-LABEL: func @hull
//       CHECK:   %[[P:.*]] = tensor.pad %arg0 low[0, 1, 0, 0] high[0, 1, 0, 0]
//       CHECK:     tensor<1x8x8x1xf32> to tensor<1x10x8x1xf32>
//       CHECK:   %[[W:.*]] = arith.constant dense<{{.*}}> : tensor<3x1x1x1xf32>
//       CHECK:   linalg.conv_2d_nhwc_hwcf {dconv.dropped = {k1 = {extent = 3 : i64, runs = array<i64: 0, 1, 2, 3>}}}
//  CHECK-SAME:     ins(%[[P]], %[[W]]
func.func @hull(%x: tensor<1x8x8x1xf32>, %y: tensor<1x8x8x1xf32>) -> tensor<1x8x8x1xf32> {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<[[[[0.0]], [[1.0]], [[-0.0]]], [[[0.0]], [[2.0]], [[0.0]]],
                             [[[0.0]], [[3.0]], [[0.0]]]]> : tensor<3x3x1x1xf32>
  %p = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%n: index, %row: index, %column: index, %channel: index):
    tensor.yield %zero : f32
  } : tensor<1x8x8x1xf32> to tensor<1x10x10x1xf32>
  // expected-remark@+1 {{drops weights that are zero: k1 [0, 1) [2, 3) of 3; 192 of 576 multiply-adds are left}}
  %r = linalg.conv_2d_nhwc_hwcf
    ins(%p, %w : tensor<1x10x10x1xf32>, tensor<3x3x1x1xf32>)
    outs(%y : tensor<1x8x8x1xf32>) -> tensor<1x8x8x1xf32>
  return %r : tensor<1x8x8x1xf32>
}

// Without padding the input is cut; the stride stays.
// CHECK-LABEL: func @cuts_the_input
//       CHECK:   %[[X:.*]] = tensor.extract_slice %arg0[2] [9] [1]
//       CHECK:   linalg.generic {{.*}} ins(%[[X]]
func.func @cuts_the_input(%x: tensor<13xi32>, %y: tensor<5xi32>) -> tensor<5xi32> {
  %w = arith.constant dense<[0, 0, 7, 0, 0]> : tensor<5xi32>
  // expected-remark@+1 {{k0 [0, 2) [3, 5) of 5; 5 of 25}}
  %r = linalg.generic {indexing_maps = [affine_map<(o, k) -> (2 * o + k)>, affine_map<(o, k) -> (k)>, affine_map<(o, k) -> (o)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<13xi32>, tensor<5xi32>) outs(%y : tensor<5xi32>) {
  ^bb0(%a: i32, %b: i32, %c: i32):
    %m = arith.muli %a, %b : i32
    %s = arith.addi %c, %m : i32
    linalg.yield %s : i32
  } -> tensor<5xi32>
  return %r : tensor<5xi32>
}

// A dilated filter that is stored with its gaps.
// CHECK-LABEL: func @gaps_are_dilation
//       CHECK:   linalg.conv_1d_nwc_wcf {{.*}}dilations = dense<3> : tensor<1xi64>
//  CHECK-SAME:     tensor<1x12x1xf32>, tensor<3x1x1xf32>
func.func @gaps_are_dilation(%x: tensor<1x12x1xf32>, %y: tensor<1x6x1xf32>) -> tensor<1x6x1xf32> {
  %w = arith.constant dense<[[[1.0]], [[0.0]], [[0.0]], [[2.0]], [[0.0]], [[0.0]], [[3.0]]]> : tensor<7x1x1xf32>
  // expected-remark@+1 {{k0 [1, 3) [4, 6) of 7}}
  %r = linalg.conv_1d_nwc_wcf ins(%x, %w : tensor<1x12x1xf32>, tensor<7x1x1xf32>)
    outs(%y : tensor<1x6x1xf32>) -> tensor<1x6x1xf32>
  return %r : tensor<1x6x1xf32>
}

// One dilation times another.
// CHECK-LABEL: func @dilations_multiply
//       CHECK:   dilations = dense<4> : tensor<1xi64>
func.func @dilations_multiply(%x: tensor<1x9x1xf32>, %y: tensor<1x5x1xf32>) -> tensor<1x5x1xf32> {
  %w = arith.constant dense<[[[1.0]], [[0.0]], [[2.0]]]> : tensor<3x1x1xf32>
  // expected-remark@+1 {{k0 [1, 2) of 3}}
  %r = linalg.conv_1d_nwc_wcf {dilations = dense<2> : tensor<1xi64>} ins(%x, %w : tensor<1x9x1xf32>, tensor<3x1x1xf32>)
    outs(%y : tensor<1x5x1xf32>) -> tensor<1x5x1xf32>
  return %r : tensor<1x5x1xf32>
}

// Zeros within the hull that lie irregularly stay.
// CHECK-LABEL: func @irregular_taps_stay
//       CHECK:   linalg.conv_1d ins(%arg0
func.func @irregular_taps_stay(%x: tensor<8xf32>, %y: tensor<5xf32>) -> tensor<5xf32> {
  %w = arith.constant dense<[1.0, 2.0, 0.0, 3.0]> : tensor<4xf32>
  %r = linalg.conv_1d ins(%x, %w : tensor<8xf32>, tensor<4xf32>) outs(%y : tensor<5xf32>) -> tensor<5xf32>
  return %r : tensor<5xf32>
}

// Channel 1 and 4 of 5 are zero in each filter, filter 0 of 2 altogether; its
// outputs are the initial output.
// CHECK-LABEL: func @channels_and_filters
//   CHECK-DAG:   %[[A:.*]] = tensor.extract_slice %arg0[0, 0, 0] [1, 6, 1] [1, 1, 1]
//   CHECK-DAG:   %[[B:.*]] = tensor.extract_slice %arg0[0, 0, 2] [1, 6, 2] [1, 1, 1]
//       CHECK:   arith.constant dense<{{.*}}5.000000e+00{{.*}}6.000000e+00{{.*}}7.000000e+00{{.*}}> : tensor<1x3x1xf32>
//       CHECK:   %[[Y:.*]] = tensor.extract_slice %arg1[0, 0, 1] [1, 6, 1]
//       CHECK:   %[[R:.*]] = linalg.conv_1d_nwc_wcf {{.*}} outs(%[[Y]]
//       CHECK:   tensor.insert_slice %[[R]] into %arg1[0, 0, 1] [1, 6, 1]
func.func @channels_and_filters(%x: tensor<1x6x5xf32>, %y: tensor<1x6x2xf32>) -> tensor<1x6x2xf32> {
  %w = arith.constant dense<[[[0.0, 5.0], [0.0, 0.0], [0.0, 6.0], [0.0, 7.0], [0.0, 0.0]]]> : tensor<1x5x2xf32>
  // expected-remark@+1 {{oc [0, 1) of 2, ic [1, 2) [4, 5) of 5; 18 of 60}}
  %r = linalg.conv_1d_nwc_wcf ins(%x, %w : tensor<1x6x5xf32>, tensor<1x5x2xf32>)
    outs(%y : tensor<1x6x2xf32>) -> tensor<1x6x2xf32>
  return %r : tensor<1x6x2xf32>
}

// What the weights' zero point is, is zero; what the input's is, does not matter.
// CHECK-LABEL: func @zero_point
//       CHECK:   arith.constant dense<{{.*}}> : tensor<2x1x1x1xi8>
//       CHECK:   linalg.conv_2d_nhwc_hwcf_q {{.*}} tensor<2x1x1x1xi8>, i32, i32
func.func @zero_point(%x: tensor<1x4x4x1xi8>, %zx: i32, %y: tensor<1x3x2x1xi32>) -> tensor<1x3x2x1xi32> {
  %zw = arith.constant 5 : i32
  %w = arith.constant dense<[[[[5]], [[5]], [[4]]], [[[5]], [[5]], [[0]]]]> : tensor<2x3x1x1xi8>
  // expected-remark@+1 {{k1 [0, 2) of 3}}
  %r = linalg.conv_2d_nhwc_hwcf_q ins(%x, %w, %zx, %zw : tensor<1x4x4x1xi8>, tensor<2x3x1x1xi8>, i32, i32)
    outs(%y : tensor<1x3x2x1xi32>) -> tensor<1x3x2x1xi32>
  return %r : tensor<1x3x2x1xi32>
}

// CHECK-LABEL: func @unknown_zero_point
//       CHECK:   tensor<2x3x1x1xi8>, i32, i32
func.func @unknown_zero_point(%x: tensor<1x4x4x1xi8>, %z: i32, %y: tensor<1x3x2x1xi32>) -> tensor<1x3x2x1xi32> {
  %w = arith.constant dense<0> : tensor<2x3x1x1xi8>
  // expected-remark@+1 {{keeps the zeros of its weights: the zero point of the weights is not a constant}}
  %r = linalg.conv_2d_nhwc_hwcf_q ins(%x, %w, %z, %z : tensor<1x4x4x1xi8>, tensor<2x3x1x1xi8>, i32, i32)
    outs(%y : tensor<1x3x2x1xi32>) -> tensor<1x3x2x1xi32>
  return %r : tensor<1x3x2x1xi32>
}

// CHECK-LABEL: func @nothing_is_left
//  CHECK-SAME:   attributes {dconv.dropped_convolutions = ["nothing_is_left#0"]}
//  CHECK-NEXT:   return %arg1
func.func @nothing_is_left(%x: tensor<8xf32>, %y: tensor<6xf32>) -> tensor<6xf32> {
  %w = arith.constant dense<0.0> : tensor<3xf32>
  // expected-remark@+1 {{all weights are zero: the result is the initial output}}
  %r = linalg.conv_1d ins(%x, %w : tensor<8xf32>, tensor<3xf32>) outs(%y : tensor<6xf32>) -> tensor<6xf32>
  return %r : tensor<6xf32>
}

// A plan speaks of the loops as they are.
// CHECK-LABEL: func @planned
//       CHECK:   tensor<8xf32>, tensor<3xf32>
func.func @planned(%x: tensor<8xf32>, %y: tensor<6xf32>) -> tensor<6xf32> {
  %w = arith.constant dense<[0.0, 0.0, 1.0]> : tensor<3xf32>
  // expected-remark@+1 {{keeps the zeros of its weights: it has a plan already}}
  %r = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}, devices = 2>} ins(%x, %w : tensor<8xf32>, tensor<3xf32>) outs(%y : tensor<6xf32>) -> tensor<6xf32>
  return %r : tensor<6xf32>
}

// The weights are seen through what makes them; what is left of a slice of them
// is a slice.
// CHECK-LABEL: func @made_weights
//       CHECK:   %[[W:.*]] = arith.extf
//       CHECK:   tensor.extract_slice %[[W]][1] [2] [1]
func.func @made_weights(%x: tensor<8xf32>, %y: tensor<6xf32>) -> tensor<6xf32> {
  %c = arith.constant dense<[[0.0, 1.0, 2.0, 9.0]]> : tensor<1x4xf16>
  %l = tensor.collapse_shape %c [[0, 1]] : tensor<1x4xf16> into tensor<4xf16>
  %s = tensor.extract_slice %l[0] [3] [1] : tensor<4xf16> to tensor<3xf16>
  %w = arith.extf %s : tensor<3xf16> to tensor<3xf32>
  // expected-remark@+1 {{k0 [0, 1) of 3}}
  %r = linalg.conv_1d ins(%x, %w : tensor<8xf32>, tensor<3xf32>) outs(%y : tensor<6xf32>) -> tensor<6xf32>
  return %r : tensor<6xf32>
}

// A maximum of zeros is no zero.
// CHECK-LABEL: func @pooling
//       CHECK:   linalg.pooling_nwc_max
func.func @pooling(%x: tensor<1x8x1xf32>, %y: tensor<1x6x1xf32>) -> tensor<1x6x1xf32> {
  %w = arith.constant dense<0.0> : tensor<3xf32>
  %r = linalg.pooling_nwc_max ins(%x, %w : tensor<1x8x1xf32>, tensor<3xf32>) outs(%y : tensor<1x6x1xf32>) -> tensor<1x6x1xf32>
  return %r : tensor<1x6x1xf32>
}

// Infinity and what is no number are weights like others.
// CHECK-LABEL: func @not_finite
//       CHECK:   arith.constant dense<[0x7F800000, 0x7FC00000]> : tensor<2xf32>
func.func @not_finite(%x: tensor<8xf32>, %y: tensor<6xf32>) -> tensor<6xf32> {
  %w = arith.constant dense<[0x7F800000, 0.0, 0x7FC00000]> : tensor<3xf32>
  // expected-remark@+1 {{k0 [1, 2) of 3}}
  %r = linalg.conv_1d ins(%x, %w : tensor<8xf32>, tensor<3xf32>) outs(%y : tensor<6xf32>) -> tensor<6xf32>
  return %r : tensor<6xf32>
}
