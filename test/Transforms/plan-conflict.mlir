// RUN: dconv-opt %s -verify-diagnostics --dconv-plan='split=main#0:o0=2;main#1:o0=[4,4];main#2:o0=4'

// A SPEC that names a convolution and asks for what its plan does not say is an
// error; one that says the same, or names one without a plan, is none.
func.func @main(%x: tensor<10xf32>, %w: tensor<3xf32>, %y: tensor<8xf32>)
    -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %0 = linalg.conv_1d ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  %1 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  // expected-error @below {{'main#2' carries a plan for 'o0=2' but 'o0=4' is asked for; remove one of them}}
  %2 = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0, %1, %2 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}
