// RUN: dconv-opt %s --dconv-plan='split=o0=4' | FileCheck %s

// A plan that is there stays, whatever the SPEC for all says.
// CHECK-LABEL: func @stays
// CHECK:         linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {k0 = 0}, stripes = {k0 = [1, 2]}>}
func.func @stays(%x: tensor<10xf32>, %w: tensor<3xf32>,
                 %y: tensor<8xf32>) -> tensor<8xf32> {
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<
      grid = [2], split = {k0 = 0}, stripes = {k0 = [1, 2]}>}
      ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// Loop numbers become names, stripes that are balanced become parts, and a
// number of devices of its own is not that of the pass.
// CHECK-LABEL: func @is_written_shortly
// CHECK:         linalg.conv_1d {dconv.plan = #dconv.plan<grid = [3], split = {o0 = 0}, devices = 2>}
func.func @is_written_shortly(%x: tensor<10xf32>, %w: tensor<3xf32>,
                              %y: tensor<8xf32>) -> tensor<8xf32> {
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<
      grid = [3], split = {d0 = 0}, stripes = {d0 = [3, 3, 2]}, devices = 2>}
      ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// Only what has no plan gets one.
// CHECK-LABEL: func @missing
// CHECK:         linalg.conv_1d {dconv.plan = #dconv.plan<grid = [4], split = {o0 = 0}>}
func.func @missing(%x: tensor<10xf32>, %w: tensor<3xf32>,
                   %y: tensor<8xf32>) -> tensor<8xf32> {
  %0 = linalg.conv_1d ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// What is partitioned already is not planned again.
// CHECK-LABEL: func @partitioned
// CHECK-NOT:     dconv.plan
#whole = #dconv.sharding<#dconv.grid<>>
!input = !dconv.sharded<tensor<10xf32>, #whole>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
!output = !dconv.sharded<tensor<8xf32>, #whole>
func.func @partitioned(%x: tensor<10xf32>, %w: tensor<3xf32>,
                       %y: tensor<8xf32>) -> tensor<8xf32> {
  %xs = dconv.shard %x : tensor<10xf32> -> !input
  %ws = dconv.shard %w : tensor<3xf32> -> !filter
  %ys = dconv.shard %y : tensor<8xf32> -> !output
  %0 = dconv.sub_kernel ins(%xs, %ws : !input, !filter) outs(%ys : !output)
      split #dconv.split<> {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %2 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %2 : tensor<8xf32>
  } : !output
  %1 = dconv.unshard %0 : !output -> tensor<8xf32>
  return %1 : tensor<8xf32>
}
