// RUN: dconv-opt %s --dconv-drop-annotations | FileCheck %s

// What is annotated means the same without.
// CHECK-NOT:   shard.grid @g
// CHECK:       shard.grid @used
shard.grid @g(shape = 2)
shard.grid @used(shape = 4)

// CHECK-LABEL: func @main
// CHECK-SAME:    (%[[X:.*]]: tensor<8xf32>)
// CHECK-NOT:     shard.
// CHECK:         %[[Y:.*]] = linalg.exp ins(%[[X]] :
// CHECK-NEXT:    return %[[Y]]
func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {
  %s = shard.sharding @g split_axes = [[0]] : !shard.sharding
  %x0 = shard.shard %x to %s : tensor<8xf32>
  %x1 = shard.shard %x0 to %s annotate_for_users : tensor<8xf32>
  %e = tensor.empty() : tensor<8xf32>
  %y = linalg.exp ins(%x1 : tensor<8xf32>) outs(%e : tensor<8xf32>)
      -> tensor<8xf32>
  %y1 = shard.shard %y to %s : tensor<8xf32>
  return %y1 : tensor<8xf32>
}

// Ops that compute something stay, with what they need.
// CHECK-LABEL: func @other
// CHECK:         shard.all_reduce
func.func @other(%x: tensor<8xf32>) -> tensor<8xf32> {
  %y = shard.all_reduce %x on @used grid_axes = [0]
      : tensor<8xf32> -> tensor<8xf32>
  return %y : tensor<8xf32>
}
