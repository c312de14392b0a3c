// RUN: dconv-opt %s -split-input-file -verify-diagnostics --dconv-plan='split=o0=4' | FileCheck %s

// A SPEC that says the same, for as many devices as the grid has; and one for a
// convolution without annotations.
// CHECK-LABEL: func @same
// CHECK: #dconv.plan<grid = [4], split = {o0 = 0}, devices = 8>
// CHECK: #dconv.plan<grid = [4], split = {o0 = 0}>
shard.grid @g(shape = 4x2)
func.func @same(%x: tensor<10xf32>, %w: tensor<3xf32>, %y: tensor<8xf32>)
    -> (tensor<8xf32>, tensor<8xf32>) {
  %s = shard.sharding @g split_axes = [[0]] : !shard.sharding
  %x1 = shard.shard %x to %s : tensor<10xf32>
  %0 = linalg.conv_1d ins(%x1, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  %1 = linalg.conv_1d ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0, %1 : tensor<8xf32>, tensor<8xf32>
}

// -----

shard.grid @g(shape = 2)
func.func @fewer(%x: tensor<10xf32>, %w: tensor<3xf32>, %y: tensor<8xf32>)
    -> tensor<8xf32> {
  %s = shard.sharding @g split_axes = [[0]] : !shard.sharding
  %x1 = shard.shard %x to %s : tensor<10xf32>
  // expected-error @below {{'fewer#0' is annotated for 'o0=2' but 'o0=4' is asked for; remove one of them}}
  %0 = linalg.conv_1d ins(%x1, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// The annotations say that the channels stay whole, and nothing of the rows.
shard.grid @g(shape = 2)
func.func @whole(%x: tensor<1x10x4xf32>, %w: tensor<3x4x8xf32>,
                 %y: tensor<1x8x8xf32>) -> tensor<1x8x8xf32> {
  %s = shard.sharding @g split_axes = [[0]] : !shard.sharding
  %w1 = shard.shard %w to %s : tensor<3x4x8xf32>
  // expected-error @below {{'whole#0' is annotated for 'k0=2,oc=1,ic=1' but 'o0=4' is asked for; remove one of them}}
  %0 = linalg.conv_1d_nwc_wcf
      ins(%x, %w1 : tensor<1x10x4xf32>, tensor<3x4x8xf32>)
      outs(%y : tensor<1x8x8xf32>) -> tensor<1x8x8xf32>
  return %0 : tensor<1x8x8xf32>
}
