// RUN: dconv-opt %s -split-input-file -verify-diagnostics --dconv-plan='devices=3'

// Which op and which dim is dynamic.
func.func @dynamic(%x: tensor<?xf32>, %w: tensor<3xf32>,
                   %y: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @below {{'linalg.conv_1d' op dim 0 of operand #0 is dynamic; needs static shapes}}
  %0 = linalg.conv_1d ins(%x, %w : tensor<?xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// What looks like a convolution but is none for dconv stays on the host, and the
// user is told why.
func.func @stays_on_the_host(%x: tensor<10xf32>, %w: tensor<3xf32>,
                             %y: tensor<8xf32>) -> tensor<8xf32> {
  // expected-remark @below {{stays on the host: the body ends in 'arith.subf'; needs an addition, a maximum or a minimum}}
  %0 = linalg.generic {
      indexing_maps = [affine_map<(o, k) -> (o + k)>, affine_map<(o, k) -> (k)>,
                       affine_map<(o, k) -> (o)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %1 = arith.mulf %a, %b : f32
    %2 = arith.subf %s, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<8xf32>
  // Nobody takes this one for a convolution.
  %3 = linalg.exp ins(%0 : tensor<8xf32>) outs(%y : tensor<8xf32>)
      -> tensor<8xf32>
  return %3 : tensor<8xf32>
}

// -----

func.func @other_devices(%x: tensor<10xf32>, %w: tensor<3xf32>,
                         %y: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @below {{'linalg.conv_1d' op 'other_devices#0' is planned for 2 devices but 3 are asked for}}
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

func.func @stripes(%x: tensor<10xf32>, %w: tensor<3xf32>,
                   %y: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @below {{'linalg.conv_1d' op 'stripes#0': stripes of dim 'o0' have 2 lengths but the grid has 3 parts}}
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<
      grid = [3], split = {o0 = 0}, stripes = {o0 = [4, 4]}>}
      ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
