// RUN: dconv-opt %s --canonicalize | FileCheck %s

#pair = #dconv.grid<2>
#rows = #dconv.sharding<#pair, d0 = axis 0>
#columns = #dconv.sharding<#pair, d1 = axis 0>
#halo = #dconv.sharding<#pair, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#pair>
#partial = #dconv.sharding<#pair, partial = axis 0 : add>
!rows = !dconv.sharded<tensor<8x6xf32>, #rows>
!columns = !dconv.sharded<tensor<8x6xf32>, #columns>
!halo = !dconv.sharded<tensor<8x6xf32>, #halo>
!whole = !dconv.sharded<tensor<8x6xf32>, #whole>
!partial = !dconv.sharded<tensor<8x6xf32>, #partial>

// Nothing moves where both sides lie alike.
// CHECK-LABEL: func @same_sharding
// CHECK-NEXT:    %[[ROWS:.*]] = dconv.shard
// CHECK-NEXT:    dconv.unshard %[[ROWS]]
func.func @same_sharding(%x: tensor<8x6xf32>) -> tensor<8x6xf32> {
  %0 = dconv.shard %x : tensor<8x6xf32> -> !rows
  %1 = dconv.halo_exchange %0 : !rows -> !rows
  %2 = dconv.reshard %1 : !rows -> !rows
  %3 = dconv.all_gather %2 : !rows -> !rows
  %4 = dconv.unshard %3 : !rows -> tensor<8x6xf32>
  return %4 : tensor<8x6xf32>
}

// Everything moves where they do not.
// CHECK-LABEL: func @other_sharding
// CHECK:         dconv.halo_exchange
// CHECK:         dconv.reshard
// CHECK:         dconv.all_gather
func.func @other_sharding(%x: tensor<8x6xf32>) -> (!halo, !columns, !whole) {
  %0 = dconv.shard %x : tensor<8x6xf32> -> !rows
  %1 = dconv.halo_exchange %0 : !rows -> !halo
  %2 = dconv.reshard %0 : !rows -> !columns
  %3 = dconv.all_gather %0 : !rows -> !whole
  return %1, %2, %3 : !halo, !columns, !whole
}

// A reduction combines several values, so it is never the value itself.
// CHECK-LABEL: func @reductions
// CHECK:         dconv.all_reduce
// CHECK:         dconv.reduce_scatter
func.func @reductions(%x: !partial) -> (!whole, !rows) {
  %0 = dconv.all_reduce %x : !partial -> !whole
  %1 = dconv.reduce_scatter %x : !partial -> !rows
  return %0, %1 : !whole, !rows
}

#one = #dconv.sharding<#dconv.grid<>>
!input = !dconv.sharded<tensor<10xf32>, #one>
!filter = !dconv.sharded<tensor<3xf32>, #one>
!output = !dconv.sharded<tensor<8xf32>, #one>

// What nobody reads is not computed.
// CHECK-LABEL: func @unused
// CHECK-NEXT:    return
func.func @unused(%x: tensor<10xf32>, %ws: !filter, %ys: !output) {
  %xs = dconv.shard %x : tensor<10xf32> -> !input
  %0 = dconv.sub_kernel ins(%xs, %ws : !input, !filter) outs(%ys : !output)
      split #dconv.split<> {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %2 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %2 : tensor<8xf32>
  } : !output
  %1 = dconv.unshard %0 : !output -> tensor<8xf32>
  return
}
