// RUN: dconv-opt %s --dconv-factorize=tol=1e-6 --verify-diagnostics | FileCheck %s


// A Sobel filter: rows first, then columns. The padding of each dim is where its
// taps are.
// CHECK-LABEL: func @sobel
//       CHECK:   %[[P0:.*]] = tensor.pad %arg0 low[1, 0] high[1, 0]
//   CHECK-DAG:   arith.constant dense<[1, 2, 1]> : tensor<3xi8>
//   CHECK-DAG:   arith.constant dense<[1, 0, -1]> : tensor<3xi8>
//       CHECK:   linalg.generic {{.*}} ins(%[[P0]], {{.*}} attrs = {{.*}}distance = 0.000000e+00 : f64, of = "sobel#0", taps = ["k0"]
//       CHECK:   %[[P1:.*]] = tensor.pad %{{.*}} low[0, 1] high[0, 1]
//       CHECK:   linalg.generic {{.*}} ins(%[[P1]], {{.*}} outs(%arg1 : tensor<16x16xi32>) attrs = {{.*}}taps = ["k1"]
func.func @sobel(%x: tensor<16x16xi8>, %y: tensor<16x16xi32>) -> tensor<16x16xi32> {
  %zero = arith.constant 0 : i8
  %w = arith.constant dense<[[1, 0, -1], [2, 0, -2], [1, 0, -1]]> : tensor<3x3xi8>
  %p = tensor.pad %x low[1, 1] high[1, 1] {
  ^bb0(%row: index, %column: index):
    tensor.yield %zero : i8
  } : tensor<16x16xi8> to tensor<18x18xi8>
  // expected-remark@+1 {{is exactly a product of filters over k0 and over k1; 1536 of 2304 multiply-adds are left}}
  %r = linalg.conv_2d ins(%p, %w : tensor<18x18xi8>, tensor<3x3xi8>) outs(%y : tensor<16x16xi32>) -> tensor<16x16xi32>
  return %r : tensor<16x16xi32>
}

// Other padding stays in front of both: products with it are not zero.
// CHECK-LABEL: func @padded_with_one
//       CHECK:   tensor.pad %arg0 low[1, 1] high[1, 1]
//   CHECK-NOT:   tensor.pad
//       CHECK:   return
func.func @padded_with_one(%x: tensor<16x16xi8>, %y: tensor<16x16xi32>) -> tensor<16x16xi32> {
  %one = arith.constant 1 : i8
  %w = arith.constant dense<[[1, 0, -1], [2, 0, -2], [1, 0, -1]]> : tensor<3x3xi8>
  %p = tensor.pad %x low[1, 1] high[1, 1] {
  ^bb0(%row: index, %column: index):
    tensor.yield %one : i8
  } : tensor<16x16xi8> to tensor<18x18xi8>
  // expected-remark@+1 {{is exactly a product of filters over k0 and over k1; 1632 of 2304}}
  %r = linalg.conv_2d ins(%p, %w : tensor<18x18xi8>, tensor<3x3xi8>) outs(%y : tensor<16x16xi32>) -> tensor<16x16xi32>
  return %r : tensor<16x16xi32>
}

// Products that were rounded are within the tolerance.
// CHECK-LABEL: func @rounded
// CHECK-COUNT-2: linalg.generic
func.func @rounded(%x: tensor<18x18xf32>, %y: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %w = arith.constant dense<[[0.01, 0.03, 0.01], [0.03, 0.09, 0.03], [0.01, 0.03, 0.01]]> : tensor<3x3xf32>
  // expected-remark-re@+1 {{is within {{[1-9].[0-9]e-0[89]}} a product of filters over k0 and over k1}}
  %r = linalg.conv_2d ins(%x, %w : tensor<18x18xf32>, tensor<3x3xf32>) outs(%y : tensor<16x16xf32>) -> tensor<16x16xf32>
  return %r : tensor<16x16xf32>
}

// Sums of f16 stay f32 in between and are rounded once.
// CHECK-LABEL: func @narrow
//   CHECK-DAG:   arith.constant dense<[2.000000e+00, 4.000000e+00, 1.000000e+00]> : tensor<3xf16>
//       CHECK:   linalg.generic {{.*}} outs(%{{.*}} : tensor<16x17xf32>)
//       CHECK:   %[[Y:.*]] = arith.extf %arg1
//       CHECK:   %[[R:.*]] = linalg.generic {{.*}} outs(%[[Y]] : tensor<16x16xf32>)
//       CHECK:   arith.truncf %[[R]]
func.func @narrow(%x: tensor<18x17xf16>, %y: tensor<16x16xf16>) -> tensor<16x16xf16> {
  %w = arith.constant dense<[[0.25, 0.5], [0.5, 1.0], [0.125, 0.25]]> : tensor<3x2xf16>
  // expected-remark@+1 {{is exactly a product}}
  %r = linalg.conv_2d ins(%x, %w : tensor<18x17xf16>, tensor<3x2xf16>) outs(%y : tensor<16x16xf16>) -> tensor<16x16xf16>
  return %r : tensor<16x16xf16>
}

// Three dims become three convolutions.
// CHECK-LABEL: func @cube
// CHECK-COUNT-3: linalg.generic
//   CHECK-NOT:   linalg.generic
//       CHECK:   return
func.func @cube(%x: tensor<18x18x18xf32>, %y: tensor<16x16x16xf32>) -> tensor<16x16x16xf32> {
  %w = arith.constant dense<0.125> : tensor<3x3x3xf32>
  // expected-remark@+2 {{is exactly a product of filters over k0 and over k1, k2; 52416 of 110592}}
  // expected-remark@+1 {{is exactly a product of filters over k1 and over k2}}
  %r = linalg.conv_3d ins(%x, %w : tensor<18x18x18xf32>, tensor<3x3x3xf32>) outs(%y : tensor<16x16x16xf32>) -> tensor<16x16x16xf32>
  return %r : tensor<16x16x16xf32>
}

// CHECK-LABEL: func @no_product
//       CHECK:   linalg.conv_2d
func.func @no_product(%x: tensor<18x18xf32>, %y: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %w = arith.constant dense<[[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]> : tensor<3x3xf32>
  // expected-remark@+1 {{is not factorized: the nearest product is off by 1.0e-01 of the weights; the tolerance is 1.0e-06}}
  %r = linalg.conv_2d ins(%x, %w : tensor<18x18xf32>, tensor<3x3xf32>) outs(%y : tensor<16x16xf32>) -> tensor<16x16xf32>
  return %r : tensor<16x16xf32>
}

// Where there is one output, two convolutions are no gain.
// CHECK-LABEL: func @costs_more
//       CHECK:   linalg.conv_2d
func.func @costs_more(%x: tensor<2x2xf32>, %y: tensor<1x1xf32>) -> tensor<1x1xf32> {
  %w = arith.constant dense<2.0> : tensor<2x2xf32>
  // expected-remark@+1 {{is not factorized: two convolutions would need 6 multiply-adds instead of 4}}
  %r = linalg.conv_2d ins(%x, %w : tensor<2x2xf32>, tensor<2x2xf32>) outs(%y : tensor<1x1xf32>) -> tensor<1x1xf32>
  return %r : tensor<1x1xf32>
}

// CHECK-LABEL: func @planned
//       CHECK:   linalg.conv_2d
func.func @planned(%x: tensor<18x18xf32>, %y: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %w = arith.constant dense<2.0> : tensor<3x3xf32>
  // expected-remark@+1 {{is not factorized: it has a plan already}}
  %r = linalg.conv_2d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}, devices = 2>}
    ins(%x, %w : tensor<18x18xf32>, tensor<3x3xf32>) outs(%y : tensor<16x16xf32>) -> tensor<16x16xf32>
  return %r : tensor<16x16xf32>
}

// CHECK-LABEL: func @two_taps_in_one_dim
//       CHECK:   linalg.generic
//   CHECK-NOT:   linalg.generic
//       CHECK:   return
func.func @two_taps_in_one_dim(%x: tensor<19xf32>, %y: tensor<16xf32>) -> tensor<16xf32> {
  %w = arith.constant dense<1.0> : tensor<2x2xf32>
  // expected-remark@+1 {{is not factorized: dim 0 of its input is neither a loop nor a window of one output loop and one tap}}
  %r = linalg.generic {indexing_maps = [affine_map<(o, k, j) -> (o + k + 2 * j)>, affine_map<(o, k, j) -> (k, j)>, affine_map<(o, k, j) -> (o)>],
      iterator_types = ["parallel", "reduction", "reduction"]}
      ins(%x, %w : tensor<19xf32>, tensor<2x2xf32>) outs(%y : tensor<16xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<16xf32>
  return %r : tensor<16xf32>
}

// Channels: the single tap is a depthwise convolution on the 2 channels of the
// input, not on the 8 of the output.
// CHECK-LABEL: func @channels
//       CHECK:   linalg.generic {{.*}}"parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%arg0, %{{.*}} : tensor<1x18x18x2xf32>, tensor<3x2xf32>)
//       CHECK:   linalg.generic {{.*}}tensor<3x2x8xf32>
func.func @channels(%x: tensor<1x18x18x2xf32>, %y: tensor<1x16x16x8xf32>) -> tensor<1x16x16x8xf32> {
  %w = arith.constant dense<3.0> : tensor<3x3x2x8xf32>
  // expected-remark@+1 {{is exactly a product of filters over k0 and over k1; 14016 of 36864}}
  %r = linalg.conv_2d_nhwc_hwcf ins(%x, %w : tensor<1x18x18x2xf32>, tensor<3x3x2x8xf32>)
    outs(%y : tensor<1x16x16x8xf32>) -> tensor<1x16x16x8xf32>
  return %r : tensor<1x16x16x8xf32>
}
