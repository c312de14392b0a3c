// layer2.0.downsample.0 of torchvision's ResNet-50, by demo/resnet50/export.py.
module {
  func.func @main(%arg0: tensor<1x256x56x56xf32>, %arg1: tensor<512x256x1x1xf32>) -> tensor<1x512x28x28xf32> {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = tensor.empty() : tensor<1x512x28x28xf32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<1x512x28x28xf32>) -> tensor<1x512x28x28xf32>
    %2 = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>} ins(%arg0, %arg1 : tensor<1x256x56x56xf32>, tensor<512x256x1x1xf32>) outs(%1 : tensor<1x512x28x28xf32>) -> tensor<1x512x28x28xf32>
    return %2 : tensor<1x512x28x28xf32>
  }
}
