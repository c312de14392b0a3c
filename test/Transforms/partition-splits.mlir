// One convolution per kind of split, with the plan written by hand: how each
// operand lies on the grid, and what moves.
// RUN: dconv-opt %s -split-input-file --dconv-partition | FileCheck %s

// Images are independent: nothing moves but the filter, once to each shard.
// CHECK:     #grid = #dconv.grid<2>{{$}}
// CHECK-DAG: #[[D0:.+]] = #dconv.sharding<#grid, d0 = axis 0>{{$}}
// CHECK-DAG: #[[WHOLE:.+]] = #dconv.sharding<#grid>{{$}}
// CHECK:     func.func @batch(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<5x10xf32>, #[[D0]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3xf32>, #[[WHOLE]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<5x8xf32>, #[[D0]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[X]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d0: 5 / 2> {
// CHECK:       } : !dconv.sharded<tensor<5x8xf32>, #[[D0]]>
// CHECK:       dconv.unshard %[[R]] :
func.func @batch(%x: tensor<5x10xf32>, %w: tensor<3xf32>,
                 %y: tensor<5x8xf32>) -> tensor<5x8xf32> {
  %0 = linalg.generic {
      dconv.plan = #dconv.plan<grid = [2], split = {n = 0}>,
      indexing_maps = [affine_map<(n, o, k) -> (n, o + k)>,
                       affine_map<(n, o, k) -> (k)>,
                       affine_map<(n, o, k) -> (n, o)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<5x10xf32>, tensor<3xf32>)
      outs(%y : tensor<5x8xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %1 = arith.mulf %a, %b : f32
    %2 = arith.addf %s, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<5x8xf32>
  return %0 : tensor<5x8xf32>
}

// -----

// So are groups, and they cut the filter as well.
// CHECK:     #grid = #dconv.grid<2>{{$}}
// CHECK-DAG: #[[D1:.+]] = #dconv.sharding<#grid, d1 = axis 0>{{$}}
// CHECK-DAG: #[[D0:.+]] = #dconv.sharding<#grid, d0 = axis 0>{{$}}
// CHECK:     func.func @groups(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x3x2x10xf32>, #[[D1]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3x4x2x3xf32>, #[[D0]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x3x4x8xf32>, #[[D1]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[X]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d1: 3 / 2> {
// CHECK:       } : !dconv.sharded<tensor<1x3x4x8xf32>, #[[D1]]>
// CHECK:       dconv.unshard %[[R]] :
func.func @groups(%x: tensor<1x3x2x10xf32>, %w: tensor<3x4x2x3xf32>,
                  %y: tensor<1x3x4x8xf32>) -> tensor<1x3x4x8xf32> {
  %0 = linalg.generic {
      dconv.plan = #dconv.plan<grid = [2], split = {g = 0}>,
      indexing_maps = [affine_map<(n, g, f, o, c, k) -> (n, g, c, o + k)>,
                       affine_map<(n, g, f, o, c, k) -> (g, f, c, k)>,
                       affine_map<(n, g, f, o, c, k) -> (n, g, f, o)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel",
                        "reduction", "reduction"]}
      ins(%x, %w : tensor<1x3x2x10xf32>, tensor<3x4x2x3xf32>)
      outs(%y : tensor<1x3x4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %1 = arith.mulf %a, %b : f32
    %2 = arith.addf %s, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<1x3x4x8xf32>
  return %0 : tensor<1x3x4x8xf32>
}

// -----

// Every shard needs the whole input and its share of the filter.
// CHECK:     #grid = #dconv.grid<3>{{$}}
// CHECK-DAG: #[[WHOLE:.+]] = #dconv.sharding<#grid>{{$}}
// CHECK-DAG: #[[D3:.+]] = #dconv.sharding<#grid, d3 = axis 0>{{$}}
// CHECK:     func.func @output_channels(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[WHOLE]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3x3x4x8xf32>, #[[D3]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[D3]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[X]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d3: 8 / 3> {
// CHECK:       } : !dconv.sharded<tensor<1x8x8x8xf32>, #[[D3]]>
// CHECK:       dconv.unshard %[[R]] :
func.func @output_channels(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                           %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %0 = linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [3], split = {oc = 0}>}
      ins(%x, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %0 : tensor<1x8x8x8xf32>
}

// -----

// Shares of input and filter give partial sums; the sum is scattered over the
// outermost dim of the result that divides evenly, of 1x8x8x8 the rows.
// CHECK:     #grid = #dconv.grid<2>{{$}}
// CHECK-DAG: #[[D3:.+]] = #dconv.sharding<#grid, d3 = axis 0>{{$}}
// CHECK-DAG: #[[D2:.+]] = #dconv.sharding<#grid, d2 = axis 0>{{$}}
// CHECK-DAG: #[[PARTIAL:.+]] = #dconv.sharding<#grid, partial = axis 0 : add>{{$}}
// CHECK-DAG: #[[D1:.+]] = #dconv.sharding<#grid, d1 = axis 0>{{$}}
// CHECK:     func.func @input_channels(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[D3]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3x3x4x8xf32>, #[[D2]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[PARTIAL]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[X]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d6: 4 / 2> {
// CHECK:       } : !dconv.sharded<tensor<1x8x8x8xf32>, #[[PARTIAL]]>
// CHECK:       %[[P:.*]] = dconv.reduce_scatter %[[R]] : {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[D1]]>
// CHECK:       dconv.unshard %[[P]] :
func.func @input_channels(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                          %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %0 = linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2], split = {ic = 0}>}
      ins(%x, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %0 : tensor<1x8x8x8xf32>
}

// -----

// Halos of two rows, shared between both sides of each cut: 8 rows in 3, 3 and 2.
// CHECK:     #grid = #dconv.grid<3>{{$}}
// CHECK-DAG: #[[D1:.+]] = #dconv.sharding<#grid, d1 = axis 0>{{$}}
// CHECK-DAG: #[[HALO:.+]] = #dconv.sharding<#grid, d1 = axis 0 held [0 to 5], [3 to 8], [6 to 10]>{{$}}
// CHECK-DAG: #[[WHOLE:.+]] = #dconv.sharding<#grid>{{$}}
// CHECK:     func.func @rows(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[D1]]>
// CHECK:       %[[XH:.*]] = dconv.halo_exchange %[[X]] : {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[HALO]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3x3x4x8xf32>, #[[WHOLE]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[D1]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[XH]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d1: 8 / 3> {
// CHECK:       } : !dconv.sharded<tensor<1x8x8x8xf32>, #[[D1]]>
// CHECK:       dconv.unshard %[[R]] :
func.func @rows(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %0 = linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [3], split = {o0 = 0}>}
      ins(%x, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %0 : tensor<1x8x8x8xf32>
}

// -----

// The same along the other dim of the image.
// CHECK:     #grid = #dconv.grid<2>{{$}}
// CHECK-DAG: #[[D2:.+]] = #dconv.sharding<#grid, d2 = axis 0>{{$}}
// CHECK-DAG: #[[HALO:.+]] = #dconv.sharding<#grid, d2 = axis 0 held [0 to 6], [4 to 10]>{{$}}
// CHECK-DAG: #[[WHOLE:.+]] = #dconv.sharding<#grid>{{$}}
// CHECK:     func.func @columns(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[D2]]>
// CHECK:       %[[XH:.*]] = dconv.halo_exchange %[[X]] : {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[HALO]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3x3x4x8xf32>, #[[WHOLE]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[D2]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[XH]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d2: 8 / 2> {
// CHECK:       } : !dconv.sharded<tensor<1x8x8x8xf32>, #[[D2]]>
// CHECK:       dconv.unshard %[[R]] :
func.func @columns(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                   %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %0 = linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2], split = {o1 = 0}>}
      ins(%x, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %0 : tensor<1x8x8x8xf32>
}

// -----

// A row of taps each: windows of 8 rows that begin one later each.
// CHECK:     #grid = #dconv.grid<3>{{$}}
// CHECK-DAG: #[[D1:.+]] = #dconv.sharding<#grid, d1 = axis 0>{{$}}
// CHECK-DAG: #[[HALO:.+]] = #dconv.sharding<#grid, d1 = axis 0 held [0 to 8], [1 to 9], [2 to 10]>{{$}}
// CHECK-DAG: #[[D0:.+]] = #dconv.sharding<#grid, d0 = axis 0>{{$}}
// CHECK-DAG: #[[PARTIAL:.+]] = #dconv.sharding<#grid, partial = axis 0 : add>{{$}}
// CHECK:     func.func @tap_rows(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[D1]]>
// CHECK:       %[[XH:.*]] = dconv.halo_exchange %[[X]] : {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[HALO]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3x3x4x8xf32>, #[[D0]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[PARTIAL]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[XH]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d4: 3 / 3> {
// CHECK:       } : !dconv.sharded<tensor<1x8x8x8xf32>, #[[PARTIAL]]>
// CHECK:       %[[P:.*]] = dconv.reduce_scatter %[[R]] : {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[D1]]>
// CHECK:       dconv.unshard %[[P]] :
func.func @tap_rows(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                    %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %0 = linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [3], split = {k0 = 0}>}
      ins(%x, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %0 : tensor<1x8x8x8xf32>
}

// -----

// Two columns of taps and one.
// CHECK:     #grid = #dconv.grid<2>{{$}}
// CHECK-DAG: #[[D2:.+]] = #dconv.sharding<#grid, d2 = axis 0>{{$}}
// CHECK-DAG: #[[HALO:.+]] = #dconv.sharding<#grid, d2 = axis 0 held [0 to 9], [2 to 10]>{{$}}
// CHECK-DAG: #[[D1:.+]] = #dconv.sharding<#grid, d1 = axis 0>{{$}}
// CHECK-DAG: #[[PARTIAL:.+]] = #dconv.sharding<#grid, partial = axis 0 : add>{{$}}
// CHECK:     func.func @tap_columns(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[D2]]>
// CHECK:       %[[XH:.*]] = dconv.halo_exchange %[[X]] : {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[HALO]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3x3x4x8xf32>, #[[D1]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[PARTIAL]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[XH]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d5: 3 / 2> {
// CHECK:       } : !dconv.sharded<tensor<1x8x8x8xf32>, #[[PARTIAL]]>
// CHECK:       %[[P:.*]] = dconv.reduce_scatter %[[R]] : {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[D1]]>
// CHECK:       dconv.unshard %[[P]] :
func.func @tap_columns(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                       %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %0 = linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2], split = {k1 = 0}>}
      ins(%x, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %0 : tensor<1x8x8x8xf32>
}

// -----

// Two axes cut two dims; corners of the halo come with its box.
// CHECK:     #grid = #dconv.grid<2x2>{{$}}
// CHECK-DAG: #[[D1_D2:.+]] = #dconv.sharding<#grid, d1 = axis 0, d2 = axis 1>{{$}}
// CHECK-DAG: #[[HALO:.+]] = #dconv.sharding<#grid, d1 = axis 0 held [0 to 6], [4 to 10], d2 = axis 1 held [0 to 6], [4 to 10]>{{$}}
// CHECK-DAG: #[[WHOLE:.+]] = #dconv.sharding<#grid>{{$}}
// CHECK:     func.func @rows_and_columns(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[D1_D2]]>
// CHECK:       %[[XH:.*]] = dconv.halo_exchange %[[X]] : {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[HALO]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3x3x4x8xf32>, #[[WHOLE]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[D1_D2]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[XH]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d1: 8 / 2, d2: 8 / 2> {
// CHECK:       } : !dconv.sharded<tensor<1x8x8x8xf32>, #[[D1_D2]]>
// CHECK:       dconv.unshard %[[R]] :
func.func @rows_and_columns(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                            %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %0 = linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2, 2], split = {o0 = 0, o1 = 1}>}
      ins(%x, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %0 : tensor<1x8x8x8xf32>
}

// -----

// The partial sums of each half of the image are scattered within that half.
// CHECK:     #grid = #dconv.grid<2x2>{{$}}
// CHECK-DAG: #[[D1_D3:.+]] = #dconv.sharding<#grid, d1 = axis 0, d3 = axis 1>{{$}}
// CHECK-DAG: #[[HALO:.+]] = #dconv.sharding<#grid, d1 = axis 0 held [0 to 6], [4 to 10], d3 = axis 1>{{$}}
// CHECK-DAG: #[[D2:.+]] = #dconv.sharding<#grid, d2 = axis 1>{{$}}
// CHECK-DAG: #[[PARTIAL:.+]] = #dconv.sharding<#grid, d1 = axis 0, partial = axis 1 : add>{{$}}
// CHECK-DAG: #[[D1:.+]] = #dconv.sharding<#grid, d1 = axes [0, 1]>{{$}}
// CHECK:     func.func @rows_and_channels(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[D1_D3]]>
// CHECK:       %[[XH:.*]] = dconv.halo_exchange %[[X]] : {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[HALO]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3x3x4x8xf32>, #[[D2]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[PARTIAL]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[XH]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d1: 8 / 2, d6: 4 / 2> {
// CHECK:       } : !dconv.sharded<tensor<1x8x8x8xf32>, #[[PARTIAL]]>
// CHECK:       %[[P:.*]] = dconv.reduce_scatter %[[R]] : {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[D1]]>
// CHECK:       dconv.unshard %[[P]] :
func.func @rows_and_channels(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                             %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %0 = linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2, 2], split = {o0 = 0, ic = 1}>}
      ins(%x, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %0 : tensor<1x8x8x8xf32>
}

// -----

// Both axes move along the rows of the input: each half is divided again, balanced.
// CHECK:     #grid = #dconv.grid<2x3>{{$}}
// CHECK-DAG: #[[D1:.+]] = #dconv.sharding<#grid, d1 = axes [0, 1]>{{$}}
// CHECK-DAG: #[[HALO:.+]] = #dconv.sharding<#grid, d1 = axes [0, 1] held [0 to 4], [1 to 5], [2 to 6], [4 to 8], [5 to 9], [6 to 10]>{{$}}
// CHECK-DAG: #[[D0:.+]] = #dconv.sharding<#grid, d0 = axis 1>{{$}}
// CHECK-DAG: #[[PARTIAL:.+]] = #dconv.sharding<#grid, d1 = axis 0, partial = axis 1 : add>{{$}}
// CHECK:     func.func @rows_and_taps(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[D1]]>
// CHECK:       %[[XH:.*]] = dconv.halo_exchange %[[X]] : {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[HALO]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3x3x4x8xf32>, #[[D0]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[PARTIAL]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[XH]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d1: 8 / 2, d4: 3 / 3> {
// CHECK:       } : !dconv.sharded<tensor<1x8x8x8xf32>, #[[PARTIAL]]>
// CHECK:       %[[P:.*]] = dconv.reduce_scatter %[[R]] : {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[D1]]>
// CHECK:       dconv.unshard %[[P]] :
func.func @rows_and_taps(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                         %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %0 = linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2, 3], split = {o0 = 0, k0 = 1}>}
      ins(%x, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %0 : tensor<1x8x8x8xf32>
}

// -----

// A reduction over two axes at once: six pieces of 8 rows, the longer ones first.
// CHECK:     #grid = #dconv.grid<3x2>{{$}}
// CHECK-DAG: #[[D1_D3:.+]] = #dconv.sharding<#grid, d1 = axis 0, d3 = axis 1>{{$}}
// CHECK-DAG: #[[HALO:.+]] = #dconv.sharding<#grid, d1 = axis 0 held [0 to 8], [1 to 9], [2 to 10], d3 = axis 1>{{$}}
// CHECK-DAG: #[[D0_D2:.+]] = #dconv.sharding<#grid, d0 = axis 0, d2 = axis 1>{{$}}
// CHECK-DAG: #[[PARTIAL:.+]] = #dconv.sharding<#grid, partial = axes [0, 1] : add>{{$}}
// CHECK-DAG: #[[D1:.+]] = #dconv.sharding<#grid, d1 = axes [0, 1] owned [0 to 2], [2 to 4], [4 to 5], [5 to 6], [6 to 7], [7 to 8]>{{$}}
// CHECK:     func.func @taps_and_channels(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[D1_D3]]>
// CHECK:       %[[XH:.*]] = dconv.halo_exchange %[[X]] : {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[HALO]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3x3x4x8xf32>, #[[D0_D2]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[PARTIAL]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[XH]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d4: 3 / 3, d6: 4 / 2> {
// CHECK:       } : !dconv.sharded<tensor<1x8x8x8xf32>, #[[PARTIAL]]>
// CHECK:       %[[P:.*]] = dconv.reduce_scatter %[[R]] : {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[D1]]>
// CHECK:       dconv.unshard %[[P]] :
func.func @taps_and_channels(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                             %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %0 = linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [3, 2], split = {k0 = 0, ic = 1}>}
      ins(%x, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %0 : tensor<1x8x8x8xf32>
}

// -----

// Every role that a dim can play, and four shards on each device.
// CHECK:     #grid = #dconv.grid<2x2x2x2, devices = 4>{{$}}
// CHECK-DAG: #[[D1_D2_D3:.+]] = #dconv.sharding<#grid, d1 = axis 0, d2 = axis 2, d3 = axis 3>{{$}}
// CHECK-DAG: #[[HALO:.+]] = #dconv.sharding<#grid, d1 = axis 0 held [0 to 6], [4 to 10], d2 = axis 2 held [0 to 9], [2 to 10], d3 = axis 3>{{$}}
// CHECK-DAG: #[[D1_D2_D3_PIECES:.+]] = #dconv.sharding<#grid, d1 = axis 2, d2 = axis 3, d3 = axis 1>{{$}}
// CHECK-DAG: #[[PARTIAL:.+]] = #dconv.sharding<#grid, d1 = axis 0, d3 = axis 1, partial = axes [2, 3] : add>{{$}}
// CHECK-DAG: #[[D1_D3:.+]] = #dconv.sharding<#grid, d1 = axes [0, 2, 3], d3 = axis 1>{{$}}
// CHECK:     func.func @all_kinds(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[D1_D2_D3]]>
// CHECK:       %[[XH:.*]] = dconv.halo_exchange %[[X]] : {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[HALO]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3x3x4x8xf32>, #[[D1_D2_D3_PIECES]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[PARTIAL]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[XH]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d1: 8 / 2, d3: 8 / 2, d5: 3 / 2, d6: 4 / 2> {
// CHECK:       } : !dconv.sharded<tensor<1x8x8x8xf32>, #[[PARTIAL]]>
// CHECK:       %[[P:.*]] = dconv.reduce_scatter %[[R]] : {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[D1_D3]]>
// CHECK:       dconv.unshard %[[P]] :
func.func @all_kinds(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                     %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %0 = linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2, 2, 2, 2],
      split = {o0 = 0, oc = 1, k1 = 2, ic = 3}, devices = 4>}
      ins(%x, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %0 : tensor<1x8x8x8xf32>
}

// -----

// Stripes written by hand: the cut of the input follows that of the output.
// CHECK:     #grid = #dconv.grid<2>{{$}}
// CHECK-DAG: #[[D1:.+]] = #dconv.sharding<#grid, d1 = axis 0 owned [0 to 7], [7 to 10]>{{$}}
// CHECK-DAG: #[[HALO:.+]] = #dconv.sharding<#grid, d1 = axis 0 owned [0 to 7], [7 to 10] held [0 to 8], [6 to 10]>{{$}}
// CHECK-DAG: #[[WHOLE:.+]] = #dconv.sharding<#grid>{{$}}
// CHECK-DAG: #[[D1_PIECES:.+]] = #dconv.sharding<#grid, d1 = axis 0 owned [0 to 6], [6 to 8]>{{$}}
// CHECK:     func.func @uneven(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[D1]]>
// CHECK:       %[[XH:.*]] = dconv.halo_exchange %[[X]] : {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[HALO]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3x3x4x8xf32>, #[[WHOLE]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[D1_PIECES]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[XH]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d1: [6, 2]> {
// CHECK:       } : !dconv.sharded<tensor<1x8x8x8xf32>, #[[D1_PIECES]]>
// CHECK:       dconv.unshard %[[R]] :
func.func @uneven(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                  %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %0 = linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0},
      stripes = {o0 = [6, 2]}>}
      ins(%x, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %0 : tensor<1x8x8x8xf32>
}

// -----

// Nothing is split: one shard, and a device without work.
// CHECK:     #grid = #dconv.grid<devices = 2>{{$}}
// CHECK-DAG: #[[WHOLE:.+]] = #dconv.sharding<#grid>{{$}}
// CHECK:     func.func @whole(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x10x10x4xf32>, #[[WHOLE]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3x3x4x8xf32>, #[[WHOLE]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x8x8x8xf32>, #[[WHOLE]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[X]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<> {
// CHECK:       } : !dconv.sharded<tensor<1x8x8x8xf32>, #[[WHOLE]]>
// CHECK:       dconv.unshard %[[R]] :
func.func @whole(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                 %y: tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32> {
  %0 = linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [], split = {}, devices = 2>}
      ins(%x, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  return %0 : tensor<1x8x8x8xf32>
}

// -----

// What lies outside of the tensor is made, not sent: the first shard has no low
// side, the last no high one.
// CHECK:     #grid = #dconv.grid<2>{{$}}
// CHECK-DAG: #[[D0:.+]] = #dconv.sharding<#grid, d0 = axis 0>{{$}}
// CHECK-DAG: #[[HALO:.+]] = #dconv.sharding<#grid, d0 = axis 0 held [0 to 5], [3 to 8]>{{$}}
// CHECK-DAG: #[[WHOLE:.+]] = #dconv.sharding<#grid>{{$}}
// CHECK:     func.func @local_padding(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<8xf32>, #[[D0]]>
// CHECK:       %[[XH:.*]] = dconv.halo_exchange %[[X]] : {{.*}} -> !dconv.sharded<tensor<8xf32>, #[[HALO]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3xf32>, #[[WHOLE]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<8xf32>, #[[D0]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[XH]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d0: 8 / 2> pad [#dconv.padding<low = [1], high = [1], value = 0.000000e+00 : f32>, none] {
// CHECK:       } : !dconv.sharded<tensor<8xf32>, #[[D0]]>
// CHECK:       dconv.unshard %[[R]] :
func.func @local_padding(%x: tensor<8xf32>, %w: tensor<3xf32>,
                         %y: tensor<8xf32>) -> tensor<8xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<8xf32> to tensor<10xf32>
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%p, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// A halo wider than the stripes: shard 2 reads what four others own.
// CHECK:     #grid = #dconv.grid<5>{{$}}
// CHECK-DAG: #[[D0:.+]] = #dconv.sharding<#grid, d0 = axis 0>{{$}}
// CHECK-DAG: #[[HALO:.+]] = #dconv.sharding<#grid, d0 = axis 0 held [0 to 3], [0 to 4], [0 to 5], [1 to 5], [2 to 5]>{{$}}
// CHECK-DAG: #[[WHOLE:.+]] = #dconv.sharding<#grid>{{$}}
// CHECK:     func.func @several_owners(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<5xf32>, #[[D0]]>
// CHECK:       %[[XH:.*]] = dconv.halo_exchange %[[X]] : {{.*}} -> !dconv.sharded<tensor<5xf32>, #[[HALO]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<5xf32>, #[[WHOLE]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<5xf32>, #[[D0]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[XH]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d0: 5 / 5> pad [#dconv.padding<low = [2], high = [2], value = 0.000000e+00 : f32>, none] {
// CHECK:       } : !dconv.sharded<tensor<5xf32>, #[[D0]]>
// CHECK:       dconv.unshard %[[R]] :
func.func @several_owners(%x: tensor<5xf32>, %w: tensor<5xf32>,
                          %y: tensor<5xf32>) -> tensor<5xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[2] high[2] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<5xf32> to tensor<9xf32>
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [5], split = {o0 = 0}>}
      ins(%p, %w : tensor<9xf32>, tensor<5xf32>)
      outs(%y : tensor<5xf32>) -> tensor<5xf32>
  return %0 : tensor<5xf32>
}

// -----

// The outer shards read nothing but padding: they hold no element.
// CHECK:     #grid = #dconv.grid<3>{{$}}
// CHECK-DAG: #[[D0:.+]] = #dconv.sharding<#grid, d0 = axis 0 owned [0 to 0], [0 to 2], [2 to 2]>{{$}}
// CHECK-DAG: #[[WHOLE:.+]] = #dconv.sharding<#grid>{{$}}
// CHECK-DAG: #[[D0_PIECES:.+]] = #dconv.sharding<#grid, d0 = axis 0>{{$}}
// CHECK:     func.func @wholly_in_padding(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<2xf32>, #[[D0]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1xf32>, #[[WHOLE]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<6xf32>, #[[D0_PIECES]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[X]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d0: 6 / 3> pad [#dconv.padding<low = [2], high = [2], value = 0.000000e+00 : f32>, none] {
// CHECK:       } : !dconv.sharded<tensor<6xf32>, #[[D0_PIECES]]>
// CHECK:       dconv.unshard %[[R]] :
func.func @wholly_in_padding(%x: tensor<2xf32>, %w: tensor<1xf32>,
                             %y: tensor<6xf32>) -> tensor<6xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[2] high[2] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<2xf32> to tensor<6xf32>
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [3], split = {o0 = 0}>}
      ins(%p, %w : tensor<6xf32>, tensor<1xf32>)
      outs(%y : tensor<6xf32>) -> tensor<6xf32>
  return %0 : tensor<6xf32>
}

// -----

// With stride 3 and one tap some elements are read by nobody; their owners do not
// hold them.
// CHECK:     #grid = #dconv.grid<2>{{$}}
// CHECK-DAG: #[[D1:.+]] = #dconv.sharding<#grid, d1 = axis 0>{{$}}
// CHECK-DAG: #[[HALO:.+]] = #dconv.sharding<#grid, d1 = axis 0 held [0 to 4], [6 to 7]>{{$}}
// CHECK-DAG: #[[WHOLE:.+]] = #dconv.sharding<#grid>{{$}}
// CHECK:     func.func @strided(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x9x1xf32>, #[[D1]]>
// CHECK:       %[[XH:.*]] = dconv.halo_exchange %[[X]] : {{.*}} -> !dconv.sharded<tensor<1x9x1xf32>, #[[HALO]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x1x1xf32>, #[[WHOLE]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x3x1xf32>, #[[D1]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[XH]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d1: 3 / 2> {
// CHECK:       } : !dconv.sharded<tensor<1x3x1xf32>, #[[D1]]>
// CHECK:       dconv.unshard %[[R]] :
func.func @strided(%x: tensor<1x9x1xf32>, %w: tensor<1x1x1xf32>,
                   %y: tensor<1x3x1xf32>) -> tensor<1x3x1xf32> {
  %0 = linalg.conv_1d_nwc_wcf
      {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>,
       strides = dense<3> : tensor<1xi64>,
       dilations = dense<1> : tensor<1xi64>}
      ins(%x, %w : tensor<1x9x1xf32>, tensor<1x1x1xf32>)
      outs(%y : tensor<1x3x1xf32>) -> tensor<1x3x1xf32>
  return %0 : tensor<1x3x1xf32>
}

// -----

// With stride 2 and two taps the windows do not overlap, so nothing is exchanged.
// CHECK:     #grid = #dconv.grid<2>{{$}}
// CHECK-DAG: #[[D1:.+]] = #dconv.sharding<#grid, d1 = axis 0>{{$}}
// CHECK-DAG: #[[WHOLE:.+]] = #dconv.sharding<#grid>{{$}}
// CHECK:     func.func @disjoint_windows(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x8x1xf32>, #[[D1]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<2x1x1xf32>, #[[WHOLE]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x4x1xf32>, #[[D1]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[X]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d1: 4 / 2> {
// CHECK:       } : !dconv.sharded<tensor<1x4x1xf32>, #[[D1]]>
// CHECK:       dconv.unshard %[[R]] :
func.func @disjoint_windows(%x: tensor<1x8x1xf32>, %w: tensor<2x1x1xf32>,
                            %y: tensor<1x4x1xf32>) -> tensor<1x4x1xf32> {
  %0 = linalg.conv_1d_nwc_wcf
      {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>,
       strides = dense<2> : tensor<1xi64>,
       dilations = dense<1> : tensor<1xi64>}
      ins(%x, %w : tensor<1x8x1xf32>, tensor<2x1x1xf32>)
      outs(%y : tensor<1x4x1xf32>) -> tensor<1x4x1xf32>
  return %0 : tensor<1x4x1xf32>
}

// -----

// Taps 4 apart: the windows of two taps and of one.
// CHECK:     #grid = #dconv.grid<2>{{$}}
// CHECK-DAG: #[[D1:.+]] = #dconv.sharding<#grid, d1 = axis 0>{{$}}
// CHECK-DAG: #[[HALO:.+]] = #dconv.sharding<#grid, d1 = axis 0 held [0 to 13], [8 to 17]>{{$}}
// CHECK-DAG: #[[D0:.+]] = #dconv.sharding<#grid, d0 = axis 0>{{$}}
// CHECK-DAG: #[[PARTIAL:.+]] = #dconv.sharding<#grid, partial = axis 0 : add>{{$}}
// CHECK:     func.func @dilated(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x17x1xf32>, #[[D1]]>
// CHECK:       %[[XH:.*]] = dconv.halo_exchange %[[X]] : {{.*}} -> !dconv.sharded<tensor<1x17x1xf32>, #[[HALO]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3x1x1xf32>, #[[D0]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x9x1xf32>, #[[PARTIAL]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[XH]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d3: 3 / 2> {
// CHECK:       } : !dconv.sharded<tensor<1x9x1xf32>, #[[PARTIAL]]>
// CHECK:       %[[P:.*]] = dconv.reduce_scatter %[[R]] : {{.*}} -> !dconv.sharded<tensor<1x9x1xf32>, #[[D1]]>
// CHECK:       dconv.unshard %[[P]] :
func.func @dilated(%x: tensor<1x17x1xf32>, %w: tensor<3x1x1xf32>,
                   %y: tensor<1x9x1xf32>) -> tensor<1x9x1xf32> {
  %0 = linalg.conv_1d_nwc_wcf
      {dconv.plan = #dconv.plan<grid = [2], split = {k0 = 0}>,
       strides = dense<1> : tensor<1xi64>,
       dilations = dense<4> : tensor<1xi64>}
      ins(%x, %w : tensor<1x17x1xf32>, tensor<3x1x1xf32>)
      outs(%y : tensor<1x9x1xf32>) -> tensor<1x9x1xf32>
  return %0 : tensor<1x9x1xf32>
}

// -----

// Of a gradient in gather form: output and taps run against each other.
// CHECK:     #grid = #dconv.grid<2>{{$}}
// CHECK-DAG: #[[D0:.+]] = #dconv.sharding<#grid, d0 = axis 0>{{$}}
// CHECK-DAG: #[[HALO:.+]] = #dconv.sharding<#grid, d0 = axis 0 held [0 to 6], [4 to 10]>{{$}}
// CHECK-DAG: #[[WHOLE:.+]] = #dconv.sharding<#grid>{{$}}
// CHECK:     func.func @backward_data(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<10xf32>, #[[D0]]>
// CHECK:       %[[XH:.*]] = dconv.halo_exchange %[[X]] : {{.*}} -> !dconv.sharded<tensor<10xf32>, #[[HALO]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3xf32>, #[[WHOLE]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<8xf32>, #[[D0]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[XH]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d0: 8 / 2> {
// CHECK:       } : !dconv.sharded<tensor<8xf32>, #[[D0]]>
// CHECK:       dconv.unshard %[[R]] :
func.func @backward_data(%x: tensor<10xf32>, %w: tensor<3xf32>,
                         %y: tensor<8xf32>) -> tensor<8xf32> {
  %0 = linalg.generic {
      dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>,
      indexing_maps = [affine_map<(o, k) -> (o - k + 2)>,
                       affine_map<(o, k) -> (k)>,
                       affine_map<(o, k) -> (o)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %1 = arith.mulf %a, %b : f32
    %2 = arith.addf %s, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// The window of a pooling gives its shape alone: it is no input of the sub-kernel.
// Partial results combine as the pooling does.
// CHECK:     #grid = #dconv.grid<2x3>{{$}}
// CHECK-DAG: #[[D1_D2:.+]] = #dconv.sharding<#grid, d1 = axis 1, d2 = axis 0>{{$}}
// CHECK-DAG: #[[HALO:.+]] = #dconv.sharding<#grid, d1 = axis 1 held [0 to 8], [1 to 9], [2 to 10], d2 = axis 0>{{$}}
// CHECK-DAG: #[[PARTIAL:.+]] = #dconv.sharding<#grid, d2 = axis 0, partial = axis 1 : max>{{$}}
// CHECK:     func.func @max_pooling(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x10x4xf32>, #[[D1_D2]]>
// CHECK:       %[[XH:.*]] = dconv.halo_exchange %[[X]] : {{.*}} -> !dconv.sharded<tensor<1x10x4xf32>, #[[HALO]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<1x8x4xf32>, #[[PARTIAL]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[XH]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d2: 4 / 2, d3: 3 / 3> {
// CHECK:       } : !dconv.sharded<tensor<1x8x4xf32>, #[[PARTIAL]]>
// CHECK:       %[[P:.*]] = dconv.reduce_scatter %[[R]] : {{.*}} -> !dconv.sharded<tensor<1x8x4xf32>, #[[D1_D2]]>
// CHECK:       dconv.unshard %[[P]] :
func.func @max_pooling(%x: tensor<1x10x4xf32>, %window: tensor<3xf32>,
                       %y: tensor<1x8x4xf32>) -> tensor<1x8x4xf32> {
  %0 = linalg.pooling_nwc_max
      {dconv.plan = #dconv.plan<grid = [2, 3], split = {n1 = 0, k0 = 1}>}
      ins(%x, %window : tensor<1x10x4xf32>, tensor<3xf32>)
      outs(%y : tensor<1x8x4xf32>) -> tensor<1x8x4xf32>
  return %0 : tensor<1x8x4xf32>
}

// -----

// Sums of bf16 are kept, sent and added in f32; the pieces of the result are bf16.
// CHECK:     #grid = #dconv.grid<3>{{$}}
// CHECK-DAG: #[[D0:.+]] = #dconv.sharding<#grid, d0 = axis 0>{{$}}
// CHECK-DAG: #[[HALO:.+]] = #dconv.sharding<#grid, d0 = axis 0 held [0 to 8], [1 to 9], [2 to 10]>{{$}}
// CHECK-DAG: #[[PARTIAL:.+]] = #dconv.sharding<#grid, partial = axis 0 : add in f32>{{$}}
// CHECK:     func.func @narrow_sums(
// CHECK:       %[[X:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<10xbf16>, #[[D0]]>
// CHECK:       %[[XH:.*]] = dconv.halo_exchange %[[X]] : {{.*}} -> !dconv.sharded<tensor<10xbf16>, #[[HALO]]>
// CHECK:       %[[W:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<3xbf16>, #[[D0]]>
// CHECK:       %[[Y:.*]] = dconv.shard {{.*}} -> !dconv.sharded<tensor<8xbf16>, #[[PARTIAL]]>
// CHECK:       %[[R:.*]] = dconv.sub_kernel ins(%[[XH]], %[[W]] :
// CHECK-SAME:    outs(%[[Y]] :
// CHECK-SAME:    split #dconv.split<d1: 3 / 3> {
// CHECK:       } : !dconv.sharded<tensor<8xbf16>, #[[PARTIAL]]>
// CHECK:       %[[P:.*]] = dconv.reduce_scatter %[[R]] : {{.*}} -> !dconv.sharded<tensor<8xbf16>, #[[D0]]>
// CHECK:       dconv.unshard %[[P]] :
func.func @narrow_sums(%x: tensor<10xbf16>, %w: tensor<3xbf16>,
                       %y: tensor<8xbf16>) -> tensor<8xbf16> {
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [3], split = {k0 = 0}>}
      ins(%x, %w : tensor<10xbf16>, tensor<3xbf16>)
      outs(%y : tensor<8xbf16>) -> tensor<8xbf16>
  return %0 : tensor<8xbf16>
}
