// The meaning of a level-2 program is the program without shards; partitioning
// that again and erasing again comes to the same.
// RUN: dconv-opt %s --dconv-erase-sharding | FileCheck %s
// RUN: dconv-opt %s --dconv-erase-sharding --dconv-plan='split=o0=2,k0=3 devices=4' --dconv-partition --dconv-erase-sharding | FileCheck %s

#pair = #dconv.grid<2>
#rows = #dconv.sharding<#pair, d0 = axis 0>
#columns = #dconv.sharding<#pair, d1 = axis 0>
#rows_halo = #dconv.sharding<#pair, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#pair>
#partial = #dconv.sharding<#pair, partial = axis 0 : add>
!rows = !dconv.sharded<tensor<8x6xf32>, #rows>
!whole = !dconv.sharded<tensor<8x6xf32>, #whole>
!partial = !dconv.sharded<tensor<8x6xf32>, #partial>

// Whatever moves data means the tensor itself.
// CHECK-LABEL: func @moves(
// CHECK-SAME:      %[[X:.*]]: tensor<8x6xf32>)
// CHECK-NEXT:    return %[[X]], %[[X]], %[[X]], %[[X]]
func.func @moves(%x: tensor<8x6xf32>) -> (tensor<8x6xf32>, tensor<8x6xf32>,
                                          tensor<8x6xf32>, tensor<8x6xf32>) {
  %0 = dconv.shard %x : tensor<8x6xf32> -> !rows
  %1 = dconv.reshard %0 : !rows -> !dconv.sharded<tensor<8x6xf32>, #columns>
  %2 = dconv.all_gather %0 : !rows -> !whole
  %3 = dconv.shard %x : tensor<8x6xf32> -> !partial
  %4 = dconv.all_reduce %3 : !partial -> !whole
  %5 = dconv.reduce_scatter %3 : !partial -> !rows
  %6 = dconv.unshard %1 : !dconv.sharded<tensor<8x6xf32>, #columns> -> tensor<8x6xf32>
  %7 = dconv.unshard %2 : !whole -> tensor<8x6xf32>
  %8 = dconv.unshard %4 : !whole -> tensor<8x6xf32>
  %9 = dconv.unshard %5 : !rows -> tensor<8x6xf32>
  return %6, %7, %8, %9 : tensor<8x6xf32>, tensor<8x6xf32>, tensor<8x6xf32>,
                          tensor<8x6xf32>
}

!input = !dconv.sharded<tensor<8xf32>, #rows_halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
!output = !dconv.sharded<tensor<8xf32>, #rows>

// A region is inlined; its padding becomes a pad again.
// CHECK-LABEL: func @sub_kernel(
// CHECK-SAME:      %[[X:.*]]: tensor<8xf32>, %[[W:.*]]: tensor<3xf32>, %[[Y:.*]]: tensor<8xf32>)
// CHECK:         %[[VALUE:.*]] = arith.constant 5.000000e-01 : f32
// CHECK:         %[[P:.*]] = tensor.pad %[[X]] low[1] high[1]
// CHECK:           tensor.yield %[[VALUE]]
// CHECK:         %[[R:.*]] = linalg.conv_1d ins(%[[P]], %[[W]] : {{.*}}) outs(%[[Y]] :
// CHECK-NEXT:    return %[[R]]
func.func @sub_kernel(%x: tensor<8xf32>, %w: tensor<3xf32>,
                      %y: tensor<8xf32>) -> tensor<8xf32> {
  %0 = dconv.shard %x : tensor<8xf32> -> !output
  %xs = dconv.halo_exchange %0 : !output -> !input
  %ws = dconv.shard %w : tensor<3xf32> -> !filter
  %ys = dconv.shard %y : tensor<8xf32> -> !output
  %1 = dconv.sub_kernel ins(%xs, %ws : !input, !filter) outs(%ys : !output)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.5 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %r = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %r : tensor<8xf32>
  } : !output
  %2 = dconv.unshard %1 : !output -> tensor<8xf32>
  return %2 : tensor<8xf32>
}

// Other ops of the region come along, and one result may feed the next region.
// CHECK-LABEL: func @chain(
// CHECK-SAME:      %[[X:.*]]: tensor<1x10x1xf32>, %[[Y:.*]]: tensor<1x8x1xf32>, %[[Z:.*]]: tensor<1x6x1xf32>)
// CHECK:         tensor.empty() : tensor<3xf32>
// CHECK:         %[[A:.*]] = linalg.pooling_nwc_max {{.*}}ins(%[[X]], %{{.*}} : {{.*}}) outs(%[[Y]] :
// CHECK:         tensor.empty() : tensor<3xf32>
// CHECK:         %[[B:.*]] = linalg.pooling_nwc_max {{.*}}ins(%[[A]], %{{.*}} : {{.*}}) outs(%[[Z]] :
// CHECK-NEXT:    return %[[B]]
#one = #dconv.sharding<#dconv.grid<>>
!x = !dconv.sharded<tensor<1x10x1xf32>, #one>
!y = !dconv.sharded<tensor<1x8x1xf32>, #one>
!z = !dconv.sharded<tensor<1x6x1xf32>, #one>
func.func @chain(%x: tensor<1x10x1xf32>, %y: tensor<1x8x1xf32>,
                 %z: tensor<1x6x1xf32>) -> tensor<1x6x1xf32> {
  %xs = dconv.shard %x : tensor<1x10x1xf32> -> !x
  %ys = dconv.shard %y : tensor<1x8x1xf32> -> !y
  %zs = dconv.shard %z : tensor<1x6x1xf32> -> !z
  %0 = dconv.sub_kernel ins(%xs : !x) outs(%ys : !y) split #dconv.split<> {
  ^bb0(%a: tensor<1x10x1xf32>, %b: tensor<1x8x1xf32>):
    %w = tensor.empty() : tensor<3xf32>
    %r = linalg.pooling_nwc_max
        ins(%a, %w : tensor<1x10x1xf32>, tensor<3xf32>)
        outs(%b : tensor<1x8x1xf32>) -> tensor<1x8x1xf32>
    dconv.yield %r : tensor<1x8x1xf32>
  } : !y
  %1 = dconv.sub_kernel ins(%0 : !y) outs(%zs : !z) split #dconv.split<> {
  ^bb0(%a: tensor<1x8x1xf32>, %b: tensor<1x6x1xf32>):
    %w = tensor.empty() : tensor<3xf32>
    %r = linalg.pooling_nwc_max
        ins(%a, %w : tensor<1x8x1xf32>, tensor<3xf32>)
        outs(%b : tensor<1x6x1xf32>) -> tensor<1x6x1xf32>
    dconv.yield %r : tensor<1x6x1xf32>
  } : !z
  %2 = dconv.unshard %1 : !z -> tensor<1x6x1xf32>
  return %2 : tensor<1x6x1xf32>
}

// What is at level 0 stays as it is.
// CHECK-LABEL: func @level_0(
// CHECK:         linalg.exp
func.func @level_0(%x: tensor<8xf32>) -> tensor<8xf32> {
  %0 = linalg.exp ins(%x : tensor<8xf32>) outs(%x : tensor<8xf32>)
      -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
