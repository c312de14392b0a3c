// Two convolutions and a pooling with channels first; the second reads the first
// through padding, and there is a bias before the pooling.
func.func @main(%x: tensor<1x64x38x34xf32>, %w: tensor<128x64x3x3xf32>, %v: tensor<64x128x3x3xf32>,
                %b: tensor<64xf32>) -> (tensor<1x64x18x16xf32>, tensor<1x128x36x32xf32>) {
  %zero = arith.constant 0.0 : f32
  %e1 = tensor.empty() : tensor<1x128x36x32xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<1x128x36x32xf32>) -> tensor<1x128x36x32xf32>
  %c1 = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x64x38x34xf32>, tensor<128x64x3x3xf32>)
      outs(%f1 : tensor<1x128x36x32xf32>) -> tensor<1x128x36x32xf32>
  %p = tensor.pad %c1 low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%n: index, %c: index, %h: index, %w0: index):
    tensor.yield %zero : f32
  } : tensor<1x128x36x32xf32> to tensor<1x128x38x34xf32>
  %e2 = tensor.empty() : tensor<1x64x36x32xf32>
  %init = linalg.broadcast ins(%b : tensor<64xf32>) outs(%e2 : tensor<1x64x36x32xf32>) dimensions = [0, 2, 3]
  %c2 = linalg.conv_2d_nchw_fchw ins(%p, %v : tensor<1x128x38x34xf32>, tensor<64x128x3x3xf32>)
      outs(%init : tensor<1x64x36x32xf32>) -> tensor<1x64x36x32xf32>
  %low = arith.constant 0xFF800000 : f32
  %e3 = tensor.empty() : tensor<1x64x18x16xf32>
  %f3 = linalg.fill ins(%low : f32) outs(%e3 : tensor<1x64x18x16xf32>) -> tensor<1x64x18x16xf32>
  %k = tensor.empty() : tensor<2x2xf32>
  %m = linalg.pooling_nchw_max {strides = dense<2> : vector<2xi64>}
      ins(%c2, %k : tensor<1x64x36x32xf32>, tensor<2x2xf32>)
      outs(%f3 : tensor<1x64x18x16xf32>) -> tensor<1x64x18x16xf32>
  return %m, %c1 : tensor<1x64x18x16xf32>, tensor<1x128x36x32xf32>
}
