// RUN: dconv-opt %s --dconv-emit-kernels -verify-diagnostics | FileCheck %s
// RUN: dconv-opt %s --dconv-emit-kernels 2>/dev/null | dconv-opt --dconv-emit-kernels --verify-roundtrip | FileCheck %s

// What the host does keeps its level; kernels become LLVM functions that say how
// they compute, and the program launches them by the same name.

#input = affine_map<(o, k) -> (o + k)>
#filter = affine_map<(o, k) -> (k)>
#output = affine_map<(o, k) -> (o)>

// CHECK:       dconv.program @main_0
// CHECK:         dconv.launch @vector(
// CHECK:       func.func @main(
// CHECK-NEXT:    %[[R:.*]] = dconv.execute @main_0(
// CHECK-NEXT:    return %[[R]]
dconv.program @main_0 (tensor<66xf32>, tensor<3xf32>, tensor<64xf32>) -> tensor<64xf32>
    tensors [#dconv.tensor<"input 0", [66]>, #dconv.tensor<"input 1", [3]>,
             #dconv.tensor<"output", [64]>]
    predicted #dconv.counters<received = [0], sent = [0], scatter = [532],
                              gather = [256], peak = [640]> {
  dconv.device 0 arena 640 {
    %x, %0 = dconv.alloc at 0 tensor 0 shard 0 [0] : memref<66xf32>
    %1 = dconv.scatter 0 into %x [0][66] wait(%0) : memref<66xf32>
    %w, %2 = dconv.alloc at 320 tensor 1 shard 0 [0] : memref<3xf32>
    %3 = dconv.scatter 1 into %w [0][3] wait(%2) : memref<3xf32>
    %y, %4 = dconv.alloc at 384 tensor 2 shard 0 [0] : memref<64xf32>
    %5 = dconv.scatter 2 into %y [0][64] wait(%4) : memref<64xf32>
    dconv.phase "run"
    %6 = dconv.launch @vector(%x, %w) into %y scalars [] wait(%1, %3, %5)
        : (memref<66xf32>, memref<3xf32>), memref<64xf32>
    dconv.phase "store"
    %7 = dconv.gather %y [0][64] into 0 wait(%6) : memref<64xf32>
    %8 = dconv.free %x wait(%6) : memref<66xf32>
    %9 = dconv.free %w wait(%6) : memref<3xf32>
    %10 = dconv.free %y wait(%7) : memref<64xf32>
  }
}

func.func @main(%x: tensor<66xf32>, %w: tensor<3xf32>,
                %y: tensor<64xf32>) -> tensor<64xf32> {
  %0 = dconv.execute @main_0(%x, %w, %y)
      : (tensor<66xf32>, tensor<3xf32>, tensor<64xf32>) -> tensor<64xf32>
  return %0 : tensor<64xf32>
}

// CHECK-LABEL: llvm.func internal @vector(
// CHECK-SAME:    dconv.path = "vector"
// CHECK-NOT:   dconv.kernel
// CHECK:         llvm.intr.fmuladd({{.*}}) : (vector<
func.func private @vector(%x: memref<66xf32>, %w: memref<3xf32>,
                          %y: memref<64xf32>) attributes {dconv.kernel} {
  linalg.generic {
      indexing_maps = [#input, #filter, #output],
      iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : memref<66xf32>, memref<3xf32>) outs(%y : memref<64xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// What the vector path does not take is computed by loops, and the user told so.
// CHECK-LABEL: llvm.func internal @loops(
// CHECK-SAME:    dconv.path = "loops"
// CHECK-NOT:   dconv.kernel
// CHECK-NOT:     : (vector<
// CHECK:         llvm.fadd {{.*}} : f32
// expected-remark @below {{computed by plain loops: there is a single iteration}}
func.func private @loops(%x: memref<1xf32>, %w: memref<1xf32>,
                         %y: memref<1xf32>) attributes {dconv.kernel} {
  linalg.generic {
      indexing_maps = [#input, #filter, #output],
      iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : memref<1xf32>, memref<1xf32>) outs(%y : memref<1xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  }
  return
}
