// Transposes on the host become part of scatter and gather.
// RUN: dconv-opt %s --dconv-partition --dconv-schedule | FileCheck %s
// RUN: dconv-opt %s --dconv-partition --dconv-schedule --verify-roundtrip -o /dev/null

// What the host passes and gets is what stood around the transposes. A dim that
// goes to the end in the program comes from the end to the front on the host.
// CHECK-LABEL: dconv.program @folded_0
// CHECK-SAME:      (tensor<2x5x7xf32>, tensor<3x2x4x4xf32>) -> tensor<3x2x4xf32>
// CHECK-SAME:    tensors [#dconv.tensor<"input 0", [5, 7, 2]>, #dconv.tensor<"input 1", [4, 4, 2, 3]>, #dconv.tensor<"output", [2, 4, 3]>]
// CHECK-SAME:    orders {{\[\[}}1, 2, 0], [2, 3, 1, 0], [1, 2, 0]] predicted
// CHECK:           dconv.scatter 0 into %{{.*}} [0, 0, 0][5, 7, 2]
// CHECK:           dconv.gather %{{.*}} [0, 0, 0][2, 4, 3] into 0
// CHECK-LABEL: func.func @folded(
// CHECK-SAME:      %[[X:.*]]: tensor<2x5x7xf32>, %[[W:.*]]: tensor<3x2x4x4xf32>)
// CHECK-NOT:     linalg.transpose
// CHECK:         %[[Y:.*]] = dconv.execute @folded_0(%[[X]], %[[W]])
// CHECK-NEXT:    return %[[Y]] : tensor<3x2x4xf32>
func.func @folded(%x: tensor<2x5x7xf32>, %w: tensor<3x2x4x4xf32>) -> tensor<3x2x4xf32> {
  %zero = arith.constant 0.0 : f32
  %xe = tensor.empty() : tensor<5x7x2xf32>
  %xt = linalg.transpose ins(%x : tensor<2x5x7xf32>) outs(%xe : tensor<5x7x2xf32>) permutation = [1, 2, 0]
  %we = tensor.empty() : tensor<4x4x2x3xf32>
  %wt = linalg.transpose ins(%w : tensor<3x2x4x4xf32>) outs(%we : tensor<4x4x2x3xf32>) permutation = [2, 3, 1, 0]
  %e = tensor.empty() : tensor<2x4x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x4x3xf32>) -> tensor<2x4x3xf32>
  %r = linalg.generic {
      indexing_maps = [affine_map<(h, w, o, p, q, c) -> (h + p, w + q, c)>,
                       affine_map<(h, w, o, p, q, c) -> (p, q, c, o)>,
                       affine_map<(h, w, o, p, q, c) -> (h, w, o)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%xt, %wt : tensor<5x7x2xf32>, tensor<4x4x2x3xf32>) outs(%f : tensor<2x4x3xf32>)
      attrs = {dconv.plan = #dconv.plan<grid = [1], split = {oc = 0}>} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<2x4x3xf32>
  %ye = tensor.empty() : tensor<3x2x4xf32>
  %y = linalg.transpose ins(%r : tensor<2x4x3xf32>) outs(%ye : tensor<3x2x4xf32>) permutation = [2, 0, 1]
  return %y : tensor<3x2x4xf32>
}

// A result that is wanted in its own order too stays as it is, and is transposed
// on the host; one tensor may be passed in two orders.
// CHECK-LABEL: dconv.program @both_0
// CHECK-SAME:      (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32>
// CHECK-SAME:    orders {{\[\[}}], [1, 0], []] predicted
// CHECK-LABEL: func.func @both(
// CHECK:         %[[R:.*]] = dconv.execute @both_0(%arg0, %arg0)
// CHECK:         %[[T:.*]] = linalg.transpose ins(%[[R]]
// CHECK-NEXT:    return %[[R]], %[[T]]
func.func @both(%x: tensor<4x4xf32>) -> (tensor<1x4xf32>, tensor<4x1xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %xt = linalg.transpose ins(%x : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) permutation = [1, 0]
  %ye = tensor.empty() : tensor<1x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%ye : tensor<1x4xf32>) -> tensor<1x4xf32>
  %r = linalg.generic {
      indexing_maps = [affine_map<(i, c, k) -> (i + k, c)>, affine_map<(i, c, k) -> (k, c)>,
                       affine_map<(i, c, k) -> (i, c)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %xt : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<1x4xf32>)
      attrs = {dconv.plan = #dconv.plan<grid = [1], split = {g = 0}>} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<1x4xf32>
  %te = tensor.empty() : tensor<4x1xf32>
  %t = linalg.transpose ins(%r : tensor<1x4xf32>) outs(%te : tensor<4x1xf32>) permutation = [1, 0]
  return %r, %t : tensor<1x4xf32>, tensor<4x1xf32>
}
