// RUN: dconv-opt %s -split-input-file -verify-diagnostics --dconv-plan

shard.grid @g(shape = 2x2)
func.func @other_axes(%x: tensor<10xf32>, %w: tensor<3xf32>, %y: tensor<8xf32>)
    -> tensor<8xf32> {
  %s = shard.sharding @g split_axes = [[0]] : !shard.sharding
  // expected-note @below {{annotated here}}
  %x1 = shard.shard %x to %s annotate_for_users : tensor<10xf32>
  %t = shard.sharding @g split_axes = [[0, 1]] : !shard.sharding
  // expected-error @below {{'linalg.conv_1d' op 'other_axes#0': annotations contradict each other: dim 0 of operand #0 divides 'o0' over axis 0, dim 0 of the result over axes 0 and 1}}
  %0 = linalg.conv_1d ins(%x1, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  // expected-note @below {{and here}}
  %1 = shard.shard %0 to %t : tensor<8xf32>
  return %1 : tensor<8xf32>
}

// -----

// A tensor that is annotated and not cut has its loops whole.
shard.grid @g(shape = 2)
func.func @whole(%x: tensor<1x10x4xf32>, %w: tensor<3x4x8xf32>,
                 %y: tensor<1x8x8xf32>) -> tensor<1x8x8xf32> {
  %s = shard.sharding @g split_axes = [[], [], [0]] : !shard.sharding
  // expected-note @below {{annotated here}}
  %x1 = shard.shard %x to %s : tensor<1x10x4xf32>
  %t = shard.sharding @g split_axes = [[]] : !shard.sharding
  // expected-note @below {{and here}}
  %w1 = shard.shard %w to %t : tensor<3x4x8xf32>
  // expected-error @below {{annotations contradict each other: dim 2 of operand #0 divides 'ic' over axis 0, dim 1 of operand #1 not at all}}
  %0 = linalg.conv_1d_nwc_wcf
      ins(%x1, %w1 : tensor<1x10x4xf32>, tensor<3x4x8xf32>)
      outs(%y : tensor<1x8x8xf32>) -> tensor<1x8x8xf32>
  return %0 : tensor<1x8x8xf32>
}

// -----

// Twice for the same operand, which the shard dialect leaves undefined.
shard.grid @g(shape = 2x2)
func.func @twice(%x: tensor<10xf32>, %w: tensor<3xf32>, %y: tensor<8xf32>)
    -> tensor<8xf32> {
  %s = shard.sharding @g split_axes = [[0]] : !shard.sharding
  // expected-note @below {{and here}}
  %x1 = shard.shard %x to %s annotate_for_users : tensor<10xf32>
  %t = shard.sharding @g split_axes = [[1]] : !shard.sharding
  // expected-note @below {{annotated here}}
  %x2 = shard.shard %x1 to %t annotate_for_users : tensor<10xf32>
  // expected-error @below {{dim 0 of operand #0 divides 'o0' over axis 1, dim 0 of operand #0 over axis 0}}
  %0 = linalg.conv_1d ins(%x2, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

shard.grid @g(shape = 2)
func.func @other_lengths(%x: tensor<10xf32>, %w: tensor<3xf32>,
                         %y: tensor<8xf32>) -> tensor<8xf32> {
  %s = shard.sharding @g split_axes = [[0]]
      sharded_dims_offsets = [0, 3, 8] : !shard.sharding
  // expected-note @below {{annotated here}}
  %y1 = shard.shard %y to %s : tensor<8xf32>
  %t = shard.sharding @g split_axes = [[0]]
      sharded_dims_offsets = [0, 4, 8] : !shard.sharding
  // expected-error @below {{dim 0 of operand #2 divides 'o0' over axis 0 in lengths 3 5, dim 0 of the result over axis 0 in lengths 4 4}}
  %0 = linalg.conv_1d ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y1 : tensor<8xf32>) -> tensor<8xf32>
  // expected-note @below {{and here}}
  %1 = shard.shard %0 to %t : tensor<8xf32>
  return %1 : tensor<8xf32>
}

// -----

// One axis cannot divide two loops.
shard.grid @g(shape = 2)
func.func @two_loops(%x: tensor<10xf32>, %w: tensor<3xf32>, %y: tensor<8xf32>)
    -> tensor<8xf32> {
  %s = shard.sharding @g split_axes = [[0]] : !shard.sharding
  // expected-note @below {{annotated here}}
  %x1 = shard.shard %x to %s : tensor<10xf32>
  // expected-note @below {{and here}}
  %w1 = shard.shard %w to %s : tensor<3xf32>
  // expected-error @below {{'two_loops#0': axis 0 of @g divides two loops: 'o0' by dim 0 of operand #0 and 'k0' by dim 0 of operand #1}}
  %0 = linalg.conv_1d ins(%x1, %w1 : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

shard.grid @g(shape = 2)
shard.grid @h(shape = 2)
func.func @two_grids(%x: tensor<10xf32>, %w: tensor<3xf32>, %y: tensor<8xf32>)
    -> tensor<8xf32> {
  %s = shard.sharding @g split_axes = [[0]] : !shard.sharding
  %x1 = shard.shard %x to %s : tensor<10xf32>
  %t = shard.sharding @h split_axes = [[0]] : !shard.sharding
  // expected-error @below {{'two_grids#0': is annotated on two grids, @g and @h; a convolution has one}}
  %0 = linalg.conv_1d ins(%x1, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  // expected-note @below {{annotated here}}
  %1 = shard.shard %0 to %t : tensor<8xf32>
  return %1 : tensor<8xf32>
}

// -----

shard.grid @g(shape = 2x?)
func.func @dynamic_grid(%x: tensor<10xf32>, %w: tensor<3xf32>,
                        %y: tensor<8xf32>) -> tensor<8xf32> {
  %s = shard.sharding @g split_axes = [[0]] : !shard.sharding
  // expected-note @below {{annotated here}}
  %x1 = shard.shard %x to %s : tensor<10xf32>
  // expected-error @below {{axis 1 of @g has no static, positive size}}
  %0 = linalg.conv_1d ins(%x1, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

shard.grid @g(shape = 256x257)
func.func @large_grid(%x: tensor<10xf32>, %w: tensor<3xf32>,
                      %y: tensor<8xf32>) -> tensor<8xf32> {
  %s = shard.sharding @g split_axes = [[]] : !shard.sharding
  // expected-note @below {{annotated here}}
  %x1 = shard.shard %x to %s : tensor<10xf32>
  // expected-error @below {{@g has more than 65536 devices}}
  %0 = linalg.conv_1d ins(%x1, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

shard.grid @g(shape = 2)
func.func @no_such_axis(%x: tensor<10xf32>, %w: tensor<3xf32>,
                        %y: tensor<8xf32>) -> tensor<8xf32> {
  %s = shard.sharding @g split_axes = [[1]] : !shard.sharding
  // expected-note @below {{annotated here}}
  %x1 = shard.shard %x to %s : tensor<10xf32>
  // expected-error @below {{dim 0 of operand #0 is cut over axis 1 of @g, which has 1 axes}}
  %0 = linalg.conv_1d ins(%x1, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

shard.grid @g(shape = 2)
func.func @too_many_dims(%x: tensor<10xf32>, %w: tensor<3xf32>,
                         %y: tensor<8xf32>) -> tensor<8xf32> {
  %s = shard.sharding @g split_axes = [[], [0]] : !shard.sharding
  // expected-note @below {{annotated here}}
  %x1 = shard.shard %x to %s : tensor<10xf32>
  // expected-error @below {{split_axes of operand #0 has 2 entries for 1 dims}}
  %0 = linalg.conv_1d ins(%x1, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

shard.grid @g(shape = 4)
func.func @too_many_parts(%x: tensor<10xf32>, %w: tensor<3xf32>,
                          %y: tensor<8xf32>) -> tensor<8xf32> {
  %s = shard.sharding @g split_axes = [[0]] : !shard.sharding
  // expected-note @below {{annotated here}}
  %w1 = shard.shard %w to %s : tensor<3xf32>
  // expected-error @below {{dim 0 of operand #1 asks for 4 parts of 'k0', which has extent 3}}
  %0 = linalg.conv_1d ins(%x, %w1 : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// Where a shard of an image ends does not say where that of the result does.
shard.grid @g(shape = 2)
func.func @offsets_of_a_window(%x: tensor<10xf32>, %w: tensor<3xf32>,
                               %y: tensor<8xf32>) -> tensor<8xf32> {
  %s = shard.sharding @g split_axes = [[0]]
      sharded_dims_offsets = [0, 3, 10] : !shard.sharding
  // expected-note @below {{annotated here}}
  %x1 = shard.shard %x to %s : tensor<10xf32>
  // expected-error @below {{dim 0 of operand #0 has sharded_dims_offsets but is read through a window; give them on the result}}
  %0 = linalg.conv_1d ins(%x1, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

shard.grid @g(shape = 2)
func.func @empty_shard(%x: tensor<10xf32>, %w: tensor<3xf32>,
                       %y: tensor<8xf32>) -> tensor<8xf32> {
  %s = shard.sharding @g split_axes = [[0]]
      sharded_dims_offsets = [0, 8, 8] : !shard.sharding
  // expected-error @below {{dim 0 of the result has sharded_dims_offsets that do not rise from 0 to 8}}
  %0 = linalg.conv_1d ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  // expected-note @below {{annotated here}}
  %1 = shard.shard %0 to %s : tensor<8xf32>
  return %1 : tensor<8xf32>
}

// -----

// A dim that every iteration reads alike.
shard.grid @g(shape = 2)
func.func @no_loop(%x: tensor<10xf32>, %w: tensor<2x3xf32>, %y: tensor<8xf32>)
    -> tensor<8xf32> {
  %s = shard.sharding @g split_axes = [[0]] : !shard.sharding
  // expected-note @below {{annotated here}}
  %w1 = shard.shard %w to %s : tensor<2x3xf32>
  // expected-error @below {{dim 0 of operand #1 is cut over axis 0 but belongs to no loop}}
  %0 = linalg.generic {
      indexing_maps = [affine_map<(o, k) -> (o + k)>,
                       affine_map<(o, k) -> (1, k)>, affine_map<(o, k) -> (o)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%x, %w1 : tensor<10xf32>, tensor<2x3xf32>) outs(%y : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %1 = arith.mulf %a, %b : f32
    %2 = arith.addf %c, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// A sharding that is no shard.sharding of the function.
shard.grid @g(shape = 2)
func.func @from_elsewhere(%x: tensor<10xf32>, %w: tensor<3xf32>,
                          %y: tensor<8xf32>) -> tensor<8xf32> {
  %s = shard.get_sharding %w : tensor<3xf32> -> !shard.sharding
  // expected-note @below {{annotated here}}
  %x1 = shard.shard %x to %s : tensor<10xf32>
  // expected-error @below {{the sharding of operand #0 comes from elsewhere; needs a shard.sharding}}
  %0 = linalg.conv_1d ins(%x1, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

shard.grid @g(shape = 2)
func.func @planned(%x: tensor<10xf32>, %w: tensor<3xf32>, %y: tensor<8xf32>)
    -> tensor<8xf32> {
  %s = shard.sharding @g split_axes = [[0]] : !shard.sharding
  %x1 = shard.shard %x to %s : tensor<10xf32>
  // expected-error @below {{'planned#0' is annotated for 'o0=2' but carries a plan for 'k0=3'; remove one of them}}
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [3], split = {k0 = 0}>}
      ins(%x1, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
