// What carries dconv.kernel must be a kernel.
// RUN: dconv-opt %s -split-input-file -verify-diagnostics --dconv-emit-kernels

// expected-error @below {{expected a kernel of one block}}
func.func private @declaration(memref<8xf32>) attributes {dconv.kernel}

// -----

// expected-error @below {{expected a linalg.generic in a kernel}}
func.func private @empty(%y: memref<8xf32>) attributes {dconv.kernel} {
  return
}

// -----

func.func private @other_op(%y: memref<8xf32>) attributes {dconv.kernel} {
  // expected-error @below {{expected nothing but a linalg.generic in a kernel}}
  %0 = arith.constant 0 : index
  return
}

// -----

#map = affine_map<(i) -> (i)>
func.func private @two(%x: memref<8xf32>,
                       %y: memref<8xf32>) attributes {dconv.kernel} {
  linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  // expected-error @below {{expected one linalg.generic in a kernel}}
  linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  return
}

// -----

#map = affine_map<(i) -> (i)>
func.func private @tensors(%x: tensor<8xf32>) attributes {dconv.kernel} {
  // expected-error @below {{expected one output, a memref}}
  %0 = linalg.generic {
      indexing_maps = [#map, #map], iterator_types = ["parallel"]}
      ins(%x : tensor<8xf32>) outs(%x : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<8xf32>
  return
}

// -----

#map = affine_map<(i) -> (i)>
func.func private @strided(%x: memref<8xf32, strided<[2]>>,
                           %y: memref<8xf32>) attributes {dconv.kernel} {
  // expected-error @below {{expected memrefs of static shape, row-major or with a #dconv.layout, got 'memref<8xf32, strided<[2]>>'}}
  linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]}
      ins(%x : memref<8xf32, strided<[2]>>) outs(%y : memref<8xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  return
}
