// RUN: dconv-opt %s --dconv-lower-execute | FileCheck %s

#none = #dconv.counters<received = [0], sent = [0], scatter = [0], gather = [0],
                        peak = [0]>
dconv.program @first () -> () tensors [] predicted #none {
  dconv.device 0 arena 0 {
    dconv.phase "run"
    dconv.phase "store"
  }
}
dconv.program @second (tensor<4xf32>, i32) -> tensor<4xf32> tensors []
    predicted #none {
  dconv.device 0 arena 0 {
    dconv.phase "run"
    dconv.phase "store"
  }
}

// A call goes through the pointer that the loader sets, with the number of the
// program and the addresses of what it takes and returns; a scalar is passed by
// the address of a copy. Memory for that is the function's, not the loop's.
// CHECK-NOT:   dconv.program
// CHECK-LABEL: func.func @main(
// CHECK-SAME:      %[[X:.*]]: memref<4xf32>, %[[S:.*]]: i32, %[[Y:.*]]: memref<4xf32>, %{{.*}}: index)
// CHECK-COUNT-3: llvm.alloca
// CHECK-NOT:     llvm.alloca
// CHECK:         scf.for
// CHECK:           memref.extract_aligned_pointer_as_index %[[X]]
// CHECK:           llvm.store %[[S]]
// CHECK:           memref.extract_aligned_pointer_as_index %[[Y]]
// CHECK:           %[[EXECUTE:.*]] = llvm.load
// CHECK:           %[[CONTEXT:.*]] = llvm.load
// CHECK:           %[[NUMBER:.*]] = llvm.mlir.constant(1 : i64)
// CHECK:           llvm.call %[[EXECUTE]](%[[CONTEXT]], %[[NUMBER]], %{{.*}}, %{{.*}})
func.func @main(%x: memref<4xf32>, %s: i32, %y: memref<4xf32>, %times: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %times step %c1 {
    dconv.execute @second(%x, %s) outs(%y : memref<4xf32>)
        : (memref<4xf32>, i32) -> ()
  }
  return
}

// What takes dense buffers and scalars can be called from C.
// CHECK:       func.func @dconv_entry_dense(%{{.*}}: !llvm.ptr)
// CHECK:         call @dense(
// CHECK:       func.func @dense(
func.func @dense(%x: memref<4xf32>, %s: i32) {
  return
}

// The rest cannot.
// CHECK-NOT:   @dconv_entry_dynamic
// CHECK-NOT:   @dconv_entry_strided
// CHECK-NOT:   @dconv_entry_private
func.func @dynamic(%x: memref<?xf32>) {
  return
}
func.func @strided(%x: memref<4xf32, strided<[2]>>) {
  return
}
func.func private @private(%x: memref<4xf32>) {
  return
}
