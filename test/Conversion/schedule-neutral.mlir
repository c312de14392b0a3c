// What kernels are told: where local padding is that changes no result, and what
// results start from.
// RUN: dconv-opt %s -split-input-file --dconv-partition --dconv-schedule | FileCheck %s

// Both padded dims of the image; the first of two shards has padding on three
// sides, the second on the other three. The bounds count from the corner of the
// window.
// CHECK-LABEL: func.func private @image_0_kernel0(
// CHECK-SAME:    %arg0: memref<1x4x8x1xf32>, %arg1: memref<3x3x1x2xf32>, %arg2: memref<1x2x6x2xf32> {dconv.initial = 1.500000e+00 : f32}, %arg3: index, %arg4: index, %arg5: index, %arg6: index) attributes {dconv.inside = {{\[\[}}0, 1], [0, 2]], dconv.kernel}
// CHECK-NOT:   dconv.kernel}
// CHECK:       dconv.program @image_0
// CHECK:         dconv.launch @image_0_kernel0({{.*}} scalars [] bounds [1, 4, 1, 7] overwrites
// CHECK:         dconv.launch @image_0_kernel0({{.*}} scalars [] bounds [0, 3, 1, 7] overwrites
func.func @image(%x: tensor<1x4x6x1xf32>,
                 %w: tensor<3x3x1x2xf32>) -> tensor<1x4x6x2xf32> {
  %zero = arith.constant 0.0 : f32
  %bias = arith.constant 1.5 : f32
  %p = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : f32
  } : tensor<1x4x6x1xf32> to tensor<1x6x8x1xf32>
  %e = tensor.empty() : tensor<1x4x6x2xf32>
  %f = linalg.fill ins(%bias : f32) outs(%e : tensor<1x4x6x2xf32>)
      -> tensor<1x4x6x2xf32>
  %0 = linalg.conv_2d_nhwc_hwcf
      {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%p, %w : tensor<1x6x8x1xf32>, tensor<3x3x1x2xf32>)
      outs(%f : tensor<1x4x6x2xf32>) -> tensor<1x4x6x2xf32>
  return %0 : tensor<1x4x6x2xf32>
}

// -----

// A padding of many rows leaves windows without an element of the image.
// CHECK:       dconv.program @far_0
// CHECK:         dconv.launch @far_0_kernel0({{.*}} scalars [] bounds [0, 0]
// CHECK:         dconv.launch @far_0_kernel0({{.*}} scalars [] bounds [2, 4]
// CHECK:         dconv.launch @far_0_kernel0({{.*}} scalars [] bounds [0, 4]
// CHECK:         dconv.launch @far_0_kernel0({{.*}} scalars [] bounds [0, 2]
func.func @far(%x: tensor<4xf32>, %w: tensor<3xf32>,
               %y: tensor<8xf32>) -> tensor<8xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[4] high[2] {
  ^bb0(%a: index):
    tensor.yield %zero : f32
  } : tensor<4xf32> to tensor<10xf32>
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [4], split = {o0 = 0}>}
      ins(%p, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// A quantised input: its zero point is what changes nothing. Two shards read the
// first row of padding and none.
// CHECK:       @quantised_0_kernel0({{.*}} attributes {dconv.inside = {{\[\[}}0, 1]], dconv.kernel}
// CHECK:       dconv.launch @quantised_0_kernel0({{.*}} scalars [3, 4] bounds [2, 6]
// CHECK:       dconv.launch @quantised_0_kernel0({{.*}} scalars [3, 4] bounds [0, 4]
func.func @quantised(%x: tensor<1x6x1x1xi8>, %w: tensor<3x1x1x1xi8>,
                     %y: tensor<1x8x1x1xi32>) -> tensor<1x8x1x1xi32> {
  %zero = arith.constant -3 : i8
  %zx = arith.constant -3 : i32
  %zw = arith.constant 2 : i32
  %p = tensor.pad %x low[0, 2, 0, 0] high[0, 2, 0, 0] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : i8
  } : tensor<1x6x1x1xi8> to tensor<1x10x1x1xi8>
  %0 = linalg.conv_2d_nhwc_hwcf_q
      {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%p, %w, %zx, %zw
          : tensor<1x10x1x1xi8>, tensor<3x1x1x1xi8>, i32, i32)
      outs(%y : tensor<1x8x1x1xi32>) -> tensor<1x8x1x1xi32>
  return %0 : tensor<1x8x1x1xi32>
}

// -----

// Zeros of an input with another zero point are values like any other, and so
// are those of an input whose zero point is known at run time alone.
// CHECK:       @zeros_0_kernel0
// CHECK-NOT:   dconv.inside
// CHECK:       dconv.program @zeros_0
// CHECK-NOT:   bounds
// CHECK:       dconv.program @unknown_0
// CHECK-NOT:   bounds
func.func @zeros(%x: tensor<1x6x1x1xi8>, %w: tensor<3x1x1x1xi8>,
                 %y: tensor<1x8x1x1xi32>) -> tensor<1x8x1x1xi32> {
  %zero = arith.constant 0 : i8
  %zx = arith.constant -3 : i32
  %zw = arith.constant 0 : i32
  %p = tensor.pad %x low[0, 2, 0, 0] high[0, 2, 0, 0] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : i8
  } : tensor<1x6x1x1xi8> to tensor<1x10x1x1xi8>
  %0 = linalg.conv_2d_nhwc_hwcf_q
      {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%p, %w, %zx, %zw
          : tensor<1x10x1x1xi8>, tensor<3x1x1x1xi8>, i32, i32)
      outs(%y : tensor<1x8x1x1xi32>) -> tensor<1x8x1x1xi32>
  return %0 : tensor<1x8x1x1xi32>
}
func.func @unknown(%x: tensor<1x6x1x1xi8>, %w: tensor<3x1x1x1xi8>,
                   %y: tensor<1x8x1x1xi32>, %zx: i32) -> tensor<1x8x1x1xi32> {
  %zero = arith.constant 0 : i8
  %zw = arith.constant 0 : i32
  %p = tensor.pad %x low[0, 2, 0, 0] high[0, 2, 0, 0] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : i8
  } : tensor<1x6x1x1xi8> to tensor<1x10x1x1xi8>
  %0 = linalg.conv_2d_nhwc_hwcf_q
      {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%p, %w, %zx, %zw
          : tensor<1x10x1x1xi8>, tensor<3x1x1x1xi8>, i32, i32)
      outs(%y : tensor<1x8x1x1xi32>) -> tensor<1x8x1x1xi32>
  return %0 : tensor<1x8x1x1xi32>
}

// -----

// The identity of a maximum is what changes none; zero is not.
// CHECK:       @infinite_0_kernel0({{.*}} attributes {dconv.inside = {{\[\[}}0, 1]], dconv.kernel}
// CHECK:       @zero_0_kernel0
// CHECK-NOT:   dconv.inside
// CHECK:       dconv.program @zero_0
func.func @infinite(%x: tensor<1x6x1xf32>, %window: tensor<3xf32>,
                    %y: tensor<1x6x1xf32>) -> tensor<1x6x1xf32> {
  %least = arith.constant 0xFF800000 : f32
  %p = tensor.pad %x low[0, 1, 0] high[0, 1, 0] {
  ^bb0(%a: index, %b: index, %c: index):
    tensor.yield %least : f32
  } : tensor<1x6x1xf32> to tensor<1x8x1xf32>
  %0 = linalg.pooling_nwc_max
      {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%p, %window : tensor<1x8x1xf32>, tensor<3xf32>)
      outs(%y : tensor<1x6x1xf32>) -> tensor<1x6x1xf32>
  return %0 : tensor<1x6x1xf32>
}
func.func @zero(%x: tensor<1x6x1xf32>, %window: tensor<3xf32>,
                %y: tensor<1x6x1xf32>) -> tensor<1x6x1xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 1, 0] high[0, 1, 0] {
  ^bb0(%a: index, %b: index, %c: index):
    tensor.yield %zero : f32
  } : tensor<1x6x1xf32> to tensor<1x8x1xf32>
  %0 = linalg.pooling_nwc_max
      {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%p, %window : tensor<1x8x1xf32>, tensor<3xf32>)
      outs(%y : tensor<1x6x1xf32>) -> tensor<1x6x1xf32>
  return %0 : tensor<1x6x1xf32>
}

// -----

// Streamed: a block starts from the constant with its first taps, goes on with
// the others. Sums of bf16 are kept in f32 from the start.
// CHECK:       @blocks_0_kernel0({{.*}}: memref<4xf32> {dconv.initial = 5.000000e-01 : f32})
// CHECK:       @blocks_0_kernel1({{.*}}: memref<4xf32>)
// CHECK:       dconv.program @blocks_0
// CHECK-NOT:     dconv.fill
// CHECK:         dconv.launch @blocks_0_kernel0({{.*}} into %[[SUM:.*]] scalars [] overwrites
// CHECK-NOT:     dconv.convert
// CHECK:         dconv.launch @blocks_0_kernel1({{.*}} into %[[SUM]] scalars [] wait
// CHECK:         dconv.convert %[[SUM]]
func.func @blocks(%x: tensor<10xbf16>, %w: tensor<2xbf16>) -> tensor<8xbf16> {
  %half = arith.constant 0.5 : bf16
  %e = tensor.empty() : tensor<8xbf16>
  %f = linalg.fill ins(%half : bf16) outs(%e : tensor<8xbf16>) -> tensor<8xbf16>
  %v = tensor.extract_slice %x[0] [9] [1] : tensor<10xbf16> to tensor<9xbf16>
  %0 = linalg.conv_1d
      {dconv.plan = #dconv.plan<grid = [2, 2], split = {o0 = 0, k0 = 1},
                                devices = 1, streamed>}
      ins(%v, %w : tensor<9xbf16>, tensor<2xbf16>)
      outs(%f : tensor<8xbf16>) -> tensor<8xbf16>
  return %0 : tensor<8xbf16>
}

// -----

// An initial output that something else needs too is filled.
// CHECK:       @kept_0_kernel0({{.*}}: memref<4xf32>) attributes {dconv.kernel}
// CHECK:       dconv.program @kept_0
// CHECK:         dconv.fill
// CHECK-NOT:     overwrites
#grid = #dconv.grid<2>
#cut = #dconv.sharding<#grid, d0 = axis 0>
#halo = #dconv.sharding<#grid, d0 = axis 0 held [0 to 6], [4 to 10]>
#whole = #dconv.sharding<#grid>
func.func @kept(%x: tensor<10xf32>,
                %w: tensor<3xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %xs = dconv.shard %x : tensor<10xf32> -> !dconv.sharded<tensor<10xf32>, #cut>
  %ws = dconv.shard %w : tensor<3xf32> -> !dconv.sharded<tensor<3xf32>, #whole>
  %ys = dconv.shard %f : tensor<8xf32> -> !dconv.sharded<tensor<8xf32>, #cut>
  %xh = dconv.halo_exchange %xs : !dconv.sharded<tensor<10xf32>, #cut>
      -> !dconv.sharded<tensor<10xf32>, #halo>
  %0 = dconv.sub_kernel
      ins(%xh, %ws : !dconv.sharded<tensor<10xf32>, #halo>,
                     !dconv.sharded<tensor<3xf32>, #whole>)
      outs(%ys : !dconv.sharded<tensor<8xf32>, #cut>)
      split #dconv.split<d0: 8 / 2> {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %r = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %r : tensor<8xf32>
  } : !dconv.sharded<tensor<8xf32>, #cut>
  %1 = dconv.unshard %0 : !dconv.sharded<tensor<8xf32>, #cut> -> tensor<8xf32>
  %2 = dconv.unshard %ys : !dconv.sharded<tensor<8xf32>, #cut> -> tensor<8xf32>
  return %1, %2 : tensor<8xf32>, tensor<8xf32>
}
