func.func @main(%x: tensor<2x8x8x4xf32>, %w: tensor<3x3x4x6xf32>)
    -> tensor<2x8x8x6xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%n: index, %row: index, %column: index, %channel: index):
    tensor.yield %zero : f32
  } : tensor<2x8x8x4xf32> to tensor<2x10x10x4xf32>
  %e = tensor.empty() : tensor<2x8x8x6xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8x8x6xf32>)
    -> tensor<2x8x8x6xf32>
  %y = linalg.conv_2d_nhwc_hwcf
    ins(%p, %w : tensor<2x10x10x4xf32>, tensor<3x3x4x6xf32>)
    outs(%init : tensor<2x8x8x6xf32>) -> tensor<2x8x8x6xf32>
  return %y : tensor<2x8x8x6xf32>
}
