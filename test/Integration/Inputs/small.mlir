// A 3x3 convolution with local padding that kernels must read, added to a given
// tensor.
func.func @main(%x: tensor<1x8x5x2xf32>, %w: tensor<3x3x2x3xf32>,
                %init: tensor<1x8x5x3xf32>) -> tensor<1x8x5x3xf32> {
  %two = arith.constant 2.0 : f32
  %padded = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%n: index, %h: index, %v: index, %c: index):
    tensor.yield %two : f32
  } : tensor<1x8x5x2xf32> to tensor<1x10x7x2xf32>
  %y = linalg.conv_2d_nhwc_hwcf
      ins(%padded, %w : tensor<1x10x7x2xf32>, tensor<3x3x2x3xf32>)
      outs(%init : tensor<1x8x5x3xf32>) -> tensor<1x8x5x3xf32>
  return %y : tensor<1x8x5x3xf32>
}
