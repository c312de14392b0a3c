func.func @main(%x: tensor<10xf32>, %w: tensor<3xf32>,
                %y: tensor<8xf32>) -> tensor<8xf32> {
  %0 = linalg.conv_1d ins(%x, %w : tensor<10xf32>, tensor<3xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
