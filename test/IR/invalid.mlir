// One case per message of the attributes, the type and the ops that move data.
// RUN: dconv-opt %s -split-input-file -verify-diagnostics

//===----------------------------------------------------------------------===//
// Grids
//===----------------------------------------------------------------------===//

// expected-error @below {{grid axis needs at least 1 part but has 0}}
#grid = #dconv.grid<2x0>

// -----

// Nothing of this size is ever allocated, nor does the product wrap.
// expected-error @below {{grid needs at most 65536 shards but has 4294967296x4294967296}}
#grid = #dconv.grid<4294967296x4294967296>

// -----

// expected-error @below {{grid needs 1 to 65536 devices but has 0}}
#grid = #dconv.grid<2, devices = 0>

// -----

// expected-error @below {{grid needs 1 to 65536 devices but has 1000000}}
#grid = #dconv.grid<2, devices = 1000000>

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

// -----

// expected-error @below {{expected 'd' and the number of a dim}}
#layout = #dconv.layout<rows by 4, d0>

// -----

// expected-error @below {{layout has d0 by 0, needed at least 1}}
#layout = #dconv.layout<d1, d0 by 0>

// -----

// expected-error @below {{layout has d0 by 3 within d0 by 4; a block must be a smaller part of the one around it}}
#layout = #dconv.layout<d0 by 4, d1, d0 by 3, d0>

// -----

// expected-error @below {{layout has no place for d0 of 3 dims}}
#layout = #dconv.layout<d2 by 4, d1, d2>

// -----

// Numbers of dims are not the size of anything.
// expected-error @below {{layout orders d4000000000 but has no place for all dims before it}}
#layout = #dconv.layout<d4000000000, d0>

// -----

// expected-error @below {{layout does not order the positions within d1 by 4; needed d1 once more}}
#layout = #dconv.layout<d1 by 4, d0>

// -----

// expected-error @below {{layout is row-major; leave it away}}
#layout = #dconv.layout<d0, d1>

// -----

// expected-error @below {{layout is row-major; leave it away}}
#layout = #dconv.layout<>

// -----

// expected-error @below {{layout orders d2 but the buffer has 2 dims}}
func.func private @kernel(memref<4x4xf32, #dconv.layout<d2, d1, d0>>)

// -----

// expected-error @below {{layout has no place for d2 of 3 dims}}
func.func private @kernel(memref<4x4x4xf32, #dconv.layout<d1, d0>>)

//===----------------------------------------------------------------------===//
// Shardings
//===----------------------------------------------------------------------===//

// -----

// expected-error @below {{expected 'd' and the number of a dim, 'partial' or 'streamed'}}
#sharding = #dconv.sharding<#dconv.grid<2>, rows = axis 0>

// -----

// expected-error @below {{axis 1 is not one of the 1 axes of the grid}}
#sharding = #dconv.sharding<#dconv.grid<2>, d0 = axis 1>

// -----

// expected-error @below {{axis 0 is used twice}}
#sharding = #dconv.sharding<#dconv.grid<2>, d0 = axis 0, partial = axis 0 : add>

// -----

// expected-error @below {{dims must ascend but d0 follows d1}}
#sharding = #dconv.sharding<#dconv.grid<2x2>, d1 = axis 0, d0 = axis 1>

// -----

// expected-error @below {{d0 needs 2 owned intervals but has 1}}
#sharding = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 owned [0 to 8]>

// -----

// expected-error @below {{d0 needs 2 held intervals but has 3}}
#sharding = #dconv.sharding<#dconv.grid<2>,
                            d0 = axis 0 held [0 to 3], [2 to 5], [4 to 8]>

// -----

// expected-error @below {{unknown combiner 'sub'; one of add, max, min, maxu, minu}}
#sharding = #dconv.sharding<#dconv.grid<2>, partial = axis 0 : sub>

// -----

// expected-error @below {{'partial' twice}}
#sharding = #dconv.sharding<#dconv.grid<2x2>, partial = axis 0 : add, partial = axis 1 : add>

// -----

// expected-error @below {{'partial' needs an axis}}
#sharding = #dconv.sharding<#dconv.grid<2>, partial = axes [] : add>

// -----

// expected-error @below {{partial axes must ascend}}
#sharding = #dconv.sharding<#dconv.grid<2x2>, partial = axes [1, 0] : add>

// -----

// expected-error @below {{is written inside #dconv.sharding}}
#dim = #dconv.dim_sharding<0>

//===----------------------------------------------------------------------===//
// Splits and plans
//===----------------------------------------------------------------------===//

// -----

// expected-error @below {{is written inside #dconv.split}}
#axis = #dconv.axis_split<0>

// -----

// expected-error @below {{expected 'd' and the number of a loop}}
#split = #dconv.split<o0: 8 / 2>

// -----

// expected-error @below {{cannot divide 2 in 3 parts}}
#split = #dconv.split<d0: 2 / 3>

// -----

// expected-error @below {{cannot divide 1000000000000 in 1000000000000 parts}}
#split = #dconv.split<d0: 1000000000000 / 1000000000000>

// -----

// expected-error @below {{dim 'o0' twice}}
#plan = #dconv.plan<grid = [2, 2], split = {o0 = 0, o0 = 1}>

// -----

// expected-error @below {{dim 'o0' needs one of the 1 axes of the grid but has 1 : i64}}
#plan = #dconv.plan<grid = [2], split = {o0 = 1}>

// -----

// expected-error @below {{axis 0 splits two dims}}
#plan = #dconv.plan<grid = [2], split = {o0 = 0, oc = 0}>

// -----

// expected-error @below {{every axis of the grid must split a dim}}
#plan = #dconv.plan<grid = [2, 3], split = {o0 = 1}>

// -----

// expected-error @below {{stripes of dim 'oc', which is not split}}
#plan = #dconv.plan<grid = [2], split = {o0 = 0}, stripes = {oc = [3, 5]}>

// -----

// expected-error @below {{algorithm 'fft' is not known; there is 'direct'}}
#plan = #dconv.plan<grid = [2], split = {o0 = 0}, algorithm = fft>

// -----

// expected-error @below {{grid axis needs at least 1 part but has -2}}
#plan = #dconv.plan<grid = [-2], split = {o0 = 0}>

// -----

// expected-error @below {{'func.func' op attribute 'dconv.plan' needs #dconv.plan<...> but has "o0=2"}}
func.func private @plan() attributes {dconv.plan = "o0=2"}

//===----------------------------------------------------------------------===//
// Sharded types
//===----------------------------------------------------------------------===//

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
// expected-error @below {{needs a static shape but has 'tensor<?xf32>'}}
func.func private @dynamic(!dconv.sharded<tensor<?xf32>, #rows>)

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
// expected-error @below {{has more bytes than 64 bits can count: 'tensor<4294967296x4294967296xf32>'}}
func.func private @huge(!dconv.sharded<tensor<4294967296x4294967296xf32>, #rows>)

// -----

#planes = #dconv.sharding<#dconv.grid<2>, d2 = axis 0>
// expected-error @below {{cuts dim 2 of 'tensor<8x6xf32>', which has 2 dims}}
func.func private @rank(!dconv.sharded<tensor<8x6xf32>, #planes>)

// -----

#gap = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 owned [0 to 3], [4 to 8]>
// expected-error @below {{stripe [4, 8) of dim 0 must begin at 3}}
func.func private @gap(!dconv.sharded<tensor<8xf32>, #gap>)

// -----

// Nobody would own the last element.
#short = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 owned [0 to 3], [3 to 7]>
// expected-error @below {{stripes of dim 0 end at 7 but its extent is 8}}
func.func private @short(!dconv.sharded<tensor<8xf32>, #short>)

// -----

// Empty stripes are allowed, but not all of them.
#none = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 owned [0 to 0], [8 to 8]>
// expected-error @below {{stripes of dim 0 end at 0 but its extent is 8}}
func.func private @none(!dconv.sharded<tensor<8xf32>, #none>)

// -----

#outside = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 9]>
// expected-error @below {{[3 to 9] of dim 0 is no part of [0 to 8]}}
func.func private @outside(!dconv.sharded<tensor<8xf32>, #outside>)

// -----

#reversed = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 owned [0 to 8], [7 to 5]>
// expected-error @below {{[7 to 5] of dim 0 is no part of [0 to 8]}}
func.func private @reversed(!dconv.sharded<tensor<8xf32>, #reversed>)

// -----

#max = #dconv.sharding<#dconv.grid<2>, partial = axis 0 : maxu>
// expected-error @below {{cannot combine 'f32' by maxu}}
func.func private @unsigned(!dconv.sharded<tensor<8xf32>, #max>)

// -----

#wide = #dconv.sharding<#dconv.grid<2>, partial = axis 0 : add in i32>
// expected-error @below {{cannot keep partial sums of 'i8' in 'i32'}}
func.func private @accumulator(!dconv.sharded<tensor<8xi8>, #wide>)

//===----------------------------------------------------------------------===//
// shard and unshard
//===----------------------------------------------------------------------===//

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
func.func @shard_type(%x: tensor<8xf32>) {
  // expected-error @below {{'dconv.shard' op shards 'tensor<8xf32>' as 'tensor<8xf16>'}}
  %0 = dconv.shard %x : tensor<8xf32> -> !dconv.sharded<tensor<8xf16>, #rows>
  return
}

// -----

// A stripe is what one shard owns; what overlaps is a halo.
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
func.func @shard_halo(%x: tensor<8xf32>) {
  // expected-error @below {{'dconv.shard' op result owns [0, 4) of dim 0 but is to hold [0, 5)}}
  // expected-note @below {{a dconv.halo_exchange brings what others own}}
  %0 = dconv.shard %x : tensor<8xf32> -> !dconv.sharded<tensor<8xf32>, #halo>
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
func.func @unshard_type(%x: !dconv.sharded<tensor<8xf32>, #rows>) {
  // expected-error @below {{'dconv.unshard' op assembles 'tensor<8xf32>' as 'tensor<4x2xf32>'}}
  %0 = dconv.unshard %x : !dconv.sharded<tensor<8xf32>, #rows> -> tensor<4x2xf32>
  return
}

// -----

// A lost reduction does not verify.
#sums = #dconv.sharding<#dconv.grid<2x3>, partial = axes [0, 1] : add>
func.func @unshard_partial(%x: !dconv.sharded<tensor<8xf32>, #sums>) {
  // expected-error @below {{'dconv.unshard' op operand holds partial sums along axes [0, 1]}}
  // expected-note @below {{a dconv.reduce_scatter or dconv.all_reduce would combine them}}
  %0 = dconv.unshard %x : !dconv.sharded<tensor<8xf32>, #sums> -> tensor<8xf32>
  return
}

// -----

// A footprint may skip what its shard owns, as with a stride.
#less = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 3], [4 to 8]>
func.func @unshard_not_held(%x: !dconv.sharded<tensor<8xf32>, #less>) {
  // expected-error @below {{'dconv.unshard' op operand owns [0, 4) of dim 0 but holds [0, 3)}}
  %0 = dconv.unshard %x : !dconv.sharded<tensor<8xf32>, #less> -> tensor<8xf32>
  return
}

//===----------------------------------------------------------------------===//
// Collectives
//===----------------------------------------------------------------------===//

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
func.func @tensor(%x: !dconv.sharded<tensor<8xf32>, #rows>) {
  // expected-error @below {{'dconv.reshard' op keeps the tensor but turns 'tensor<8xf32>' into 'tensor<9xf32>'}}
  %0 = dconv.reshard %x : !dconv.sharded<tensor<8xf32>, #rows>
                       -> !dconv.sharded<tensor<9xf32>, #rows>
  return
}

// -----

#two = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#four = #dconv.sharding<#dconv.grid<4>, d0 = axis 0>
func.func @grid(%x: !dconv.sharded<tensor<8xf32>, #two>) {
  // expected-error @below {{'dconv.reshard' op keeps the grid but goes from #dconv.grid<2> to #dconv.grid<4>}}
  %0 = dconv.reshard %x : !dconv.sharded<tensor<8xf32>, #two>
                       -> !dconv.sharded<tensor<8xf32>, #four>
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#sums = #dconv.sharding<#dconv.grid<2>, partial = axis 0 : add>
func.func @move_to_partial(%x: !dconv.sharded<tensor<8xf32>, #rows>) {
  // expected-error @below {{'dconv.halo_exchange' op result holds partial sums along axes [0]}}
  // expected-note @below {{a dconv.reduce_scatter or dconv.all_reduce would combine them}}
  %0 = dconv.halo_exchange %x : !dconv.sharded<tensor<8xf32>, #rows>
                             -> !dconv.sharded<tensor<8xf32>, #sums>
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 owned [0 to 5], [5 to 8]
                                                    held [0 to 6], [4 to 8]>
func.func @halo_of_other_owners(%x: !dconv.sharded<tensor<8xf32>, #rows>) {
  // expected-error @below {{'dconv.halo_exchange' op keeps the owners but changes those of dim 0; a dconv.reshard moves stripes}}
  %0 = dconv.halo_exchange %x : !dconv.sharded<tensor<8xf32>, #rows>
                             -> !dconv.sharded<tensor<8xf32>, #halo>
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#columns = #dconv.sharding<#dconv.grid<2>, d1 = axis 0>
func.func @gather_columns(%x: !dconv.sharded<tensor<8x6xf32>, #rows>) {
  // expected-error @below {{'dconv.all_gather' op gathers, but shard 0 owns [0, 4) x [0, 6) before and [0, 8) x [0, 3) after; a dconv.reshard moves stripes}}
  %0 = dconv.all_gather %x : !dconv.sharded<tensor<8x6xf32>, #rows>
                          -> !dconv.sharded<tensor<8x6xf32>, #columns>
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#whole = #dconv.sharding<#dconv.grid<2>>
func.func @nothing_to_reduce(%x: !dconv.sharded<tensor<8xf32>, #rows>) {
  // expected-error @below {{'dconv.all_reduce' op operand holds no partial sums}}
  %0 = dconv.all_reduce %x : !dconv.sharded<tensor<8xf32>, #rows>
                          -> !dconv.sharded<tensor<8xf32>, #whole>
  return
}

// -----

#sums = #dconv.sharding<#dconv.grid<2>, partial = axis 0 : add>
#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
func.func @all_reduce_and_cut(%x: !dconv.sharded<tensor<8xf32>, #sums>) {
  // expected-error @below {{'dconv.all_reduce' op keeps the stripes but turns #dconv.sharding<#dconv.grid<2>, partial = axis 0 : add> into #dconv.sharding<#dconv.grid<2>, d0 = axis 0>}}
  %0 = dconv.all_reduce %x : !dconv.sharded<tensor<8xf32>, #sums>
                          -> !dconv.sharded<tensor<8xf32>, #rows>
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
func.func @nothing_to_scatter(%x: !dconv.sharded<tensor<8xf32>, #rows>) {
  // expected-error @below {{'dconv.reduce_scatter' op operand holds no partial sums}}
  %0 = dconv.reduce_scatter %x : !dconv.sharded<tensor<8xf32>, #rows>
                              -> !dconv.sharded<tensor<8xf32>, #rows>
  return
}

// -----

// Both shards would own the same pieces.
#sums = #dconv.sharding<#dconv.grid<2x2>, d0 = axis 0, partial = axis 1 : add>
#rows = #dconv.sharding<#dconv.grid<2x2>, d0 = axis 0>
func.func @scatter_over_nothing(%x: !dconv.sharded<tensor<8xf32>, #sums>) {
  // expected-error @below {{'dconv.reduce_scatter' op scatters over axis 1, but the result is not cut along it}}
  %0 = dconv.reduce_scatter %x : !dconv.sharded<tensor<8xf32>, #sums>
                              -> !dconv.sharded<tensor<8xf32>, #rows>
  return
}

// -----

// A group sums up its own rows, not those of others.
#sums = #dconv.sharding<#dconv.grid<2x2>, d0 = axis 0, partial = axis 1 : add>
#other = #dconv.sharding<#dconv.grid<2x2>, d0 = axes [1, 0]>
func.func @scatter_elsewhere(%x: !dconv.sharded<tensor<8xf32>, #sums>) {
  // expected-error @below {{'dconv.reduce_scatter' op shard 1 is to own [4, 6) of the sum but its group holds partial sums of [0, 4)}}
  %0 = dconv.reduce_scatter %x : !dconv.sharded<tensor<8xf32>, #sums>
                              -> !dconv.sharded<tensor<8xf32>, #other>
  return
}
