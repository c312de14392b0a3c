// RUN: dconv-opt %s -split-input-file --dconv-plan | FileCheck %s
// RUN: dconv-opt %s -split-input-file --dconv-plan --dconv-partition | FileCheck %s --check-prefix=LEVEL2

// Nothing of the shard dialect is in the way of a partitioned convolution.
// LEVEL2-LABEL: func @rows
// LEVEL2-NOT:     shard.
// LEVEL2:         dconv.unshard

// Rows of the image and of the result over axis 0: four devices, as the grid
// has. What defined the sharding is gone too.
// CHECK-NOT:   shard.grid
// CHECK-LABEL: func @rows
// CHECK-SAME:    (%[[X:.*]]: tensor<1x10x10x4xf32>, %[[W:.*]]: tensor<{{.*}}>, %[[Y:.*]]: tensor
// CHECK-NOT:     shard.
// CHECK:         %[[R:.*]] = linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [4], split = {o0 = 0}>}
// CHECK-SAME:      ins(%[[X]], %[[W]] :
// CHECK-SAME:      outs(%[[Y]] :
// CHECK-NEXT:    return %[[R]]
shard.grid @g(shape = 4)
func.func @rows(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %s = shard.sharding @g split_axes = [[], [0]] : !shard.sharding
  %x0 = shard.shard %x to %s : tensor<1x10x10x4xf32>
  %x1 = shard.shard %x0 to %s annotate_for_users : tensor<1x10x10x4xf32>
  %0 = linalg.conv_2d_nhwc_hwcf
      ins(%x1, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  %1 = shard.shard %0 to %s : tensor<1x8x8x8xf32>
  return %1 : tensor<1x8x8x8xf32>
}

// -----

// Channels of input and filter: a reduction; and filters over the other axis.
// The axes of the split stand in the order of those of the grid.
// CHECK-LABEL: func @channels
// CHECK: #dconv.plan<grid = [3, 2], split = {ic = 1, oc = 0}>
shard.grid @g(shape = 3x2)
func.func @channels(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                    %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %s = shard.sharding @g split_axes = [[], [], [], [1]] : !shard.sharding
  %x1 = shard.shard %x to %s annotate_for_users : tensor<1x10x10x4xf32>
  %t = shard.sharding @g split_axes = [[], [], [1], [0]] : !shard.sharding
  %w1 = shard.shard %w to %t annotate_for_users : tensor<3x3x4x8xf32>
  %0 = linalg.conv_2d_nhwc_hwcf
      ins(%x1, %w1 : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %0 : tensor<1x8x8x8xf32>
}

// -----

// Taps: the dims of the filter that are not its channels.
// CHECK-LABEL: func @taps
// CHECK: #dconv.plan<grid = [3], split = {k0 = 0}>
shard.grid @g(shape = 3)
func.func @taps(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %s = shard.sharding @g split_axes = [[0]] : !shard.sharding
  %w1 = shard.shard %w to %s annotate_for_users : tensor<3x3x4x8xf32>
  %0 = linalg.conv_2d_nhwc_hwcf
      ins(%x, %w1 : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %0 : tensor<1x8x8x8xf32>
}

// -----

// A dim over two axes has their product of parts; axes of size 1 cut nothing.
// The axis that cuts nothing leaves 24 of the 30 devices without a shard.
// CHECK-LABEL: func @several_axes
// CHECK: #dconv.plan<grid = [6], split = {o1 = 0}, devices = 30>
shard.grid @g(shape = 2x1x3x5)
func.func @several_axes(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                        %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %s = shard.sharding @g split_axes = [[1], [], [0, 2]] : !shard.sharding
  %0 = linalg.conv_2d_nhwc_hwcf
      ins(%x, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  %1 = shard.shard %0 to %s : tensor<1x8x8x8xf32>
  return %1 : tensor<1x8x8x8xf32>
}

// -----

// Offsets are lengths. The image has rows that follow, so it cannot give any,
// but it may be cut over the same axis.
// CHECK-LABEL: func @offsets
// CHECK: #dconv.plan<grid = [2], split = {o0 = 0}, stripes = {o0 = [3, 5]}>
shard.grid @g(shape = 2)
func.func @offsets(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                   %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %s = shard.sharding @g split_axes = [[], [0]]
      halo_sizes = [1, 1] : !shard.sharding
  %x1 = shard.shard %x to %s annotate_for_users : tensor<1x10x10x4xf32>
  %t = shard.sharding @g split_axes = [[], [0]]
      sharded_dims_offsets = [0, 3, 8] : !shard.sharding
  %0 = linalg.conv_2d_nhwc_hwcf
      ins(%x1, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  %1 = shard.shard %0 to %t : tensor<1x8x8x8xf32>
  return %1 : tensor<1x8x8x8xf32>
}

// -----

// In front of a pad that becomes local padding, and of the fill of the initial
// output; between them and the convolution too. The pad is found again.
// CHECK-LABEL: func @pad_and_fill
// CHECK-NOT:     shard.
// CHECK:         tensor.pad
// CHECK:         #dconv.plan<grid = [2, 4], split = {o0 = 0, oc = 1}>
// LEVEL2-LABEL: func @pad_and_fill
// LEVEL2-NOT:     shard.s
// LEVEL2:         dconv.sub_kernel
// LEVEL2-SAME:    padding
// LEVEL2-NOT:     shard.s
// LEVEL2:         return
shard.grid @g(shape = 2x4)
func.func @pad_and_fill(%x: tensor<1x8x8x4xf32>, %w: tensor<3x3x4x8xf32>)
    -> tensor<1x8x8x8xf32> {
  %zero = arith.constant 0.0 : f32
  %s = shard.sharding @g split_axes = [[], [0]] : !shard.sharding
  %x1 = shard.shard %x to %s annotate_for_users : tensor<1x8x8x4xf32>
  %p = tensor.pad %x1 low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : f32
  } : tensor<1x8x8x4xf32> to tensor<1x10x10x4xf32>
  %p1 = shard.shard %p to %s annotate_for_users : tensor<1x10x10x4xf32>
  %t = shard.sharding @g split_axes = [[], [0], [], [1]] : !shard.sharding
  %e = tensor.empty() : tensor<1x8x8x8xf32>
  %e1 = shard.shard %e to %t annotate_for_users : tensor<1x8x8x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e1 : tensor<1x8x8x8xf32>)
      -> tensor<1x8x8x8xf32>
  %f1 = shard.shard %f to %t : tensor<1x8x8x8xf32>
  %0 = linalg.conv_2d_nhwc_hwcf
      ins(%p1, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%f1 : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %0 : tensor<1x8x8x8xf32>
}

// -----

// An annotation between two convolutions is one of the first's result and of
// the second's input, unless the second's has its own.
// CHECK-LABEL: func @between
// CHECK-NOT:     shard.s
// CHECK:         linalg.conv_1d_nwc_wcf {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
// CHECK-NOT:     shard.s
// CHECK:         linalg.conv_1d_nwc_wcf {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
// CHECK-NOT:     shard.s
// CHECK:         linalg.conv_1d_nwc_wcf {dconv.plan = #dconv.plan<grid = [2], split = {ic = 0}>}
// CHECK-NOT:     shard.s
// CHECK:         return
shard.grid @g(shape = 2)
func.func @between(%x: tensor<1x12x4xf32>, %w: tensor<3x4x4xf32>,
                   %y0: tensor<1x10x4xf32>, %y1: tensor<1x8x4xf32>,
                   %y2: tensor<1x6x4xf32>) -> tensor<1x6x4xf32> {
  %s = shard.sharding @g split_axes = [[], [0]] : !shard.sharding
  %t = shard.sharding @g split_axes = [[], [], [0]] : !shard.sharding
  %0 = linalg.conv_1d_nwc_wcf ins(%x, %w : tensor<1x12x4xf32>, tensor<3x4x4xf32>)
      outs(%y0 : tensor<1x10x4xf32>) -> tensor<1x10x4xf32>
  %a = shard.shard %0 to %s : tensor<1x10x4xf32>
  %1 = linalg.conv_1d_nwc_wcf ins(%a, %w : tensor<1x10x4xf32>, tensor<3x4x4xf32>)
      outs(%y1 : tensor<1x8x4xf32>) -> tensor<1x8x4xf32>
  %b = shard.shard %1 to %s : tensor<1x8x4xf32>
  %c = shard.shard %b to %t annotate_for_users : tensor<1x8x4xf32>
  %2 = linalg.conv_1d_nwc_wcf ins(%c, %w : tensor<1x8x4xf32>, tensor<3x4x4xf32>)
      outs(%y2 : tensor<1x6x4xf32>) -> tensor<1x6x4xf32>
  return %2 : tensor<1x6x4xf32>
}

// -----

// Annotations for others stay, and so do their sharding and grid. The whole
// image goes to one shard; nothing else was asked for.
// CHECK:       shard.grid @g
// CHECK-LABEL: func @elsewhere
// CHECK-SAME:    (%[[X:.*]]: tensor<10xf32>, %[[W:.*]]: tensor<3xf32>,
// CHECK:         %[[S:.*]] = shard.sharding @g
// CHECK-NEXT:    %[[A:.*]] = shard.shard %[[X]] to %[[S]] annotate_for_users
// CHECK-NEXT:    %[[R:.*]] = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [], split = {}, devices = 2>} ins(%[[X]], %[[W]] :
// CHECK:         %[[T:.*]] = shard.sharding @g split_axes = {{\[\[}}0]]
// CHECK-NEXT:    %[[B:.*]] = shard.shard %[[R]] to %[[T]] annotate_for_users
// CHECK-NEXT:    return %[[A]], %[[B]]
shard.grid @g(shape = 2)
func.func @elsewhere(%x: tensor<10xf32>, %w: tensor<3xf32>, %y: tensor<8xf32>)
    -> (tensor<10xf32>, tensor<8xf32>) {
  %s = shard.sharding @g split_axes = [[]] : !shard.sharding
  %x1 = shard.shard %x to %s annotate_for_users : tensor<10xf32>
  %0 = linalg.conv_1d ins(%x1, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  %t = shard.sharding @g split_axes = [[0]] : !shard.sharding
  %1 = shard.shard %0 to %t annotate_for_users : tensor<8xf32>
  return %x1, %1 : tensor<10xf32>, tensor<8xf32>
}

// -----

// A plan that says the same.
// CHECK-LABEL: func @same_plan
// CHECK: #dconv.plan<grid = [2], split = {o0 = 0}, devices = 8>
shard.grid @g(shape = 2x2)
func.func @same_plan(%x: tensor<10xf32>, %w: tensor<3xf32>, %y: tensor<8xf32>)
    -> tensor<8xf32> {
  %s = shard.sharding @g split_axes = [[0]] : !shard.sharding
  %x1 = shard.shard %x to %s annotate_for_users : tensor<10xf32>
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}, devices = 8>}
      ins(%x1, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
