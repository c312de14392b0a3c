// RUN: dconv-opt %s --dconv-drop-zeros=cut=4 --verify-diagnostics | FileCheck %s

// Two groups of taps with a gap of five become two convolutions; the second adds
// to what the first has.
// CHECK-LABEL: func @cut
//   CHECK-DAG:   arith.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
//       CHECK:   %[[A:.*]] = linalg.conv_1d {{.*}}runs = array<i64: 2, 9>{{.*}} outs(%arg1
//   CHECK-DAG:   arith.constant dense<[3.000000e+00, 4.000000e+00]> : tensor<2xf32>
//       CHECK:   %[[B:.*]] = linalg.conv_1d {{.*}}runs = array<i64: 0, 7>{{.*}} outs(%[[A]]
//       CHECK:   return %[[B]]
func.func @cut(%x: tensor<20xf32>, %y: tensor<12xf32>) -> tensor<12xf32> {
  %w = arith.constant dense<[1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.0, 4.0]> : tensor<9xf32>
  // expected-remark@+1 {{is cut at taps that are zero: 2 convolutions with 48 of 108 multiply-adds}}
  %r = linalg.conv_1d ins(%x, %w : tensor<20xf32>, tensor<9xf32>) outs(%y : tensor<12xf32>) -> tensor<12xf32>
  return %r : tensor<12xf32>
}

// A gap of three saves less than is asked for.
// CHECK-LABEL: func @small_gap
//       CHECK:   linalg.conv_1d ins(%arg0
func.func @small_gap(%x: tensor<20xf32>, %y: tensor<14xf32>) -> tensor<14xf32> {
  %w = arith.constant dense<[1.0, 2.0, 0.0, 0.0, 0.0, 3.0, 4.0]> : tensor<7xf32>
  %r = linalg.conv_1d ins(%x, %w : tensor<20xf32>, tensor<7xf32>) outs(%y : tensor<14xf32>) -> tensor<14xf32>
  return %r : tensor<14xf32>
}

// In between, f16 would be rounded.
// CHECK-LABEL: func @narrow
//       CHECK:   linalg.conv_1d ins(%arg0
func.func @narrow(%x: tensor<20xf16>, %y: tensor<12xf16>) -> tensor<12xf16> {
  %w = arith.constant dense<[1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.0, 4.0]> : tensor<9xf16>
  %r = linalg.conv_1d ins(%x, %w : tensor<20xf16>, tensor<9xf16>) outs(%y : tensor<12xf16>) -> tensor<12xf16>
  return %r : tensor<12xf16>
}
