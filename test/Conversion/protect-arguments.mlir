// RUN: dconv-opt %s --dconv-protect-arguments | FileCheck %s
// RUN: dconv-opt %s --dconv-protect-arguments --one-shot-bufferize=bufferize-function-boundaries | FileCheck %s --check-prefix=BUFFERS

// The caller keeps its tensors: what would be computed in place is copied.
// CHECK-LABEL:   func @public(
// CHECK-SAME:      tensor<4xf32> {bufferization.writable = false}, %{{.*}}: i32)
// BUFFERS-LABEL: func.func @public(
// BUFFERS:         memref.alloc
func.func @public(%x: tensor<4xf32>, %s: i32) -> tensor<4xf32> {
  %0 = linalg.exp ins(%x : tensor<4xf32>) outs(%x : tensor<4xf32>)
      -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// Who calls a private function is known.
// CHECK-LABEL:   func private @private(
// CHECK-SAME:      tensor<4xf32>) -> tensor<4xf32> {
// BUFFERS-LABEL: func.func private @private(
// BUFFERS-NOT:     memref.alloc
func.func private @private(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = linalg.exp ins(%x : tensor<4xf32>) outs(%x : tensor<4xf32>)
      -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
