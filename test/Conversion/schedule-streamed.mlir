// The commands of a device that streams.
// RUN: dconv-opt %s -split-input-file -verify-diagnostics --dconv-partition --dconv-schedule | FileCheck %s

// Three windows of x by turns in two slots; the filter stays. Nothing is loaded
// before the timed part or returned after it. Window 2 comes when launch 0 has
// left its slot, before launch 1; block 0 goes while window 2 comes. The blocks
// start from zero in the kernel, which is told where the padding is.
//
// CHECK-LABEL: dconv.program @rows_0
// CHECK-SAME:    predicted #dconv.counters<received = [0], sent = [0], scatter = [76], gather = [48], peak = [320]>
// CHECK:         dconv.device 0 arena 320 {
// CHECK-NEXT:      dconv.phase "run"
// CHECK-NEXT:      %[[X0:.*]], %[[X0E:.*]] = dconv.alloc at 0 tensor 0 shard 0 [-1] : memref<6xf32>
// CHECK-NEXT:      %[[PADDED:.*]] = dconv.fill %[[X0]] [-1][1] with 0.000000e+00 : f32 wait(%[[X0E]])
// CHECK-NEXT:      %[[LOADED:.*]] = dconv.scatter 0 into %[[X0]] [0][5] wait(%[[X0E]])
// CHECK-NEXT:      %[[W:.*]], %[[WE:.*]] = dconv.alloc at 128 tensor 1 shard 0 [0] : memref<3xf32>
// CHECK-NEXT:      dconv.scatter 1 into %[[W]] [0][3] wait(%[[WE]])
// CHECK-NEXT:      %[[Y0:.*]], %{{.*}} = dconv.alloc at 192 tensor 2 shard 0 [0] : memref<4xf32>
// CHECK-NEXT:      %[[X1:.*]], %[[X1E:.*]] = dconv.alloc at 64 tensor 0 shard 1 [3] : memref<6xf32>
// CHECK-NEXT:      dconv.scatter 0 into %[[X1]] [3][6] wait(%[[X1E]])
// CHECK-NEXT:      %[[DONE0:.*]] = dconv.launch @{{.*}}(%[[X0]], %[[W]]) into %[[Y0]] scalars [] bounds [1, 6] overwrites wait
// CHECK-NEXT:      dconv.gather %[[Y0]] [0][4] into 0 wait(%[[DONE0]])
// CHECK-NEXT:      %[[Y1:.*]], %{{.*}} = dconv.alloc at 256 tensor 2 shard 1 [4]
// CHECK-NEXT:      %[[LEFT:.*]] = dconv.free %[[X0]]
// CHECK-NEXT:      %[[X2:.*]], %[[X2E:.*]] = dconv.alloc at 0 tensor 0 shard 2 [7] wait(%[[LEFT]]) : memref<6xf32>
// CHECK-NEXT:      dconv.fill %[[X2]] [12][1]
// CHECK-NEXT:      dconv.scatter 0 into %[[X2]] [7][5]
// CHECK-NEXT:      dconv.launch @{{.*}}(%[[X1]], %[[W]]) into %[[Y1]] scalars [] bounds [0, 6] overwrites wait
// CHECK-NEXT:      dconv.gather %[[Y1]] [4][4] into 0
// CHECK-NEXT:      dconv.free %[[Y0]]
// CHECK-NEXT:      %[[Y2:.*]], %{{.*}} = dconv.alloc at 192 tensor 2 shard 2 [8]
// CHECK-NEXT:      dconv.launch @{{.*}}(%[[X2]], %[[W]]) into %[[Y2]] scalars [] bounds [0, 5] overwrites wait
// CHECK-NEXT:      dconv.gather %[[Y2]] [8][4] into 0
// CHECK:           dconv.phase "store"
// CHECK-NEXT:    }
func.func @rows(%x: tensor<12xf32>, %w: tensor<3xf32>) -> tensor<12xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<12xf32> to tensor<14xf32>
  %e = tensor.empty() : tensor<12xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<12xf32>) -> tensor<12xf32>
  %y = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [3], split = {o0 = 0},
                                                devices = 1, streamed>}
      ins(%p, %w : tensor<14xf32>, tensor<3xf32>)
      outs(%f : tensor<12xf32>) -> tensor<12xf32>
  return %y : tensor<12xf32>
}

// -----

// The sum of a block stays in f32 while its taps pass; the initial output comes
// from the host in bf16, and goes back in it, once per block.
//
// CHECK-LABEL: dconv.program @taps_0
// CHECK:           dconv.scatter 2 into %[[Y:[^ ]*]] [0][4]
// CHECK:           %[[SUM:[^ ]*]], %{{.*}} = dconv.alloc {{.*}} : memref<4xf32>
// CHECK-NEXT:      dconv.convert %[[Y]] [0][4] into %[[SUM]]
// CHECK-NEXT:      dconv.launch {{.*}} into %[[SUM]]
// CHECK-NOT:       dconv.convert
// CHECK:           dconv.launch {{.*}} into %[[SUM]]
// CHECK-NOT:       dconv.convert
// CHECK:           dconv.launch {{.*}} into %[[SUM]]
// CHECK-NEXT:      dconv.convert %[[SUM]] [0][4] into %[[Y]]
// CHECK-NEXT:      dconv.free %[[SUM]]
// CHECK-NEXT:      dconv.gather %[[Y]] [0][4] into 0
func.func @taps(%x: tensor<10xbf16>, %w: tensor<3xbf16>,
                %y: tensor<8xbf16>) -> tensor<8xbf16> {
  %0 = linalg.conv_1d
      {dconv.plan = #dconv.plan<grid = [2, 3], split = {o0 = 0, k0 = 1},
                                devices = 1, streamed>}
      ins(%x, %w : tensor<10xbf16>, tensor<3xbf16>)
      outs(%y : tensor<8xbf16>) -> tensor<8xbf16>
  return %0 : tensor<8xbf16>
}

// -----

#host = #dconv.sharding<#dconv.grid<2>, streamed>
!x = !dconv.sharded<tensor<10xf32>, #host>
func.func @nothing_computes_it(%x: tensor<10xf32>) -> tensor<10xf32> {
  %xs = dconv.shard %x : tensor<10xf32> -> !x
  // expected-error @below {{'dconv.unshard' op returns a streamed tensor that no sub-kernel computes; use the tensor that was sharded}}
  %1 = dconv.unshard %xs : !x -> tensor<10xf32>
  return %1 : tensor<10xf32>
}

// -----

#host = #dconv.sharding<#dconv.grid<2>, streamed>
!x = !dconv.sharded<tensor<10xf32>, #host>
!w = !dconv.sharded<tensor<3xf32>, #host>
!y = !dconv.sharded<tensor<8xf32>, #host>
func.func @chained(%x: tensor<10xf32>, %w: tensor<3xf32>,
                   %y: tensor<8xf32>) -> tensor<8xf32> {
  %xs = dconv.shard %x : tensor<10xf32> -> !x
  %ws = dconv.shard %w : tensor<3xf32> -> !w
  %ys = dconv.shard %y : tensor<8xf32> -> !y
  %0 = dconv.sub_kernel ins(%xs, %ws : !x, !w) outs(%ys : !y)
      split #dconv.split<d0: 8 / 2> {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %3 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %3 : tensor<8xf32>
  } : !y
  // expected-error @below {{'dconv.sub_kernel' op reads a streamed tensor that another sub-kernel computes; dconv.unshard it and dconv.shard the result}}
  %1 = dconv.sub_kernel ins(%xs, %ws : !x, !w) outs(%0 : !y)
      split #dconv.split<d0: 8 / 2> {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %3 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %3 : tensor<8xf32>
  } : !y
  %2 = dconv.unshard %1 : !y -> tensor<8xf32>
  return %2 : tensor<8xf32>
}
