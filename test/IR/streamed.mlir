// Streamed tensors: what is read is what is printed, and what the verifiers say.
// RUN: dconv-opt %s -split-input-file -verify-diagnostics | FileCheck %s
// RUN: dconv-opt %s -split-input-file -verify-diagnostics | dconv-opt -split-input-file | FileCheck %s

// CHECK-DAG: #[[$GRID:.*]] = #dconv.grid<2x2, devices = 2>
// CHECK-DAG: #[[$HOST:.*]] = #dconv.sharding<#[[$GRID]], streamed>
// CHECK-DAG: #[[$WHOLE:.*]] = #dconv.sharding<#[[$GRID]]>
#grid = #dconv.grid<2x2, devices = 2>
#host = #dconv.sharding<#grid, streamed>
#whole = #dconv.sharding<#grid>
!x = !dconv.sharded<tensor<10xf32>, #host>
!w = !dconv.sharded<tensor<3xf32>, #whole>
!y = !dconv.sharded<tensor<8xf32>, #host>

// The sum over the taps stays on the device; the filter lies there all the time.
// CHECK-LABEL: func @mixed
// CHECK:         dconv.shard %{{.*}} : tensor<10xf32> -> !dconv.sharded<tensor<10xf32>, #[[$HOST]]>
// CHECK:         dconv.shard %{{.*}} : tensor<3xf32> -> !dconv.sharded<tensor<3xf32>, #[[$WHOLE]]>
// CHECK:         dconv.unshard %{{.*}} : !dconv.sharded<tensor<8xf32>, #[[$HOST]]> -> tensor<8xf32>
func.func @mixed(%x: tensor<10xf32>, %w: tensor<3xf32>, %y: tensor<8xf32>)
    -> tensor<8xf32> {
  %xs = dconv.shard %x : tensor<10xf32> -> !x
  %ws = dconv.shard %w : tensor<3xf32> -> !w
  %ys = dconv.shard %y : tensor<8xf32> -> !y
  %0 = dconv.sub_kernel ins(%xs, %ws : !x, !w) outs(%ys : !y)
      split #dconv.split<d0: 8 / 2, d1: 3 / 2> {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %2 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %2 : tensor<8xf32>
  } : !y
  %1 = dconv.unshard %0 : !y -> tensor<8xf32>
  return %1 : tensor<8xf32>
}

// -----

// CHECK-LABEL: func private @plan
// CHECK-SAME:    p = #dconv.plan<grid = [2, 3], split = {k0 = 1, o0 = 0}, devices = 2, streamed>
func.func private @plan() attributes {
  p = #dconv.plan<grid = [2, 3], split = {o0 = 0, k0 = 1}, devices = 2, streamed>}

// -----

// expected-error @below {{a streamed tensor lies whole on the host, so that it has neither cut dims nor partial axes}}
#sharding = #dconv.sharding<#dconv.grid<2>, d0 = axis 0, streamed>

// -----

// expected-error @below {{a streamed tensor lies whole on the host, so that it has neither cut dims nor partial axes}}
#sharding = #dconv.sharding<#dconv.grid<2>, streamed, partial = axis 0 : add>

// -----

#grid = #dconv.grid<2>
!host = !dconv.sharded<tensor<8xf32>, #dconv.sharding<#grid, streamed>>
!rows = !dconv.sharded<tensor<8xf32>, #dconv.sharding<#grid, d0 = axis 0>>
func.func @reshard(%x: tensor<8xf32>) {
  %0 = dconv.shard %x : tensor<8xf32> -> !host
  // expected-error @below {{'dconv.reshard' op moves a tensor between shards, but a streamed one lies on the host}}
  // expected-note @below {{a sub-kernel reads any part of a streamed tensor; dconv.shard brings it to the shards}}
  %1 = dconv.reshard %0 : !host -> !rows
  return
}

// -----

#grid = #dconv.grid<2>
!host = !dconv.sharded<tensor<8xf32>, #dconv.sharding<#grid, streamed>>
!rows = !dconv.sharded<tensor<8xf32>, #dconv.sharding<#grid, d0 = axis 0>>
func.func @halo_exchange(%x: tensor<8xf32>) {
  %0 = dconv.shard %x : tensor<8xf32> -> !rows
  // expected-error @below {{'dconv.halo_exchange' op moves a tensor between shards, but a streamed one lies on the host}}
  // expected-note @below {{a sub-kernel reads any part of a streamed tensor; dconv.shard brings it to the shards}}
  %1 = dconv.halo_exchange %0 : !rows -> !host
  return
}

// -----

// Each device has one of the two shards that add to the same block.
#host = #dconv.sharding<#dconv.grid<2>, streamed>
!x = !dconv.sharded<tensor<10xf32>, #host>
!w = !dconv.sharded<tensor<3xf32>, #host>
!y = !dconv.sharded<tensor<8xf32>, #host>
func.func @taps(%x: tensor<10xf32>, %w: tensor<3xf32>, %y: tensor<8xf32>) {
  %xs = dconv.shard %x : tensor<10xf32> -> !x
  %ws = dconv.shard %w : tensor<3xf32> -> !w
  %ys = dconv.shard %y : tensor<8xf32> -> !y
  // expected-error @below {{'dconv.sub_kernel' op shards 0 and 1 add to the same output [0, 8) but run on devices 0 and 1; streamed, they must run one after the other on one device: divide the dims before k0 in a multiple of 2 parts, or k0 in one}}
  %0 = dconv.sub_kernel ins(%xs, %ws : !x, !w) outs(%ys : !y)
      split #dconv.split<d1: 3 / 2> {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %2 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %2 : tensor<8xf32>
  } : !y
  return
}
