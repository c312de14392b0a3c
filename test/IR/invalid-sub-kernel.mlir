// One case per message of dconv.sub_kernel: each is one step away from a region
// that verifies, as in roundtrip.mlir.
// RUN: dconv-opt %s -split-input-file -verify-diagnostics

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @arguments(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op region needs 3 arguments but has 4}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>,
       %zp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !rows
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @paddings(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op needs padding for 2 inputs but has 1}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !rows
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @padding_rank(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op padding of input 0 needs 1 dims}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1, 0], high = [1, 0], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !rows
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @padding_value(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op padding of input 0 has value 0 : i32 but needs a number of type 'f32'}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0 : i32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !rows
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @padding_negative(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op padding of input 0 is negative}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [3], high = [-1], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !rows
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @padding_overflow(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op padding of input 0 does not fit 64 bits}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [9223372036854775807],
                          high = [9223372036854775807], value = 0.0 : f32>,
           none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !rows
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @argument_type(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op region argument 0 needs type 'tensor<10xf32>' but has 'tensor<9xf32>'}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<9xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %e = tensor.empty() : tensor<7xf32>
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<9xf32>, tensor<3xf32>)
                        outs(%e : tensor<7xf32>) -> tensor<7xf32>
    dconv.yield %0 : tensor<7xf32>
  } : !rows
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @terminator(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op region must end in dconv.yield}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    llvm.unreachable
  } : !rows
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @no_op(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op region needs exactly one linalg op}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    dconv.yield %yp : tensor<8xf32>
  } : !rows
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @two_ops(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op region needs exactly one linalg op}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    %1 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%0 : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %1 : tensor<8xf32>
  } : !rows
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @foreign_op(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op region holds one linalg op, tensor.empty, tensor.from_elements and constants, but also 'tensor.cast'}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %c = tensor.cast %wp : tensor<3xf32> to tensor<?xf32>
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !rows
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @no_convolution(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op region holds no convolution: the body ends in 'math.exp'; needs an addition, a maximum or a minimum}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.exp ins(%yp : tensor<8xf32>)
                    outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !rows
  return
}

// -----

// The filter of the function, not of the region, although it is number 1 of each.
#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @outer_value(%x: !halo, %w: tensor<3xf32>, %y: !rows, %ws: !filter) {
  // expected-error @below {{'dconv.sub_kernel' op input 1 of the region's op must be an argument of the region}}
  %r = dconv.sub_kernel ins(%x, %ws : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %w : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !rows
  return
}

// -----

#whole = #dconv.sharding<#dconv.grid<2>>
#sums = #dconv.sharding<#dconv.grid<2>, partial = axis 0 : add>
!whole = !dconv.sharded<tensor<8xf32>, #whole>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
!sums = !dconv.sharded<tensor<1xf32>, #sums>
func.func @reads_twice(%x: !whole, %w: !filter, %y: !sums) {
  // expected-error @below {{'dconv.sub_kernel' op region reads argument 0 twice; pass it as two inputs}}
  %r = dconv.sub_kernel ins(%x, %w : !whole, !filter) outs(%y : !sums)
      split #dconv.split<d1: 8 / 2> {
  ^bb0(%xp: tensor<8xf32>, %wp: tensor<3xf32>, %yp: tensor<1xf32>):
    %0 = linalg.conv_1d ins(%xp, %xp : tensor<8xf32>, tensor<8xf32>)
                        outs(%yp : tensor<1xf32>) -> tensor<1xf32>
    dconv.yield %0 : tensor<1xf32>
  } : !sums
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @unread(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op input 2 is not read by the region's op}}
  %r = dconv.sub_kernel ins(%x, %w, %w : !halo, !filter, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %vp: tensor<3xf32>,
       %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !rows
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @other_init(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op the region's op must combine into the region's last argument}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %e = tensor.empty() : tensor<8xf32>
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%e : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !rows
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @other_yield(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op the region must yield the result of its linalg op}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %yp : tensor<8xf32>
  } : !rows
  return
}

// -----

// A zero point that is a tensor comes as its element, so that the program takes it
// by value.
#whole = #dconv.sharding<#dconv.grid<>>
!input = !dconv.sharded<tensor<1x3x3x1xi8>, #whole>
!filter = !dconv.sharded<tensor<3x3x1x1xi8>, #whole>
!output = !dconv.sharded<tensor<1x1x1x1xi32>, #whole>
func.func @scalar_tensor(%x: !input, %w: !filter, %y: !output, %zero: tensor<i32>) {
  // expected-error @below {{'dconv.sub_kernel' op operand 2 of the region's op must be a scalar, or a tensor.from_elements of one in the region}}
  %r = dconv.sub_kernel ins(%x, %w : !input, !filter) outs(%y : !output)
      split #dconv.split<> {
  ^bb0(%xp: tensor<1x3x3x1xi8>, %wp: tensor<3x3x1x1xi8>,
       %yp: tensor<1x1x1x1xi32>):
    %0 = linalg.generic {
        indexing_maps = [
          affine_map<(n, h, w, f, i, j, c) -> (n, h + i, w + j, c)>,
          affine_map<(n, h, w, f, i, j, c) -> (i, j, c, f)>,
          affine_map<(n, h, w, f, i, j, c) -> ()>,
          affine_map<(n, h, w, f, i, j, c) -> (n, h, w, f)>],
        iterator_types = ["parallel", "parallel", "parallel", "parallel",
                          "reduction", "reduction", "reduction"]}
        ins(%xp, %wp, %zero : tensor<1x3x3x1xi8>, tensor<3x3x1x1xi8>, tensor<i32>)
        outs(%yp : tensor<1x1x1x1xi32>) {
    ^bb0(%a: i8, %b: i8, %z: i32, %s: i32):
      %1 = arith.extsi %a : i8 to i32
      %2 = arith.subi %1, %z : i32
      %3 = arith.extsi %b : i8 to i32
      %4 = arith.muli %2, %3 : i32
      %5 = arith.addi %s, %4 : i32
      linalg.yield %5 : i32
    } -> tensor<1x1x1x1xi32>
    dconv.yield %0 : tensor<1x1x1x1xi32>
  } : !output
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @split_loop(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op split: axis 0 splits loop 2 of 2}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d2: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !rows
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @split_grid(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op split needs grid [4] but an operand lies on #dconv.grid<2>}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 4>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !rows
  return
}

// -----

// Two shards each, but on one device or on two.
#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2, devices = 1>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
func.func @two_grids(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op operands lie on different grids}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !rows
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#sums = #dconv.sharding<#dconv.grid<2>, partial = axis 0 : add>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #sums>
func.func @partial_input(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op input 1 holds partial sums}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !rows
  return
}

// -----

// The proof of level 2: without the halo exchange a row is missing.
#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
// expected-note @below {{the input comes from here}}
func.func @missing_halo(%x: !rows, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op shard 0 reads [0, 5) of dim 0 of input 0 but holds [0, 4)}}
  // expected-note @below {{a dconv.halo_exchange to held [0, 5) would bring the rest}}
  %r = dconv.sub_kernel ins(%x, %w : !rows, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !rows
  return
}

// -----

#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
!all = !dconv.sharded<tensor<8xf32>, #whole>
func.func @init_lies(%x: !halo, %w: !filter, %y: !all) {
  // expected-error @below {{'dconv.sub_kernel' op the initial output lies as #dconv.sharding<#dconv.grid<2>> but the split needs #dconv.sharding<#dconv.grid<2>, d0 = axis 0>}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !all)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !all
  return
}

// -----

#taps = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#windows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 9], [2 to 10]>
#sums = #dconv.sharding<#dconv.grid<2>, partial = axis 0 : max>
!input = !dconv.sharded<tensor<10xf32>, #windows>
!filter = !dconv.sharded<tensor<3xf32>, #taps>
!sums = !dconv.sharded<tensor<8xf32>, #sums>
func.func @other_combiner(%x: !input, %w: !filter, %y: !sums) {
  // expected-error @below {{'dconv.sub_kernel' op partial sums combine by max but the region's op by add}}
  %r = dconv.sub_kernel ins(%x, %w : !input, !filter) outs(%y : !sums)
      split #dconv.split<d1: 3 / 2> {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !sums
  return
}

// -----

// A sum of bf16 is kept, sent and added in f32, and rounded once.
#taps = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#windows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 9], [2 to 10]>
#sums = #dconv.sharding<#dconv.grid<2>, partial = axis 0 : add>
!input = !dconv.sharded<tensor<10xbf16>, #windows>
!filter = !dconv.sharded<tensor<3xbf16>, #taps>
!sums = !dconv.sharded<tensor<8xbf16>, #sums>
func.func @narrow_sums(%x: !input, %w: !filter, %y: !sums) {
  // expected-error @below {{'dconv.sub_kernel' op partial sums are kept in 'bf16' but accumulate in 'f32'}}
  %r = dconv.sub_kernel ins(%x, %w : !input, !filter) outs(%y : !sums)
      split #dconv.split<d1: 3 / 2> {
  ^bb0(%xp: tensor<10xbf16>, %wp: tensor<3xbf16>, %yp: tensor<8xbf16>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xbf16>, tensor<3xbf16>)
                        outs(%yp : tensor<8xbf16>) -> tensor<8xbf16>
    dconv.yield %0 : tensor<8xbf16>
  } : !sums
  return
}

// -----

#windows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 9], [2 to 10]>
#sums = #dconv.sharding<#dconv.grid<2>, partial = axis 0 : max>
!input = !dconv.sharded<tensor<10xf32>, #windows>
!sums = !dconv.sharded<tensor<8xf32>, #sums>
func.func @ignores_nan(%x: !input, %y: !sums) {
  // expected-error @below {{'dconv.sub_kernel' op cannot split a reduction in which a NaN loses against a number; partial results combine as arith.maximumf and arith.minimumf do}}
  %r = dconv.sub_kernel ins(%x : !input) outs(%y : !sums)
      split #dconv.split<d1: 3 / 2> {
  ^bb0(%xp: tensor<10xf32>, %yp: tensor<8xf32>):
    %window = tensor.empty() : tensor<3xf32>
    %0 = linalg.generic {
        indexing_maps = [affine_map<(o, k) -> (o + k)>, affine_map<(o, k) -> (k)>,
                         affine_map<(o, k) -> (o)>],
        iterator_types = ["parallel", "reduction"]}
        ins(%xp, %window : tensor<10xf32>, tensor<3xf32>)
        outs(%yp : tensor<8xf32>) {
    ^bb0(%a: f32, %unused: f32, %m: f32):
      %1 = arith.maxnumf %m, %a : f32
      linalg.yield %1 : f32
    } -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !sums
  return
}

// -----

#rows = #dconv.sharding<#dconv.grid<2>, d0 = axis 0>
#halo = #dconv.sharding<#dconv.grid<2>, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#dconv.grid<2>>
!rows = !dconv.sharded<tensor<8xf32>, #rows>
!halo = !dconv.sharded<tensor<8xf32>, #halo>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
!all = !dconv.sharded<tensor<8xf32>, #whole>
func.func @result_type(%x: !halo, %w: !filter, %y: !rows) {
  // expected-error @below {{'dconv.sub_kernel' op result must lie like the initial output, '!dconv.sharded<tensor<8xf32>, <#dconv.grid<2>, d0 = axis 0>>', but is '!dconv.sharded<tensor<8xf32>, <#dconv.grid<2>>>'}}
  %r = dconv.sub_kernel ins(%x, %w : !halo, !filter) outs(%y : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  } : !all
  return
}

// -----

// Only the generic form can say this.
#whole = #dconv.sharding<#dconv.grid<>>
!input = !dconv.sharded<tensor<10xf32>, #whole>
!filter = !dconv.sharded<tensor<3xf32>, #whole>
!output = !dconv.sharded<tensor<8xf32>, #whole>
func.func @padding_kind(%x: !input, %w: !filter, %y: !output) {
  // expected-error @below {{'dconv.sub_kernel' op padding of input 1 needs #dconv.padding<...> or none but has 1 : i64}}
  %r = "dconv.sub_kernel"(%x, %w, %y)
      <{operandSegmentSizes = array<i32: 2, 1>, padding = [unit, 1],
        split = #dconv.split<>}> ({
  ^bb0(%xp: tensor<10xf32>, %wp: tensor<3xf32>, %yp: tensor<8xf32>):
    %0 = linalg.conv_1d ins(%xp, %wp : tensor<10xf32>, tensor<3xf32>)
                        outs(%yp : tensor<8xf32>) -> tensor<8xf32>
    dconv.yield %0 : tensor<8xf32>
  }) : (!input, !filter, !output) -> !output
  return
}
