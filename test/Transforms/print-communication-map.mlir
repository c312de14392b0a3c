// RUN: dconv-opt %s --dconv-print-communication-map -o /dev/null | tr -d ' \n' | FileCheck %s

// Two shards of three outputs each; the second reads a position that the first
// owns, and beyond the end of the tensor. Nothing is scattered to a filled output.
//      CHECK: {"programs":[{"devices":2,"grid":[2],"convolutions":[
// CHECK-SAME: {"name":"planned#0","split":"o0=2","loops":["o0","k0"],"step":4,"sub_kernels":[
// CHECK-SAME: {"shard":0,"device":0,"iterations":{{\[\[}}0,3],[0,3]],"inputs":[
// CHECK-SAME: {"tensor":"input0","footprint":{{\[\[}}-1,4]],"pad_low":[1],"pad_high":[0]},
// CHECK-SAME: {"tensor":"input1","footprint":{{\[\[}}0,3]],"pad_low":[0],"pad_high":[0]}],"output":{{\[\[}}0,3]]},
// CHECK-SAME: {"shard":1,"device":1,"iterations":{{\[\[}}3,6],[0,3]],"inputs":[
// CHECK-SAME: {"tensor":"input0","footprint":{{\[\[}}2,7]],"pad_low":[0],"pad_high":[1]}
// CHECK-SAME: "moves":[{"step":0,"kind":"scatter","tensor":"input0","source":"host","destination":{"device":0,"shard":0},"box":{{\[\[}}0,3]],"bytes":12},
// CHECK-SAME: {"step":1,"kind":"exchange","tensor":"input0","source":{"device":1,"shard":1},"destination":{"device":0,"shard":0},"box":{{\[\[}}3,4]],"bytes":4},
// CHECK-SAME: {"step":1,"kind":"exchange","tensor":"input0","source":{"device":0,"shard":0},"destination":{"device":1,"shard":1},"box":{{\[\[}}2,3]],"bytes":4},
// CHECK-NOT:  "scatter","tensor":"output"
// CHECK-SAME: {"step":5,"kind":"gather","tensor":"output","source":{"device":1,"shard":1},"destination":"host","box":{{\[\[}}3,6]],"bytes":12}],
// CHECK-SAME: "predicted":{"bytes_received":[4,4],"bytes_sent":[4,4],"scatter_bytes":[24,24],"gather_bytes":[12,12]}}
func.func @planned(%x: tensor<6xf32>, %w: tensor<3xf32>) -> tensor<6xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<6xf32> to tensor<8xf32>
  %empty = tensor.empty() : tensor<6xf32>
  %y = linalg.fill ins(%zero : f32) outs(%empty : tensor<6xf32>) -> tensor<6xf32>
  %r = linalg.conv_1d {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
      ins(%p, %w : tensor<8xf32>, tensor<3xf32>)
      outs(%y : tensor<6xf32>) -> tensor<6xf32>
  return %r : tensor<6xf32>
}

#grid = #dconv.grid<2>
#partial = #dconv.sharding<#grid, partial = axis 0 : add>
#whole = #dconv.sharding<#grid>

// At level 2, moves without a convolution: an all-reduce is two steps.
// CHECK-SAME: ,{"devices":2,"grid":[2],"convolutions":[],"moves":[
// CHECK-SAME: {"step":1,"kind":"reduce","tensor":"input0","source":{"device":1,"shard":1},"destination":{"device":0,"shard":0},"box":{{\[\[}}0,1]],"bytes":4}
// CHECK-SAME: {"step":2,"kind":"exchange","tensor":"input0","source":{"device":1,"shard":1},"destination":{"device":0,"shard":0},"box":{{\[\[}}1,2]],"bytes":4}
// CHECK-SAME: "predicted":{"bytes_received":[8,8]
func.func @sharded(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = dconv.shard %x : tensor<2xf32> -> !dconv.sharded<tensor<2xf32>, #partial>
  %1 = dconv.all_reduce %0 : !dconv.sharded<tensor<2xf32>, #partial>
                          -> !dconv.sharded<tensor<2xf32>, #whole>
  %2 = dconv.unshard %1 : !dconv.sharded<tensor<2xf32>, #whole> -> tensor<2xf32>
  return %2 : tensor<2xf32>
}
