// Programs of level 2 that no pass writes.
// RUN: dconv-opt %s -split-input-file --dconv-schedule | FileCheck %s
// RUN: dconv-opt %s -split-input-file --dconv-schedule --verify-roundtrip -o /dev/null

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<4x6xf32>, #rows>
!whole = !dconv.sharded<tensor<4x6xf32>, #whole>

// Every shard sends what it has and takes what it lacks; of replicas, the first
// is gathered to the host. A program without a convolution is named after its
// function.
// CHECK:       dconv.program @gather_move (tensor<4x6xf32>) -> tensor<4x6xf32>
// CHECK-SAME:    received = [48, 48], sent = [48, 48], scatter = [48, 48], gather = [96, 0]
// CHECK:         dconv.device 0
// CHECK:           dconv.send %[[X:.*]] [0, 0][2, 6] to 1 step 1 shards 0 to 1
// CHECK-NEXT:      dconv.copy %[[X]] [0, 0][2, 6] into %[[ALL:[^ ]*]]
// CHECK-NEXT:      dconv.receive %[[ALL]] [2, 0][2, 6] from 1 step 1 shards 1 to 0
// CHECK:           dconv.gather %[[ALL]] [0, 0][4, 6] into 0
// CHECK:         dconv.device 1
// CHECK-NOT:       dconv.gather
// CHECK:       func.func @gather(
func.func @gather(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %0 = dconv.shard %x : tensor<4x6xf32> -> !rows
  %1 = dconv.all_gather %0 : !rows -> !whole
  %2 = dconv.unshard %1 : !whole -> tensor<4x6xf32>
  return %2 : tensor<4x6xf32>
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#columns = #dconv.sharding<#dconv.grid<2>, d1 = axis 0 owned [0 to 4], [4 to 6]>
!rows = !dconv.sharded<tensor<4x6xf32>, #rows>
!columns = !dconv.sharded<tensor<4x6xf32>, #columns>

// Only what changes its owner moves.
// CHECK:       dconv.program @reshard_move
// CHECK-SAME:    received = [32, 16], sent = [16, 32]
// CHECK:         dconv.device 0
// CHECK:           dconv.send %[[X:.*]] [0, 4][2, 2] to 1 step 1 shards 0 to 1
// CHECK-NEXT:      dconv.copy %[[X]] [0, 0][2, 4] into %[[Y:[^ ]*]]
// CHECK-NEXT:      dconv.receive %[[Y]] [2, 0][2, 4] from 1 step 1 shards 1 to 0
// CHECK:       func.func @reshard(
func.func @reshard(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %0 = dconv.shard %x : tensor<4x6xf32> -> !rows
  %1 = dconv.reshard %0 : !rows -> !columns
  %2 = dconv.unshard %1 : !columns -> tensor<4x6xf32>
  return %2 : tensor<4x6xf32>
}

// -----

#partial = #dconv.sharding<#dconv.grid<2>, partial = axis 0 : min>
#whole = #dconv.sharding<#dconv.grid<2>>
!partial = !dconv.sharded<tensor<4x6xf32>, #partial>
!whole = !dconv.sharded<tensor<4x6xf32>, #whole>

// An all-reduce is a reduce-scatter, here over the rows, and an all-gather. The
// partial value that is not the tensor is the identity, here of a minimum.
// CHECK:       dconv.program @all_reduce_move
// CHECK:         dconv.device 1
// CHECK:           dconv.fill %[[Y1:[^ ]*]] [0, 0][4, 6] with 0x7F800000 : f32
// CHECK:           dconv.send %[[Y1]] [0, 0][2, 6] to 0 step 1 shards 1 to 0
// CHECK-NEXT:      dconv.receive %[[SUM:[^ ]*]] [2, 0][2, 6] from 0 step 1 shards 0 to 1
// CHECK-NEXT:      dconv.accumulate min %[[Y1]] [2, 0][2, 6] into %[[SUM]]
// CHECK:           dconv.send %[[SUM]] [2, 0][2, 6] to 0 step 2 shards 1 to 0
// CHECK-NEXT:      dconv.receive %[[ALL:[^ ]*]] [0, 0][2, 6] from 0 step 2 shards 0 to 1
// CHECK-NEXT:      dconv.copy %[[SUM]] [2, 0][2, 6] into %[[ALL]]
// CHECK:       func.func @all_reduce(
func.func @all_reduce(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %0 = dconv.shard %x : tensor<4x6xf32> -> !partial
  %1 = dconv.all_reduce %0 : !partial -> !whole
  %2 = dconv.unshard %1 : !whole -> tensor<4x6xf32>
  return %2 : tensor<4x6xf32>
}

// -----

#pair = #dconv.grid<2>
#rows = #dconv.sharding<#pair, d0 = axis 0>
#rows1 = #dconv.sharding<#pair, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#pair>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #rows1>
!filter = !dconv.sharded<tensor<3xf32>, #whole>

// Two convolutions without a stop on the host are one program: only the halo of
// the first result moves. It is stored where it is read later: the first output
// stays a stripe, and its fill an argument of neither.
// CHECK:       dconv.program @chain_0 (tensor<8xf32>, tensor<3xf32>) -> tensor<8xf32>
// CHECK-SAME:    received = [8, 8]
// CHECK-SAME:    name = "chain#0", split = "o0=2"
// CHECK-SAME:    name = "chain#1", split = "o0=2"
// CHECK:         dconv.device 0
// CHECK:           dconv.phase "run"
// CHECK:           dconv.launch {{.*}} into %[[A:[^ ]*]] scalars
// CHECK:           dconv.send %[[A]] [3][1] to 1
// CHECK:           dconv.copy %[[A]] [0][4] into
// CHECK:           dconv.launch
// CHECK:           dconv.phase "store"
// CHECK:         dconv.device 1
// CHECK:       func.func @chain(
// CHECK:         dconv.execute @chain_0(%arg0, %arg1)
// CHECK-NEXT:    return
func.func @chain(%x: tensor<8xf32>, %w: tensor<3xf32>) -> tensor<8xf32> {
  %zeros = arith.constant dense<0.0> : tensor<8xf32>
  %xs = dconv.shard %x : tensor<8xf32> -> !rows
  %xh = dconv.halo_exchange %xs : !rows -> !halo
  %ws = dconv.shard %w : tensor<3xf32> -> !filter
  %ys = dconv.shard %zeros : tensor<8xf32> -> !rows
  %0 = dconv.sub_kernel ins(%xh, %ws : !halo, !filter) outs(%ys : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%a: tensor<10xf32>, %b: tensor<3xf32>, %c: tensor<8xf32>):
    %r = linalg.conv_1d ins(%a, %b : tensor<10xf32>, tensor<3xf32>)
                        outs(%c : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %r : tensor<8xf32>
  } : !rows
  %1 = dconv.halo_exchange %0 : !rows -> !halo
  %zs = dconv.shard %zeros : tensor<8xf32> -> !rows
  %2 = dconv.sub_kernel ins(%1, %ws : !halo, !filter) outs(%zs : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%a: tensor<10xf32>, %b: tensor<3xf32>, %c: tensor<8xf32>):
    %r = linalg.conv_1d ins(%a, %b : tensor<10xf32>, tensor<3xf32>)
                        outs(%c : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %r : tensor<8xf32>
  } : !rows
  %3 = dconv.unshard %2 : !rows -> tensor<8xf32>
  return %3 : tensor<8xf32>
}

// -----

#whole = #dconv.sharding<#dconv.grid<>>
!input = !dconv.sharded<tensor<10xf32>, #whole>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
!output = !dconv.sharded<tensor<8xf32>, #whole>

// An initial output that is read again is copied before the kernel adds to it.
// CHECK:       dconv.program @reread_0 {{.*}} -> (tensor<8xf32>, tensor<8xf32>)
// CHECK:         dconv.device 0
// CHECK:           dconv.scatter 2 into %[[Y:[^ ]*]] [0][8]
// CHECK:           dconv.phase "run"
// CHECK:           dconv.copy %[[Y]] [0][8] into %[[R:[^ ]*]]
// CHECK-NEXT:      dconv.launch {{.*}} into %[[R]]
// CHECK:           dconv.gather %[[R]] [0][8] into 0
// CHECK-NEXT:      dconv.gather %[[Y]] [0][8] into 1
func.func @reread(%x: tensor<10xf32>, %w: tensor<3xf32>, %y: tensor<8xf32>)
    -> (tensor<8xf32>, tensor<8xf32>) {
  %xs = dconv.shard %x : tensor<10xf32> -> !input
  %ws = dconv.shard %w : tensor<3xf32> -> !filter
  %ys = dconv.shard %y : tensor<8xf32> -> !output
  %0 = dconv.sub_kernel ins(%xs, %ws : !input, !filter) outs(%ys : !output)
      split #dconv.split<> {
  ^bb0(%a: tensor<10xf32>, %b: tensor<3xf32>, %c: tensor<8xf32>):
    %r = linalg.conv_1d ins(%a, %b : tensor<10xf32>, tensor<3xf32>)
                        outs(%c : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %r : tensor<8xf32>
  } : !output
  %1 = dconv.unshard %0 : !output -> tensor<8xf32>
  %2 = dconv.unshard %ys : !output -> tensor<8xf32>
  return %1, %2 : tensor<8xf32>, tensor<8xf32>
}

// -----

#whole = #dconv.sharding<#dconv.grid<>>
!input = !dconv.sharded<tensor<10xi8>, #whole>
!filter = !dconv.sharded<tensor<3xi8>, #whole>
!output = !dconv.sharded<tensor<8xi32>, #whole>

// A zero point that is a constant of the region is passed like any other.
// CHECK:       dconv.program @constant_zero_point_0 (tensor<10xi8>, tensor<3xi8>, tensor<8xi32>, i32) -> tensor<8xi32>
// CHECK:           dconv.launch {{.*}} scalars [3]
// CHECK:         %[[ZERO:.*]] = arith.constant 3 : i32
// CHECK:         dconv.execute @constant_zero_point_0(%arg0, %arg1, %arg2, %[[ZERO]])
func.func @constant_zero_point(%x: tensor<10xi8>, %w: tensor<3xi8>,
                               %y: tensor<8xi32>) -> tensor<8xi32> {
  %xs = dconv.shard %x : tensor<10xi8> -> !input
  %ws = dconv.shard %w : tensor<3xi8> -> !filter
  %ys = dconv.shard %y : tensor<8xi32> -> !output
  %0 = dconv.sub_kernel ins(%xs, %ws : !input, !filter) outs(%ys : !output)
      split #dconv.split<> {
  ^bb0(%a: tensor<10xi8>, %b: tensor<3xi8>, %c: tensor<8xi32>):
    %zero = arith.constant 3 : i32
    %tensor = tensor.from_elements %zero : tensor<i32>
    %r = linalg.generic {
        indexing_maps = [affine_map<(o, k) -> (o + k)>,
                         affine_map<(o, k) -> (k)>, affine_map<(o, k) -> ()>,
                         affine_map<(o, k) -> (o)>],
        iterator_types = ["parallel", "reduction"]}
        ins(%a, %b, %tensor : tensor<10xi8>, tensor<3xi8>, tensor<i32>)
        outs(%c : tensor<8xi32>) {
    ^bb0(%p: i8, %q: i8, %z: i32, %s: i32):
      %1 = arith.extsi %p : i8 to i32
      %2 = arith.subi %1, %z : i32
      %3 = arith.extsi %q : i8 to i32
      %4 = arith.muli %2, %3 : i32
      %5 = arith.addi %s, %4 : i32
      linalg.yield %5 : i32
    } -> tensor<8xi32>
    dconv.yield %r : tensor<8xi32>
  } : !output
  %1 = dconv.unshard %0 : !output -> tensor<8xi32>
  return %1 : tensor<8xi32>
}
