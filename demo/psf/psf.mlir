// A photograph through a lens: every pixel spreads over the whole picture.
// The border of the picture counts as black.
func.func @main(%image: tensor<512x512xf32>, %psf: tensor<1023x1023xf32>)
    -> tensor<512x512xf32> {
  %black = arith.constant 0.0 : f32
  %padded = tensor.pad %image low[511, 511] high[511, 511] {
  ^bb0(%row: index, %column: index):
    tensor.yield %black : f32
  } : tensor<512x512xf32> to tensor<1534x1534xf32>
  %empty = tensor.empty() : tensor<512x512xf32>
  %zero = linalg.fill ins(%black : f32) outs(%empty : tensor<512x512xf32>)
    -> tensor<512x512xf32>
  %blurred = linalg.conv_2d
    ins(%padded, %psf : tensor<1534x1534xf32>, tensor<1023x1023xf32>)
    outs(%zero : tensor<512x512xf32>) -> tensor<512x512xf32>
  return %blurred : tensor<512x512xf32>
}
