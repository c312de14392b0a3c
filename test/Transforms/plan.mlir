// RUN: dconv-opt %s --dconv-plan='split=o0=2' | FileCheck %s --check-prefixes=CHECK,ALL
// RUN: dconv-opt %s --dconv-plan='split=main#1:oc=[5,3],k0=2;d0=1,o0=4 devices=3' | FileCheck %s --check-prefixes=CHECK,NAMED
// RUN: dconv-opt %s --dconv-plan='objective=words devices=2' | FileCheck %s --check-prefixes=CHECK,TWO
// RUN: dconv-opt %s --dconv-plan='objective=words' | FileCheck %s --check-prefixes=CHECK,FOUR
// RUN: dconv-opt %s --dconv-plan='objective=words devices=17' | FileCheck %s --check-prefixes=CHECK,MANY
// RUN: dconv-opt %s --dconv-plan='objective=words devices=4 split=n=1,o0=2,*' | FileCheck %s --check-prefixes=CHECK,REST
// RUN: dconv-opt %s --dconv-plan='machine=%S/Inputs/two.yaml' | FileCheck %s --check-prefixes=CHECK,TIME
// RUN: dconv-opt %s --dconv-plan='objective=words devices=1' | FileCheck %s --check-prefixes=CHECK,ONE

// A SPEC without a name is for every convolution; one with a name wins. Four
// devices where nobody says how many: with two shards, two of them idle. Lengths
// that are not balanced become stripes, the order of the SPEC that of the axes.
//
// Without a SPEC the planner searches. The fewest words on two devices: halves of
// the image for a large image and a small filter, halves of the filter for the
// reverse. On 17 devices one idles: no product of parts of these dims is 17. On
// one nothing is split. After `,*` the dims that the SPEC does not name are
// searched. A machine says for how many devices, and what takes least time: where
// a message between them takes a second, they divide what needs none.
//
// CHECK-LABEL: func @main
// ALL:           linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}, devices = 4>}
// ALL:           linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}, devices = 4>}
// NAMED:         linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [1, 4], split = {n = 0, o0 = 1}, devices = 3>}
// NAMED:         linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2, 2], split = {k0 = 1, oc = 0}, stripes = {oc = [5, 3]}, devices = 3>}
// TWO:           linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2], split = {o0 = 0}>}
// TWO:           linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2], split = {ic = 0}>}
// FOUR:          linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2, 2], split = {o0 = 0, oc = 1}>}
// FOUR:          linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2, 2], split = {ic = 1, oc = 0}>}
// MANY:          linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2, 2, 2, 2], split = {ic = 3, o0 = 0, o1 = 1, oc = 2}, devices = 17>}
// MANY:          linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2, 2, 4], split = {ic = 2, o0 = 0, oc = 1}, devices = 17>}
// REST:          linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2, 2], split = {o0 = 0, oc = 1}>}
// REST:          linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2, 2], split = {ic = 1, o0 = 0}>}
// TIME:          linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2], split = {oc = 0}>}
// TIME:          linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2], split = {oc = 0}>}
// ONE:           linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [], split = {}>}
// ONE:           linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [], split = {}>}
func.func @main(%x: tensor<1x10x10x4xf32>, %w: tensor<3x3x4x8xf32>,
                %v: tensor<3x3x8x8xf32>, %y: tensor<1x8x8x8xf32>,
                %z: tensor<1x6x6x8xf32>) -> tensor<1x6x6x8xf32> {
  %0 = linalg.conv_2d_nhwc_hwcf
      ins(%x, %w : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
      outs(%y : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  %1 = linalg.conv_2d_nhwc_hwcf
      ins(%0, %v : tensor<1x8x8x8xf32>, tensor<3x3x8x8xf32>)
      outs(%z : tensor<1x6x6x8xf32>) -> tensor<1x6x6x8xf32>
  return %1 : tensor<1x6x6x8xf32>
}
