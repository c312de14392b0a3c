// Convolutions with channels before the image get them innermost: the same loops
// on transposed operands.
// RUN: dconv-opt %s -split-input-file --dconv-channels-last=min-work=0 | FileCheck %s
// RUN: dconv-opt %s -split-input-file --dconv-channels-last=min-work=0 | FileCheck %s --check-prefix=MAPS
// RUN: dconv-opt %s -split-input-file --dconv-channels-last=min-work=0 --verify-roundtrip -o /dev/null
// Once is enough.
// RUN: dconv-opt %s -split-input-file --dconv-channels-last=min-work=0 > %t.once
// RUN: dconv-opt %t.once -split-input-file --dconv-channels-last=min-work=0 > %t.twice
// RUN: diff %t.once %t.twice
// What stays has fewer channels, or does less with each element, than asked for.
// RUN: dconv-opt %s -split-input-file --dconv-channels-last='min-channels=33 min-work=0' | FileCheck %s --check-prefix=FEW
// RUN: dconv-opt %s -split-input-file --dconv-channels-last | FileCheck %s --check-prefix=FEW
// FEW-NOT: linalg.transpose

// A transpose comes in front of the padding, which still is local padding, and
// the constant initial output is none.
//
// MAPS-DAG: affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d2 * 2 + d5, d3 * 2 + d6, d4)>
// MAPS-DAG: affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d5, d6, d4, d1)>
// MAPS-DAG: affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d2, d3, d1)>
// CHECK-LABEL: func.func @padded(
// CHECK-SAME:      %[[X:.*]]: tensor<2x3x9x9xbf16>, %[[W:.*]]: tensor<16x3x3x3xbf16>
// CHECK-DAG:     %[[XT:.*]] = linalg.transpose ins(%[[X]] {{.*}} permutation = [0, 2, 3, 1]
// CHECK-DAG:     %[[P:.*]] = tensor.pad %[[XT]] low[0, 1, 2, 0] high[0, 0, 3, 0]
// CHECK-DAG:     tensor.yield %{{.*}} : bf16
// CHECK-DAG:     %[[WT:.*]] = linalg.transpose ins(%[[W]] {{.*}} permutation = [2, 3, 1, 0]
// CHECK-DAG:     %[[INIT:.*]] = linalg.fill {{.*}} -> tensor<2x4x6x16xf32>
// CHECK:         %[[Y:.*]] = linalg.generic
// CHECK-SAME:        iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]
// CHECK-SAME:        ins(%[[P]], %[[WT]] : tensor<2x10x14x3xbf16>, tensor<3x3x3x16xbf16>) outs(%[[INIT]] :
// CHECK-SAME:        attrs = {dconv.plan = #dconv.plan<grid = [2], split = {oc = 0}>}
// CHECK:         %[[YT:.*]] = linalg.transpose ins(%[[Y]] {{.*}} permutation = [0, 3, 1, 2]
// CHECK-NEXT:    return %[[YT]]
func.func @padded(%x: tensor<2x3x9x9xbf16>, %w: tensor<16x3x3x3xbf16>)
    -> tensor<2x16x4x6xf32> {
  %zero = arith.constant 0.0 : f32
  %pad = arith.constant 1.0 : bf16
  %p = tensor.pad %x low[0, 0, 1, 2] high[0, 0, 0, 3] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %pad : bf16
  } : tensor<2x3x9x9xbf16> to tensor<2x3x10x14xbf16>
  %e = tensor.empty() : tensor<2x16x4x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x16x4x6xf32>) -> tensor<2x16x4x6xf32>
  %r = linalg.conv_2d_nchw_fchw {strides = dense<2> : vector<2xi64>, dconv.plan = #dconv.plan<grid = [2], split = {oc = 0}>}
      ins(%p, %w : tensor<2x3x10x14xbf16>, tensor<16x3x3x3xbf16>)
      outs(%f : tensor<2x16x4x6xf32>) -> tensor<2x16x4x6xf32>
  return %r : tensor<2x16x4x6xf32>
}

// -----

// In 1-D, from an initial output of the caller.
// CHECK-LABEL: func.func @one_dim(
// CHECK:         linalg.transpose ins(%arg0 {{.*}} permutation = [0, 2, 1]
// CHECK:         linalg.transpose ins(%arg1 {{.*}} permutation = [2, 1, 0]
// CHECK:         linalg.transpose ins(%arg2 {{.*}} permutation = [0, 2, 1]
// CHECK:         linalg.generic {{.*}} outs(%{{.*}} : tensor<1x6x16xf32>)
// CHECK:         linalg.transpose {{.*}} permutation = [0, 2, 1]
func.func @one_dim(%x: tensor<1x4x8xf32>, %w: tensor<16x4x3xf32>, %y: tensor<1x16x6xf32>)
    -> tensor<1x16x6xf32> {
  %r = linalg.conv_1d_ncw_fcw ins(%x, %w : tensor<1x4x8xf32>, tensor<16x4x3xf32>)
      outs(%y : tensor<1x16x6xf32>) -> tensor<1x16x6xf32>
  return %r : tensor<1x16x6xf32>
}

// -----

// CHECK-LABEL: func.func @three_dims(
// CHECK:         linalg.transpose ins(%arg0 {{.*}} permutation = [0, 2, 3, 4, 1]
// CHECK:         linalg.transpose ins(%arg1 {{.*}} permutation = [2, 3, 4, 1, 0]
// CHECK:         linalg.generic {{.*}} outs(%{{.*}} : tensor<1x3x3x3x16xf32>)
func.func @three_dims(%x: tensor<1x2x5x5x5xf32>, %w: tensor<16x2x3x3x3xf32>,
                      %y: tensor<1x16x3x3x3xf32>) -> tensor<1x16x3x3x3xf32> {
  %r = linalg.conv_3d_ncdhw_fcdhw
      ins(%x, %w : tensor<1x2x5x5x5xf32>, tensor<16x2x3x3x3xf32>)
      outs(%y : tensor<1x16x3x3x3xf32>) -> tensor<1x16x3x3x3xf32>
  return %r : tensor<1x16x3x3x3xf32>
}

// -----

// Groups lie around the channels, and around the taps of the filter.
// CHECK-LABEL: func.func @groups(
// CHECK:         linalg.transpose ins(%arg0 {{.*}} permutation = [0, 3, 4, 1, 2]
// CHECK:         linalg.transpose ins(%arg1 {{.*}} permutation = [0, 3, 4, 2, 1]
// CHECK:         linalg.generic {{.*}} outs(%{{.*}} : tensor<1x4x4x2x16xf32>)
func.func @groups(%x: tensor<1x2x3x6x6xf32>, %w: tensor<2x16x3x3x3xf32>,
                  %y: tensor<1x2x16x4x4xf32>) -> tensor<1x2x16x4x4xf32> {
  %r = linalg.conv_2d_ngchw_gfchw
      ins(%x, %w : tensor<1x2x3x6x6xf32>, tensor<2x16x3x3x3xf32>)
      outs(%y : tensor<1x2x16x4x4xf32>) -> tensor<1x2x16x4x4xf32>
  return %r : tensor<1x2x16x4x4xf32>
}

// -----

// CHECK-LABEL: func.func @depthwise(
// CHECK:         linalg.transpose ins(%arg0 {{.*}} permutation = [0, 2, 3, 1]
// CHECK:         linalg.transpose ins(%arg1 {{.*}} permutation = [1, 2, 0]
// CHECK:         linalg.generic {{.*}} outs(%{{.*}} : tensor<1x4x4x16xf32>)
func.func @depthwise(%x: tensor<1x16x6x6xf32>, %w: tensor<16x3x3xf32>,
                     %y: tensor<1x16x4x4xf32>) -> tensor<1x16x4x4xf32> {
  %r = linalg.depthwise_conv_2d_nchw_chw
      ins(%x, %w : tensor<1x16x6x6xf32>, tensor<16x3x3xf32>)
      outs(%y : tensor<1x16x4x4xf32>) -> tensor<1x16x4x4xf32>
  return %r : tensor<1x16x4x4xf32>
}

// -----

// Of a pooling the last dim before the image; the window has no values.
// CHECK-LABEL: func.func @pooling(
// CHECK:         %[[K:.*]] = tensor.empty() : tensor<3x2xf32>
// CHECK:         %[[X:.*]] = linalg.transpose ins(%arg0 {{.*}} permutation = [0, 2, 3, 1]
// CHECK:         linalg.generic {{.*}} ins(%[[X]], %[[K]] : {{.*}}) outs(%{{.*}} : tensor<2x4x5x16xf32>)
func.func @pooling(%x: tensor<2x16x6x6xf32>, %y: tensor<2x16x4x5xf32>) -> tensor<2x16x4x5xf32> {
  %k = tensor.empty() : tensor<3x2xf32>
  %r = linalg.pooling_nchw_max ins(%x, %k : tensor<2x16x6x6xf32>, tensor<3x2xf32>)
      outs(%y : tensor<2x16x4x5xf32>) -> tensor<2x16x4x5xf32>
  return %r : tensor<2x16x4x5xf32>
}

// -----

// Between two convolutions, the second of which is padded, nothing is transposed.
// CHECK-LABEL: func.func @chain(
// CHECK-COUNT-3: linalg.transpose
// CHECK:         %[[Y:.*]] = linalg.generic
// CHECK-NOT:     linalg.transpose ins(%[[Y]]
// CHECK:         tensor.pad %[[Y]]
// CHECK:         linalg.transpose ins(%arg3
// CHECK:         linalg.generic
// CHECK:         linalg.transpose
// CHECK-NOT:     linalg.transpose
func.func @chain(%x: tensor<1x16x8x8xf32>, %w: tensor<16x16x3x3xf32>,
                 %y: tensor<1x16x6x6xf32>, %v: tensor<16x16x3x3xf32>) -> tensor<1x16x6x6xf32> {
  %zero = arith.constant 0.0 : f32
  %r = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>)
      outs(%y : tensor<1x16x6x6xf32>) -> tensor<1x16x6x6xf32>
  %p = tensor.pad %r low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<1x16x6x6xf32> to tensor<1x16x8x8xf32>
  %e = tensor.empty() : tensor<1x16x6x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x16x6x6xf32>) -> tensor<1x16x6x6xf32>
  %s = linalg.conv_2d_nchw_fchw ins(%p, %v : tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>)
      outs(%f : tensor<1x16x6x6xf32>) -> tensor<1x16x6x6xf32>
  return %s : tensor<1x16x6x6xf32>
}

// -----

// Zero points stay scalars.
// CHECK-LABEL: func.func @quantised(
// CHECK:         linalg.generic {{.*}} ins(%{{.*}}, %{{.*}}, %arg2, %arg3 : tensor<1x6x6x4xi8>, tensor<3x3x4x16xi8>, i32, i32)
func.func @quantised(%x: tensor<1x4x6x6xi8>, %w: tensor<16x4x3x3xi8>, %a: i32, %b: i32,
                     %y: tensor<1x16x4x4xi32>) -> tensor<1x16x4x4xi32> {
  %r = linalg.conv_2d_nchw_fchw_q ins(%x, %w, %a, %b : tensor<1x4x6x6xi8>, tensor<16x4x3x3xi8>, i32, i32)
      outs(%y : tensor<1x16x4x4xi32>) -> tensor<1x16x4x4xi32>
  return %r : tensor<1x16x4x4xi32>
}

// -----

// Left alone: few channels, channels that are last, few channels in a group, an
// order of its own, and the gradient of a filter.
// CHECK-LABEL: func.func @left_alone(
// CHECK-NOT:     linalg.transpose
#x = affine_map<(m, c, i, j, n, p, q) -> (n, c, i + p, j + q)>
#dy = affine_map<(m, c, i, j, n, p, q) -> (n, m, p, q)>
#dw = affine_map<(m, c, i, j, n, p, q) -> (m, c, i, j)>
func.func @left_alone(%x: tensor<1x32x8x8xf32>, %few: tensor<15x32x3x3xf32>, %y15: tensor<1x15x6x6xf32>,
                      %last: tensor<3x3x8x32xf32>, %y32: tensor<1x30x6x32xf32>,
                      %g: tensor<1x8x4x8x8xf32>, %gw: tensor<8x4x4x3x3xf32>, %yg: tensor<1x8x4x6x6xf32>,
                      %dy: tensor<1x32x6x6xf32>, %dw: tensor<32x32x3x3xf32>)
    -> (tensor<1x15x6x6xf32>, tensor<1x30x6x32xf32>, tensor<1x8x4x6x6xf32>, tensor<32x32x3x3xf32>) {
  %0 = linalg.conv_2d_nchw_fchw ins(%x, %few : tensor<1x32x8x8xf32>, tensor<15x32x3x3xf32>)
      outs(%y15 : tensor<1x15x6x6xf32>) -> tensor<1x15x6x6xf32>
  %1 = linalg.conv_2d_nhwc_hwcf ins(%x, %last : tensor<1x32x8x8xf32>, tensor<3x3x8x32xf32>)
      outs(%y32 : tensor<1x30x6x32xf32>) -> tensor<1x30x6x32xf32>
  %2 = linalg.conv_2d_ngchw_gfchw ins(%g, %gw : tensor<1x8x4x8x8xf32>, tensor<8x4x4x3x3xf32>)
      outs(%yg : tensor<1x8x4x6x6xf32>) -> tensor<1x8x4x6x6xf32>
  %3 = linalg.generic {indexing_maps = [#x, #dy, #dw],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %dy : tensor<1x32x8x8xf32>, tensor<1x32x6x6xf32>) outs(%dw : tensor<32x32x3x3xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<32x32x3x3xf32>
  return %0, %1, %2, %3 : tensor<1x15x6x6xf32>, tensor<1x30x6x32xf32>, tensor<1x8x4x6x6xf32>, tensor<32x32x3x3xf32>
}

// -----

// What is annotated keeps the dims that the annotation means.
// CHECK-LABEL: func.func @annotated(
// CHECK-NOT:     linalg.transpose
shard.grid @grid(shape = 2)
func.func @annotated(%x: tensor<1x4x8xf32>, %w: tensor<16x4x3xf32>, %y: tensor<1x16x6xf32>)
    -> tensor<1x16x6xf32> {
  %s = shard.sharding @grid split_axes = [[], [], [0]] : !shard.sharding
  %xs = shard.shard %x to %s annotate_for_users : tensor<1x4x8xf32>
  %r = linalg.conv_1d_ncw_fcw ins(%xs, %w : tensor<1x4x8xf32>, tensor<16x4x3xf32>)
      outs(%y : tensor<1x16x6xf32>) -> tensor<1x16x6xf32>
  return %r : tensor<1x16x6xf32>
}
