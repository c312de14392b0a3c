// Algorithms of collectives, and what a plan gathers: text and messages.
// RUN: dconv-opt %s -split-input-file -verify-diagnostics | FileCheck %s

#pieces = #dconv.sharding<#dconv.grid<2x2>, d0 = axes [0, 1]>
#rows = #dconv.sharding<#dconv.grid<2x2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2x2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2x2>>
#sums = #dconv.sharding<#dconv.grid<2x2>, d0 = axis 0, partial = axis 1 : add>
!pieces = !dconv.sharded<tensor<8xf32>, #pieces>
!rows = !dconv.sharded<tensor<8xf32>, #rows>

// The direct algorithm is not printed. A gather may bring the halo.
// CHECK-LABEL: func @routes
// CHECK:         dconv.all_gather %{{.*}} by ring : !dconv.sharded
// CHECK:         dconv.all_gather %{{[^ ]*}} : !dconv.sharded
// CHECK:         dconv.reshard %{{.*}} by tree {note = "kept"} : !dconv.sharded
// CHECK:         dconv.all_reduce %{{.*}} by tree : !dconv.sharded
func.func @routes(%x: !pieces, %y: !dconv.sharded<tensor<8xf32>, #sums>) {
  %0 = dconv.all_gather %x by ring : !pieces -> !dconv.sharded<tensor<8xf32>, #halo>
  %1 = dconv.all_gather %x by direct : !pieces -> !rows
  %2 = dconv.reshard %1 by tree {note = "kept"} : !rows -> !dconv.sharded<tensor<8xf32>, #whole>
  %3 = dconv.all_reduce %y by tree : !dconv.sharded<tensor<8xf32>, #sums> -> !rows
  return
}

// CHECK-LABEL: func private @plan
// CHECK-SAME:    a = #dconv.plan<grid = [4], split = {o0 = 0}, gathered = [1]>
// CHECK-SAME:    b = #dconv.plan<grid = [2, 2], split = {o0 = 0, oc = 1}, devices = 2, gathered = [0 by ring, 1 by tree]>
func.func private @plan() attributes {
  a = #dconv.plan<grid = [4], split = {o0 = 0}, gathered = [1 by direct]>,
  b = #dconv.plan<grid = [2, 2], split = {o0 = 0, oc = 1},
                  gathered = [0 by ring, 1 by tree], devices = 2>}

// -----

// expected-error @below {{unknown algorithm 'star'; one of direct, ring, tree}}
#plan = #dconv.plan<grid = [4], split = {o0 = 0}, gathered = [1 by star]>

// -----

// expected-error @below {{a streamed plan leaves its inputs on the host, so that none is gathered}}
#plan = #dconv.plan<grid = [4], split = {o0 = 0}, streamed, gathered = [1]>
