// RUN: dconv-opt %s --dconv-expand-copies | FileCheck %s

// A copy is a loop nest, also between buffers that are not dense.
// CHECK-LABEL: func @copy(
// CHECK-SAME:      %[[X:.*]]: memref<4x4xf32, strided<[8, 2]>>, %[[Y:.*]]: memref<4x4xf32>)
// CHECK-NEXT:    linalg.generic {{.*}} ins(%[[X]] : {{.*}}) outs(%[[Y]] :
// CHECK:           linalg.yield
// CHECK-NOT:     memref.copy
func.func @copy(%x: memref<4x4xf32, strided<[8, 2]>>, %y: memref<4x4xf32>) {
  memref.copy %x, %y : memref<4x4xf32, strided<[8, 2]>> to memref<4x4xf32>
  return
}

// A copy of a buffer to itself, as bufferization leaves them, is nothing.
// CHECK-LABEL: func @to_itself(
// CHECK-NEXT:    return
func.func @to_itself(%x: memref<4xf32>) {
  memref.copy %x, %x : memref<4xf32> to memref<4xf32>
  return
}
