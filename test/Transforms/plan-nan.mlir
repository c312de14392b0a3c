// RUN: dconv-opt %s --dconv-plan='objective=words max-imbalance=1 split=nan_wins#0:n=1,*' | FileCheck %s

#input = affine_map<(n, o, k) -> (n, o + k)>
#window = affine_map<(n, o, k) -> (k)>
#output = affine_map<(n, o, k) -> (n, o)>

// A maximum in which a NaN loses does not combine over shards, so the
// planner leaves its reduction whole, although devices idle.
// CHECK-LABEL: func @nan_loses(
// CHECK:         dconv.plan = #dconv.plan<grid = [2], split = {n = 0}, devices = 4>
func.func @nan_loses(%x: tensor<2x64xf32>, %window: tensor<64xf32>,
                     %y: tensor<2x1xf32>) -> tensor<2x1xf32> {
  %0 = linalg.generic {
      indexing_maps = [#input, #window, #output],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %window : tensor<2x64xf32>, tensor<64xf32>)
      outs(%y : tensor<2x1xf32>) {
  ^bb0(%a: f32, %unused: f32, %m: f32):
    %1 = arith.maxnumf %m, %a : f32
    linalg.yield %1 : f32
  } -> tensor<2x1xf32>
  return %0 : tensor<2x1xf32>
}

// One in which it wins does, so that the planner may divide it.
// CHECK-LABEL: func @nan_wins(
// CHECK:         dconv.plan = #dconv.plan<grid = {{.*}}, split = {k0 =
func.func @nan_wins(%x: tensor<2x64xf32>, %window: tensor<64xf32>,
                    %y: tensor<2x1xf32>) -> tensor<2x1xf32> {
  %0 = linalg.generic {
      indexing_maps = [#input, #window, #output],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %window : tensor<2x64xf32>, tensor<64xf32>)
      outs(%y : tensor<2x1xf32>) {
  ^bb0(%a: f32, %unused: f32, %m: f32):
    %1 = arith.maximumf %m, %a : f32
    linalg.yield %1 : f32
  } -> tensor<2x1xf32>
  return %0 : tensor<2x1xf32>
}
