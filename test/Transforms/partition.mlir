// What becomes of a planned convolution and of the ops around it; how each split
// lays out the operands is in partition-splits.mlir.
// RUN: dconv-opt %s -split-input-file --dconv-partition | FileCheck %s
// RUN: dconv-opt %s -split-input-file --dconv-partition --verify-roundtrip -o /dev/null

// A constant pad of the input becomes local padding and is gone; the region has
// the op as it was, without its plan. The fill stays: it says what the initial
// output is.
// CHECK-LABEL: func @padded(
// CHECK-SAME:      %[[X:.*]]: tensor<1x8x8x4xf32>, %[[W:.*]]: tensor<3x3x4x8xf32>)
// CHECK-NOT:     tensor.pad
// CHECK:         %[[FILL:.*]] = linalg.fill
// CHECK-NEXT:    %[[XS:.*]] = dconv.shard %[[X]] : tensor<1x8x8x4xf32>
// CHECK-NEXT:    %[[XH:.*]] = dconv.halo_exchange %[[XS]]
// CHECK-NEXT:    %[[WS:.*]] = dconv.shard %[[W]] : tensor<3x3x4x8xf32>
// CHECK-NEXT:    %[[YS:.*]] = dconv.shard %[[FILL]] : tensor<1x8x8x8xf32>
// CHECK-NEXT:    %[[R:.*]] = dconv.sub_kernel ins(%[[XH]], %[[WS]] : {{.*}}) outs(%[[YS]] : {{.*}}) split #dconv.split<d1: 8 / 2>
// CHECK-SAME:      pad [#dconv.padding<low = [0, 1, 2, 0], high = [0, 1, 0, 0], value = 0.000000e+00 : f32>, none]
// CHECK-NEXT:    ^bb0(%[[XP:.*]]: tensor<1x10x10x4xf32>, %[[WP:.*]]: tensor<3x3x4x8xf32>, %[[YP:.*]]: tensor<1x8x8x8xf32>):
// CHECK-NEXT:      %[[C:.*]] = linalg.conv_2d_nhwc_hwcf {note = "kept"} ins(%[[XP]], %[[WP]] : {{.*}}) outs(%[[YP]] :
// CHECK-NEXT:      dconv.yield %[[C]]
// CHECK-NEXT:    }
// CHECK-NEXT:    %[[Y:.*]] = dconv.unshard %[[R]]
// CHECK-NEXT:    return %[[Y]]
func.func @padded(%x: tensor<1x8x8x4xf32>,
                  %w: tensor<3x3x4x8xf32>) -> tensor<1x8x8x8xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 1, 2, 0] high[0, 1, 0, 0] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : f32
  } : tensor<1x8x8x4xf32> to tensor<1x10x10x4xf32>
  %e = tensor.empty() : tensor<1x8x8x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x8x8x8xf32>)
      -> tensor<1x8x8x8xf32>
  %y = linalg.conv_2d_nhwc_hwcf
      {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>, note = "kept"}
      ins(%p, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%f : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %y : tensor<1x8x8x8xf32>
}

// -----

// A pad with other users is fused all the same, and stays for them.
// CHECK-LABEL: func @shared_pad(
// CHECK-SAME:      %[[X:[a-z0-9]+]]: tensor<8xf32>
// CHECK:         %[[P:.*]] = tensor.pad %[[X]]
// CHECK:         dconv.shard %[[X]] : tensor<8xf32>
// CHECK:         dconv.sub_kernel {{.*}} pad [#dconv.padding<low = [1], high = [1], value = 5.000000e-01 : f32>, none]
// CHECK:         dconv.shard %[[X]] : tensor<8xf32>
// CHECK:         dconv.sub_kernel {{.*}} pad [#dconv.padding<low = [1], high = [1], value = 5.000000e-01 : f32>, none]
// CHECK:         return %{{.*}}, %[[P]]
func.func @shared_pad(%x: tensor<8xf32>, %w: tensor<3xf32>, %y: tensor<8xf32>)
    -> (tensor<8xf32>, tensor<10xf32>) {
  %half = arith.constant 0.5 : f32
  %p = tensor.pad %x low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %half : f32
  } : tensor<8xf32> to tensor<10xf32>
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%p, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  %1 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [4], split = {o0 = 0}>}
      ins(%p, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%0 : tensor<8xf32>) -> tensor<8xf32>
  return %1, %p : tensor<8xf32>, tensor<10xf32>
}

// -----

// A pad with a value that is no constant stays a host op: its result is sharded.
// CHECK-LABEL: func @computed_pad_value(
// CHECK:         %[[P:.*]] = tensor.pad
// CHECK:         dconv.shard %[[P]] : tensor<10xf32>
// CHECK:         dconv.sub_kernel {{.*}} split #dconv.split<d0: 8 / 2> {
func.func @computed_pad_value(%x: tensor<8xf32>, %w: tensor<3xf32>,
                              %y: tensor<8xf32>, %v: f32) -> tensor<8xf32> {
  %p = tensor.pad %x low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %v : f32
  } : tensor<8xf32> to tensor<10xf32>
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%p, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// So does one that takes elements away.
// CHECK-LABEL: func @negative_pad(
// CHECK:         %[[P:.*]] = tensor.pad
// CHECK:         dconv.shard %[[P]] : tensor<10xf32>
func.func @negative_pad(%x: tensor<12xf32>, %w: tensor<3xf32>,
                        %y: tensor<8xf32>) -> tensor<8xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[1] high[-3] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<12xf32> to tensor<10xf32>
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%p, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// And one whose amounts are not known.
// CHECK-LABEL: func @dynamic_pad(
// CHECK:         %[[P:.*]] = tensor.pad
// CHECK:         dconv.shard %[[P]] : tensor<10xf32>
func.func @dynamic_pad(%x: tensor<?xf32>, %w: tensor<3xf32>, %y: tensor<8xf32>,
                       %low: index, %high: index) -> tensor<8xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[%low] high[%high] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<?xf32> to tensor<10xf32>
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%p, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// And one of the filter: local padding is of the input.
// CHECK-LABEL: func @padded_filter(
// CHECK:         %[[P:.*]] = tensor.pad
// CHECK:         dconv.shard %[[P]] : tensor<3xf32>
func.func @padded_filter(%x: tensor<10xf32>, %w: tensor<2xf32>,
                         %y: tensor<8xf32>) -> tensor<8xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %w low[0] high[1] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<2xf32> to tensor<3xf32>
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%x, %p : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// Each convolution is assembled after itself; a convolution without a plan and
// what is no convolution stay as they are.
// CHECK-LABEL: func @network(
// CHECK:         %[[R:.*]] = dconv.sub_kernel
// CHECK:         %[[A:.*]] = dconv.unshard %[[R]]
// CHECK:         %[[B:.*]] = linalg.exp ins(%[[A]] :
// CHECK:         %[[C:.*]] = linalg.conv_1d ins(%[[B]],
// CHECK:         dconv.shard %[[C]] :
// CHECK:         %[[S:.*]] = dconv.sub_kernel
// CHECK:         %[[D:.*]] = dconv.unshard %[[S]]
// CHECK:         return %[[D]]
func.func @network(%x: tensor<14xf32>, %w: tensor<3xf32>, %a: tensor<12xf32>,
                   %b: tensor<10xf32>, %c: tensor<8xf32>) -> tensor<8xf32> {
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%x, %w : tensor<14xf32>, tensor<3xf32>)
      outs(%a : tensor<12xf32>) -> tensor<12xf32>
  %1 = linalg.exp ins(%0 : tensor<12xf32>) outs(%a : tensor<12xf32>)
      -> tensor<12xf32>
  %2 = linalg.conv_1d ins(%1, %w : tensor<12xf32>, tensor<3xf32>)
      outs(%b : tensor<10xf32>) -> tensor<10xf32>
  %3 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [3], split = {o0 = 0}>}
      ins(%2, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%c : tensor<8xf32>) -> tensor<8xf32>
  return %3 : tensor<8xf32>
}

// -----

// The window of a pooling, also where it comes from outside, is an empty tensor
// in the region.
// CHECK-LABEL: func @pooling(
// CHECK:         dconv.sub_kernel ins(%{{[0-9]+}} : {{.*}}) outs(
// CHECK-NEXT:    ^bb0(%[[X:.*]]: tensor<1x10x4xf32>, %[[Y:.*]]: tensor<1x8x4xf32>):
// CHECK-NEXT:      %[[WINDOW:.*]] = tensor.empty() : tensor<3xf32>
// CHECK-NEXT:      linalg.pooling_nwc_sum ins(%[[X]], %[[WINDOW]] : {{.*}}) outs(%[[Y]] :
func.func @pooling(%x: tensor<1x10x4xf32>, %window: tensor<3xf32>,
                   %y: tensor<1x8x4xf32>) -> tensor<1x8x4xf32> {
  %0 = linalg.pooling_nwc_sum
      {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%x, %window : tensor<1x10x4xf32>, tensor<3xf32>)
      outs(%y : tensor<1x8x4xf32>) -> tensor<1x8x4xf32>
  return %0 : tensor<1x8x4xf32>
}

// -----

// Zero points are not sharded: the region reads them from outside.
// CHECK-LABEL: func @quantised(
// CHECK-SAME:      %[[ZX:[a-z0-9]+]]: i32, %[[ZW:[a-z0-9]+]]: i32)
// CHECK-COUNT-3: dconv.shard
// CHECK:         dconv.sub_kernel ins(%{{[0-9]+}}, %{{[0-9]+}} :
// CHECK-NEXT:    ^bb0(%[[X:.*]]: tensor<1x10x10x4xi8>, %[[W:.*]]: tensor<3x3x4x8xi8>, %[[Y:.*]]: tensor<1x8x8x8xi32>):
// CHECK-NEXT:      linalg.conv_2d_nhwc_hwcf_q ins(%[[X]], %[[W]], %[[ZX]], %[[ZW]] :
func.func @quantised(%x: tensor<1x10x10x4xi8>, %w: tensor<3x3x4x8xi8>,
                     %y: tensor<1x8x8x8xi32>, %zx: i32,
                     %zw: i32) -> tensor<1x8x8x8xi32> {
  %0 = linalg.conv_2d_nhwc_hwcf_q
      {dconv.plan = #dconv.plan<grid = [2, 2], split = {o0 = 0, ic = 1}>}
      ins(%x, %w, %zx, %zw : tensor<1x10x10x4xi8>, tensor<3x3x4x8xi8>, i32, i32)
      outs(%y : tensor<1x8x8x8xi32>) -> tensor<1x8x8x8xi32>
  return %0 : tensor<1x8x8x8xi32>
}

// -----

// A zero point in a tensor is taken out of it on the host, once.
// CHECK-LABEL: func @zero_point_tensor(
// CHECK-SAME:      %[[Z:[a-z0-9]+]]: tensor<i32>)
// CHECK:         %[[ELEMENT:.*]] = tensor.extract %[[Z]][] : tensor<i32>
// CHECK:         dconv.sub_kernel
// CHECK-NEXT:    ^bb0
// CHECK-NEXT:      %[[IN:.*]] = tensor.from_elements %[[ELEMENT]] : tensor<i32>
// CHECK-NEXT:      linalg.generic {{.*}} ins(%{{.*}}, %{{.*}}, %[[IN]] :
func.func @zero_point_tensor(%x: tensor<10xi8>, %w: tensor<3xi8>,
                             %y: tensor<8xi32>,
                             %z: tensor<i32>) -> tensor<8xi32> {
  %0 = linalg.generic {
      dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>,
      indexing_maps = [affine_map<(o, k) -> (o + k)>, affine_map<(o, k) -> (k)>,
                       affine_map<(o, k) -> ()>, affine_map<(o, k) -> (o)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%x, %w, %z : tensor<10xi8>, tensor<3xi8>, tensor<i32>)
      outs(%y : tensor<8xi32>) {
  ^bb0(%a: i8, %b: i8, %c: i32, %s: i32):
    %1 = arith.extsi %a : i8 to i32
    %2 = arith.subi %1, %c : i32
    %3 = arith.extsi %b : i8 to i32
    %4 = arith.muli %2, %3 : i32
    %5 = arith.addi %s, %4 : i32
    linalg.yield %5 : i32
  } -> tensor<8xi32>
  return %0 : tensor<8xi32>
}

// -----

// The filter may come first, and one tensor may be both.
// CHECK-LABEL: func @operand_order(
// CHECK-SAME:      %[[W:[a-z0-9]+]]: tensor<3xf32>, %[[X:[a-z0-9]+]]: tensor<10xf32>
// CHECK:         %[[WS:.*]] = dconv.shard %[[W]]
// CHECK:         %[[XS:.*]] = dconv.shard %[[X]]
// CHECK:         %[[XH:.*]] = dconv.halo_exchange %[[XS]]
// CHECK:         dconv.sub_kernel ins(%[[WS]], %[[XH]] :
func.func @operand_order(%w: tensor<3xf32>, %x: tensor<10xf32>,
                         %y: tensor<8xf32>) -> tensor<8xf32> {
  %0 = linalg.generic {
      dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>,
      indexing_maps = [affine_map<(o, k) -> (k)>, affine_map<(o, k) -> (o + k)>,
                       affine_map<(o, k) -> (o)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%w, %x : tensor<3xf32>, tensor<10xf32>)
      outs(%y : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %1 = arith.mulf %b, %a : f32
    %2 = arith.addf %1, %s : f32
    linalg.yield %2 : f32
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// CHECK-LABEL: func @autocorrelation(
// CHECK-SAME:      %[[X:[a-z0-9]+]]: tensor<8xf32>
// CHECK:         dconv.shard %[[X]]
// CHECK:         dconv.shard %[[X]]
func.func @autocorrelation(%x: tensor<8xf32>,
                           %y: tensor<1xf32>) -> tensor<1xf32> {
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [3], split = {k0 = 0}>}
      ins(%x, %x : tensor<8xf32>, tensor<8xf32>)
      outs(%y : tensor<1xf32>) -> tensor<1xf32>
  return %0 : tensor<1xf32>
}

// -----

// Inside a loop it is partitioned in place.
// CHECK-LABEL: func @in_a_loop(
// CHECK:         scf.for {{.*}} iter_args(%[[Y:.*]] = %
// CHECK:           dconv.shard %[[Y]] : tensor<8xf32>
// CHECK:           %[[R:.*]] = dconv.unshard
// CHECK:           scf.yield %[[R]]
func.func @in_a_loop(%x: tensor<10xf32>, %w: tensor<3xf32>, %y: tensor<8xf32>,
                     %times: index) -> tensor<8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = scf.for %i = %c0 to %times step %c1 iter_args(%s = %y) -> tensor<8xf32> {
    %1 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
        ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
        outs(%s : tensor<8xf32>) -> tensor<8xf32>
    scf.yield %1 : tensor<8xf32>
  }
  return %0 : tensor<8xf32>
}
