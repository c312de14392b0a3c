// RUN: dconv-opt %s --linalg-generalize-named-ops | FileCheck %s
// RUN: dconv-opt --show-dialects | FileCheck %s --check-prefix=DIALECTS

// Upstream dialects and passes are there too.
// DIALECTS: dconv{{.*}}linalg
// CHECK-LABEL: func @conv
//  CHECK:        linalg.generic
func.func @conv(%x: tensor<1x6x6x2xf32>, %w: tensor<3x3x2x4xf32>,
                %init: tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32> {
  %y = linalg.conv_2d_nhwc_hwcf
         ins(%x, %w : tensor<1x6x6x2xf32>, tensor<3x3x2x4xf32>)
         outs(%init : tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  return %y : tensor<1x4x4x4xf32>
}
