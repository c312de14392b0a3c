// A plan that cannot be honoured is an error, never a silent fallback.
// RUN: dconv-opt %s -split-input-file -verify-diagnostics --dconv-partition

func.func @no_convolution(%x: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @below {{'linalg.exp' op carries a plan but is no convolution that dconv can partition}}
  %0 = linalg.exp {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%x : tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

func.func @parts(%x: tensor<10xf32>, %w: tensor<3xf32>,
                 %y: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @below {{'linalg.conv_1d' op 'parts#0' cannot follow its plan: split 'k0=4' asks for 4 parts of dim 'k0', which has extent 3; its dims are o0=8, k0=3}}
  %0 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [4], split = {k0 = 0}>}
      ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// Both names are of loop 0.
func.func @dim_twice(%x: tensor<10xf32>, %w: tensor<3xf32>,
                     %y: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @below {{'linalg.conv_1d' op 'dim_twice#0' cannot follow its plan: split 'o0=2,d0=2' splits dim 'd0' twice; its dims are o0=8, k0=3}}
  %0 = linalg.conv_1d
      {dconv.plan = #dconv.plan<grid = [2, 2], split = {o0 = 0, d0 = 1}>}
      ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// A NaN in one part would be lost against a number in another.
func.func @nan(%x: tensor<10xf32>, %window: tensor<3xf32>,
               %y: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @below {{cannot split a reduction in which a NaN loses against a number; partial results combine as arith.maximumf and arith.minimumf do}}
  %0 = linalg.generic {
      dconv.plan = #dconv.plan<grid = [3], split = {k0 = 0}>,
      indexing_maps = [affine_map<(o, k) -> (o + k)>, affine_map<(o, k) -> (k)>,
                       affine_map<(o, k) -> (o)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%x, %window : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) {
  ^bb0(%a: f32, %unused: f32, %m: f32):
    %1 = arith.maxnumf %m, %a : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
