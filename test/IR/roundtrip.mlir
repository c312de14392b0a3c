// What is read is what is printed, also by way of the generic form and bytecode.
// RUN: dconv-opt %s | dconv-opt | FileCheck %s
// RUN: dconv-opt %s --mlir-print-op-generic | dconv-opt | FileCheck %s
// RUN: dconv-opt %s --emit-bytecode | dconv-opt | FileCheck %s

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

// Grids. As many devices as shards need not be written.
// CHECK-DAG: = #dconv.grid<>{{$}}
// CHECK-DAG: = #dconv.grid<devices = 3>{{$}}
// CHECK-DAG: = #dconv.grid<7>{{$}}
// CHECK-DAG: = #dconv.grid<7x3, devices = 4>{{$}}
// CHECK-DAG: #[[$GRID:.*]] = #dconv.grid<2x3>{{$}}
#grid = #dconv.grid<2x3, devices = 6>
func.func private @grids() attributes {
  one = #dconv.grid<>, idle = #dconv.grid<devices = 3>, line = #dconv.grid<7>,
  waves = #dconv.grid<7x3, devices = 4>}

// Layouts: dims in another order, blocks, blocks of blocks; a buffer has its own.
// CHECK-DAG: #[[$PACKED:.*]] = #dconv.layout<d3 by 32, d0, d1, d2 by 2, d3, d2>{{$}}
// CHECK-DAG: #[[$TURNED:.*]] = #dconv.layout<d1, d0>{{$}}
// CHECK-DAG: = #dconv.layout<d0 by 16, d1, d0 by 4, d0>{{$}}
// CHECK-DAG: @layouts(memref<3x3x5x70xbf16, #[[$PACKED]]>, memref<2x3xi8, #[[$TURNED]]>)
func.func private @layouts(
    memref<3x3x5x70xbf16, #dconv.layout<d3 by 32, d0, d1, d2 by 2, d3, d2 by 1>>,
    memref<2x3xi8, #dconv.layout<d1, d0>>)
    attributes {nested = #dconv.layout<d0 by 16, d1, d0 by 4, d0>}

// Shardings: replicated, cut by one axis and by several, with stripes written by
// hand, with what is held, whole dims of which a part is held, partial sums.
// CHECK-DAG: = #dconv.sharding<#[[$GRID]]>{{$}}
// CHECK-DAG: = #dconv.sharding<#[[$GRID]], d1 = axis 0>{{$}}
// CHECK-DAG: = #dconv.sharding<#[[$GRID]], d0 = axes [1, 0]>{{$}}
// CHECK-DAG: = #dconv.sharding<#[[$GRID]], d0 = axis 0 owned [0 to 3], [3 to 8], d2 = axis 1>{{$}}
// CHECK-DAG: = #dconv.sharding<#[[$GRID]], d1 = axis 0 held [0 to 5], [3 to 8], d2 = axis 1 held [0 to 1], [0 to 3], [2 to 3]>{{$}}
// CHECK-DAG: = #dconv.sharding<#[[$GRID]], d0 = axis 0 owned [0 to 3], [3 to 8] held [0 to 4], [2 to 8]>{{$}}
// CHECK-DAG: = #dconv.sharding<#[[$GRID]], d0 = axes [] held [1 to 3]>{{$}}
// CHECK-DAG: = #dconv.sharding<#[[$GRID]], partial = axes [0, 1] : add>{{$}}
// CHECK-DAG: = #dconv.sharding<#[[$GRID]], d0 = axis 0, partial = axis 1 : add in f32>{{$}}
// CHECK-DAG: = #dconv.sharding<#[[$GRID]], partial = axis 0 : max>{{$}}
// CHECK-DAG: = #dconv.sharding<#[[$GRID]], partial = axis 0 : min>{{$}}
// CHECK-DAG: = #dconv.sharding<#[[$GRID]], partial = axis 0 : maxu>{{$}}
// CHECK-DAG: = #dconv.sharding<#[[$GRID]], partial = axis 0 : minu>{{$}}
func.func private @shardings() attributes {
  whole = #dconv.sharding<#grid>,
  rows = #dconv.sharding<#grid, d1 = axis 0>,
  both = #dconv.sharding<#grid, d0 = axes [1, 0]>,
  uneven = #dconv.sharding<#grid, d0 = axis 0 owned [0 to 3], [3 to 8],
                           d2 = axis 1>,
  halo = #dconv.sharding<#grid, d1 = axis 0 held [0 to 5], [3 to 8],
                         d2 = axis 1 held [0 to 1], [0 to 3], [2 to 3]>,
  unevenHalo = #dconv.sharding<#grid, d0 = axis 0 owned [0 to 3], [3 to 8]
                                                  held [0 to 4], [2 to 8]>,
  less = #dconv.sharding<#grid, d0 = axes [] held [1 to 3]>,
  sums = #dconv.sharding<#grid, partial = axes [0, 1] : add>,
  wide = #dconv.sharding<#grid, d0 = axis 0, partial = axis 1 : add in f32>,
  max = #dconv.sharding<#grid, partial = axis 0 : max>,
  min = #dconv.sharding<#grid, partial = axis 0 : min>,
  maxu = #dconv.sharding<#grid, partial = axis 0 : maxu>,
  minu = #dconv.sharding<#grid, partial = axis 0 : minu>}

// Splits, plans and the small attributes of programs. Balanced lengths are
// printed as a number of parts, whichever way they were written, and the
// algorithm of a plan only where it is not the direct one.
// CHECK-LABEL: func private @others
// CHECK-SAME:    balanced = #dconv.split<d0: 5 / 2>
// CHECK-SAME:    counters = #dconv.counters<received = [128, 0], sent = [0, 128], scatter = [1, 2], gather = [3, 4], peak = [5, 6]>
// CHECK-SAME:    empty = #dconv.split<>
// CHECK-SAME:    none = #dconv.plan<grid = [], split = {}>
// CHECK-SAME:    padding = #dconv.padding<low = [0, 1], high = [2, 0], value = -3 : i8>
// CHECK-SAME:    plan = #dconv.plan<grid = [2, 2], split = {d3 = 1, o0 = 0}>
// CHECK-SAME:    scalar = #dconv.tensor<"bias", []>
// CHECK-SAME:    split = #dconv.split<d1: 56 / 2, d3: [21, 22, 21]>
// CHECK-SAME:    tensor = #dconv.tensor<"input 0", [1, 56]>
// CHECK-SAME:    uneven = #dconv.plan<grid = [2, 2], split = {o0 = 0, oc = 1}, stripes = {o0 = [30, 26]}, devices = 3>
func.func private @others() attributes {
  balanced = #dconv.split<d0: [3, 2]>,
  counters = #dconv.counters<received = [128, 0], sent = [0, 128],
                             scatter = [1, 2], gather = [3, 4], peak = [5, 6]>,
  empty = #dconv.split<>,
  none = #dconv.plan<grid = [], split = {}>,
  padding = #dconv.padding<low = [0, 1], high = [2, 0], value = -3 : i8>,
  plan = #dconv.plan<grid = [2, 2], split = {o0 = 0, d3 = 1}, devices = 4,
                     algorithm = direct>,
  scalar = #dconv.tensor<"bias", []>,
  split = #dconv.split<d1: 56 / 2, d3: [21, 22, 21]>,
  tensor = #dconv.tensor<"input 0", [1, 56]>,
  uneven = #dconv.plan<grid = [2, 2], split = {o0 = 0, oc = 1}, devices = 3,
                       stripes = {o0 = [30, 26]}>}

//===----------------------------------------------------------------------===//
// Level 1: a plan on a convolution
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @planned
// CHECK:         linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
func.func @planned(%x: tensor<10xf32>, %w: tensor<3xf32>,
                   %y: tensor<8xf32>) -> tensor<8xf32> {
  %r = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %r : tensor<8xf32>
}

//===----------------------------------------------------------------------===//
// Level 2: sharded values
//===----------------------------------------------------------------------===//

#pair = #dconv.grid<2>
#rows = #dconv.sharding<#pair, d0 = axis 0>
#rows_halo = #dconv.sharding<#pair, d0 = axis 0 held [0 to 5], [3 to 8]>
#columns = #dconv.sharding<#pair, d1 = axis 0>
#whole = #dconv.sharding<#pair>
#partial = #dconv.sharding<#pair, partial = axis 0 : add>
!rows = !dconv.sharded<tensor<8x6xf32>, #rows>
!whole = !dconv.sharded<tensor<8x6xf32>, #whole>
!partial = !dconv.sharded<tensor<8x6xf32>, #partial>

// CHECK-LABEL: func @moves
// CHECK:         %[[ROWS:.*]] = dconv.shard %{{.*}} {note = "kept"} : tensor<8x6xf32> -> !dconv.sharded<tensor<8x6xf32>, #{{.*}}>
// CHECK:         dconv.halo_exchange %[[ROWS]] : !dconv.sharded<tensor<8x6xf32>, #{{.*}}> -> !dconv.sharded<tensor<8x6xf32>, #{{.*}}>
// CHECK:         dconv.reshard %[[ROWS]] : !dconv.sharded
// CHECK:         dconv.all_gather %[[ROWS]] : !dconv.sharded
// CHECK:         %[[SUMS:.*]] = dconv.shard
// CHECK:         dconv.all_reduce %[[SUMS]] : !dconv.sharded
// CHECK:         %[[OWN:.*]] = dconv.reduce_scatter %[[SUMS]] : !dconv.sharded
// CHECK:         dconv.unshard %[[OWN]] : !dconv.sharded<tensor<8x6xf32>, #{{.*}}> -> tensor<8x6xf32>
func.func @moves(%x: tensor<8x6xf32>) -> tensor<8x6xf32> {
  %0 = dconv.shard %x {note = "kept"} : tensor<8x6xf32> -> !rows
  %1 = dconv.halo_exchange %0 : !rows -> !dconv.sharded<tensor<8x6xf32>, #rows_halo>
  %2 = dconv.reshard %0 : !rows -> !dconv.sharded<tensor<8x6xf32>, #columns>
  %3 = dconv.all_gather %0 : !rows -> !whole
  %4 = dconv.shard %x : tensor<8x6xf32> -> !partial
  %5 = dconv.all_reduce %4 : !partial -> !whole
  %6 = dconv.reduce_scatter %4 : !partial -> !rows
  %7 = dconv.unshard %6 : !rows -> tensor<8x6xf32>
  return %7 : tensor<8x6xf32>
}

#input_halo = #dconv.sharding<#pair, d0 = axis 0 held [0 to 5], [3 to 8]>
!input = !dconv.sharded<tensor<8xf32>, #input_halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
!output = !dconv.sharded<tensor<8xf32>, #rows>

// One input has local padding, the other none.
// CHECK-LABEL: func @sub_kernel
// CHECK:         dconv.sub_kernel ins(%{{.*}}, %{{.*}} : !dconv.sharded<tensor<8xf32>, #{{[a-z0-9]+}}>, !dconv.sharded<tensor<3xf32>, #{{[a-z0-9]+}}>)
// CHECK-SAME:      outs(%{{.*}} : !dconv.sharded<tensor<8xf32>, #{{[a-z0-9]+}}>) split #dconv.split<d0: 8 / 2>
// CHECK-SAME:      pad [#dconv.padding<low = [1], high = [1], value = 0.000000e+00 : f32>, none] attributes {note = "kept"} {
// CHECK-NEXT:    ^bb0(%[[X:.*]]: tensor<10xf32>, %[[W:.*]]: tensor<3xf32>, %[[Y:.*]]: tensor<8xf32>):
// CHECK-NEXT:      %[[R:.*]] = linalg.conv_1d
// CHECK-NEXT:      dconv.yield %[[R]] : tensor<8xf32>
// CHECK-NEXT:    } : !dconv.sharded<tensor<8xf32>, #{{.*}}>
func.func @sub_kernel(%x: tensor<8xf32>, %w: tensor<3xf32>,
                      %y: tensor<8xf32>) -> tensor<8xf32> {
  %0 = dconv.shard %x : tensor<8xf32> -> !output
  %xs = dconv.halo_exchange %0 : !output -> !input
  %ws = dconv.shard %w : tensor<3xf32> -> !filter
  %ys = dconv.shard %y : tensor<8xf32> -> !output
  %1 = dconv.sub_kernel ins(%xs, %ws : !input, !filter) outs(%ys : !output)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none]
      attributes {note = "kept"} {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %r = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %r : tensor<8xf32>
  } : !output
  %2 = dconv.unshard %1 : !output -> tensor<8xf32>
  return %2 : tensor<8xf32>
}

//===----------------------------------------------------------------------===//
// Level 3: programs
//===----------------------------------------------------------------------===//

func.func private @kernel(memref<6xf32>, memref<6xf32>, memref<4xbf16>, i32)
    attributes {dconv.kernel}
func.func private @nullary(memref<4xbf16>) attributes {dconv.kernel}
func.func private @told(memref<6xf32>, memref<4xbf16> {dconv.initial = 0.0 : bf16},
                        i32, index, index)
    attributes {dconv.kernel, dconv.inside = [[0, 0]]}
func.func private @packed(memref<6xf32, #dconv.layout<d0 by 4, d0>>,
                          memref<4xbf16>) attributes {dconv.kernel}

// Every command once, with and without events to wait for.
// CHECK-LABEL: dconv.program @commands (tensor<4xbf16>, i32) -> tensor<4xbf16>
// CHECK-SAME:    tensors [#dconv.tensor<"input 0", [4]>]
// CHECK-SAME:    predicted #dconv.counters<received = [0, 8], sent = [8, 0], scatter = [8, 0], gather = [8, 0], peak = [64, 8]>
// CHECK-SAME:    attributes {note = "kept"} {
// CHECK:         dconv.device 0 arena 64 {
// CHECK-NEXT:      %[[A:.*]], %[[A_LIVES:.*]] = dconv.alloc at 0 tensor 0 shard 0 [0] : memref<4xbf16>
// CHECK-NEXT:      %[[LOADED:.*]] = dconv.scatter 0 into %[[A]] [0][4] wait(%[[A_LIVES]]) : memref<4xbf16>
// CHECK-NEXT:      %[[B:.*]], %[[B_LIVES:.*]] = dconv.alloc at 8 tensor 0 shard 0 [-1] wait(%[[LOADED]]) : memref<6xf32>
// CHECK-NEXT:      %[[FILLED:.*]] = dconv.fill %[[B]] [-1][1] with -1.500000e+00 : f32 wait(%[[B_LIVES]], %[[LOADED]]) : memref<6xf32>
// CHECK-NEXT:      dconv.phase "run"
// CHECK-NEXT:      dconv.convert %[[A]] [0][4] into %[[B]] wait(%[[LOADED]]) : memref<4xbf16>, memref<6xf32>
// CHECK-NEXT:      dconv.copy %[[B]] [0][2] into %[[B]] : memref<6xf32>, memref<6xf32>
// CHECK-NEXT:      dconv.accumulate maxu %[[B]] [0][2] into %[[B]] : memref<6xf32>, memref<6xf32>
// CHECK-NEXT:      dconv.launch @kernel(%[[B]], %[[B]]) into %[[A]] scalars [1] wait(%[[FILLED]]) : (memref<6xf32>, memref<6xf32>), memref<4xbf16>
// CHECK-NEXT:      dconv.launch @nullary() into %[[A]] scalars [] : memref<4xbf16>
// CHECK-NEXT:      dconv.launch @told(%[[B]]) into %[[A]] scalars [1] bounds [1, 6] overwrites wait(%[[FILLED]]) : (memref<6xf32>), memref<4xbf16>
// CHECK-NEXT:      %[[C:.*]], %{{.*}} = dconv.alloc at 64 tensor 0 shard 0 [-1] : memref<6xf32, #[[BLOCKS:.*]]>
// CHECK-NEXT:      dconv.copy %[[B]] [0][2] into %[[C]] : memref<6xf32>, memref<6xf32, #[[BLOCKS]]>
// CHECK-NEXT:      dconv.launch @packed(%[[C]]) into %[[A]] scalars [] : (memref<6xf32, #[[BLOCKS]]>), memref<4xbf16>
// CHECK-NEXT:      dconv.send %[[A]] [0][4] to 1 step 3 shards 0 to 1 : memref<4xbf16>
// CHECK-NEXT:      dconv.phase "store"
// CHECK-NEXT:      dconv.gather %[[A]] [0][4] into 0 wait(%[[LOADED]]) : memref<4xbf16>
// CHECK-NEXT:      dconv.free %[[A]] wait(%[[LOADED]]) : memref<4xbf16>
// CHECK-NEXT:    }
// CHECK-NEXT:    dconv.device 1 arena 8 {
// CHECK:           dconv.receive %{{.*}} [0][4] from 0 step 3 shards 0 to 1 wait(%{{.*}}) : memref<4xbf16>
dconv.program @commands (tensor<4xbf16>, i32) -> tensor<4xbf16>
    tensors [#dconv.tensor<"input 0", [4]>]
    predicted #dconv.counters<received = [0, 8], sent = [8, 0],
                              scatter = [8, 0], gather = [8, 0], peak = [64, 8]>
    attributes {note = "kept"} {
  dconv.device 0 arena 64 {
    %a, %0 = dconv.alloc at 0 tensor 0 shard 0 [0] : memref<4xbf16>
    %1 = dconv.scatter 0 into %a [0][4] wait(%0) : memref<4xbf16>
    %b, %2 = dconv.alloc at 8 tensor 0 shard 0 [-1] wait(%1) : memref<6xf32>
    %3 = dconv.fill %b [-1][1] with -1.5 : f32 wait(%2, %1) : memref<6xf32>
    dconv.phase "run"
    %4 = dconv.convert %a [0][4] into %b wait(%1) : memref<4xbf16>, memref<6xf32>
    %5 = dconv.copy %b [0][2] into %b : memref<6xf32>, memref<6xf32>
    %6 = dconv.accumulate maxu %b [0][2] into %b : memref<6xf32>, memref<6xf32>
    %7 = dconv.launch @kernel(%b, %b) into %a scalars [1] wait(%3)
        : (memref<6xf32>, memref<6xf32>), memref<4xbf16>
    %8 = dconv.launch @nullary() into %a scalars [] : memref<4xbf16>
    %12 = dconv.launch @told(%b) into %a scalars [1] bounds [1, 6] overwrites
        wait(%3) : (memref<6xf32>), memref<4xbf16>
    %c, %13 = dconv.alloc at 64 tensor 0 shard 0 [-1]
        : memref<6xf32, #dconv.layout<d0 by 4, d0>>
    %14 = dconv.copy %b [0][2] into %c
        : memref<6xf32>, memref<6xf32, #dconv.layout<d0 by 4, d0>>
    %15 = dconv.launch @packed(%c) into %a scalars []
        : (memref<6xf32, #dconv.layout<d0 by 4, d0>>), memref<4xbf16>
    %9 = dconv.send %a [0][4] to 1 step 3 shards 0 to 1 : memref<4xbf16>
    dconv.phase "store"
    %10 = dconv.gather %a [0][4] into 0 wait(%1) : memref<4xbf16>
    %11 = dconv.free %a wait(%1) : memref<4xbf16>
  }
  dconv.device 1 arena 8 {
    %a, %0 = dconv.alloc at 0 tensor 0 shard 1 [0] : memref<4xbf16>
    dconv.phase "run"
    %1 = dconv.receive %a [0][4] from 0 step 3 shards 0 to 1 wait(%0) : memref<4xbf16>
    dconv.phase "store"
  }
}

// Dims of the host's tensors in an order of their own.
// CHECK-LABEL: dconv.program @orders (tensor<3x5x7xf32>, i32) -> tensor<3x5xf32>
// CHECK-SAME:    tensors [#dconv.tensor<"x", [3, 7, 5]>]
// CHECK-SAME:    orders {{\[\[}}0, 2, 1], [], [1, 0]] predicted
dconv.program @orders (tensor<3x5x7xf32>, i32) -> tensor<3x5xf32>
    tensors [#dconv.tensor<"x", [3, 7, 5]>] orders [[0, 2, 1], [], [1, 0]]
    predicted #dconv.counters<received = [0], sent = [0], scatter = [0],
                              gather = [0], peak = [0]> {
  dconv.device 0 arena 0 {
    dconv.phase "run"
    dconv.phase "store"
  }
}

// A tensor without dims has boxes without dims.
// CHECK-LABEL: dconv.program @scalar
// CHECK:         %[[A:.*]], %{{.*}} = dconv.alloc at 0 tensor 0 shard 0 [] : memref<i32>
// CHECK:         dconv.fill %[[A]] [][] with 7 : i32 : memref<i32>
dconv.program @scalar () -> () tensors [#dconv.tensor<"sum", []>]
    predicted #dconv.counters<received = [0], sent = [0], scatter = [0],
                              gather = [0], peak = [4]> {
  dconv.device 0 arena 4 {
    %a, %0 = dconv.alloc at 0 tensor 0 shard 0 [] : memref<i32>
    %1 = dconv.fill %a [][] with 7 : i32 : memref<i32>
    dconv.phase "run"
    dconv.phase "store"
  }
}

// On tensors a call has results, on buffers it writes to them.
// CHECK-LABEL: func @calls
// CHECK:         dconv.execute @commands(%{{.*}}, %{{.*}}) : (tensor<4xbf16>, i32) -> tensor<4xbf16>
// CHECK:         dconv.execute @commands(%{{.*}}, %{{.*}}) outs(%{{.*}} : memref<4xbf16>) : (memref<4xbf16>, i32) -> ()
// CHECK:         dconv.execute @scalar() : () -> ()
func.func @calls(%x: tensor<4xbf16>, %s: i32, %from: memref<4xbf16>,
                 %to: memref<4xbf16>) -> tensor<4xbf16> {
  %0 = dconv.execute @commands(%x, %s) : (tensor<4xbf16>, i32) -> tensor<4xbf16>
  dconv.execute @commands(%from, %s) outs(%to : memref<4xbf16>)
      : (memref<4xbf16>, i32) -> ()
  dconv.execute @scalar() : () -> ()
  return %0 : tensor<4xbf16>
}
