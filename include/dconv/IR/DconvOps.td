//===- DconvOps.td - level 2: sharded values --------------*- tablegen -*-===//

#ifndef DCONV_IR_DCONVOPS
#define DCONV_IR_DCONVOPS

include "dconv/IR/DconvTypes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Dconv_ShardOp : Dconv_Op<"shard", [Pure]> {
  let summary = "gives each shard its stripe of a tensor";
  let description = [{
    Scatters the tensor from the host: every shard gets what the result's
    sharding says it owns; of a streamed result nothing moves yet. Along partial axes the shard with coordinate 0 gets
    the value, the others the combiner's identity, so that their combination is
    the tensor.

    ```
                     axis 0:   0      1                 partial:  0      1
    [a b c d e]  ->         [a b c] [d e]      [a b]  ->        [a b]  [0 0]
    ```

    ```mlir
    %1 = dconv.shard %0 : tensor<5xf32> -> !dconv.sharded<tensor<5xf32>, #rows>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs Dconv_ShardedType:$result);
  let assemblyFormat = [{
    $input attr-dict `:` qualified(type($input)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Dconv_UnshardOp : Dconv_Op<"unshard", [Pure]> {
  let summary = "assembles a tensor from its stripes: the aggregation";
  let description = [{
    Gathers what the shards own to the host; of replicas, the first. A partial
    value must be reduced before.

    ```mlir
    %1 = dconv.unshard %0 : !dconv.sharded<tensor<5xf32>, #rows> -> tensor<5xf32>
    ```
  }];
  let arguments = (ins Dconv_ShardedType:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input attr-dict `:` qualified(type($input)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

class Dconv_CollectiveOp<string mnemonic>
    : Dconv_Op<mnemonic, [Pure]> {
  let arguments = (ins Dconv_ShardedType:$input);
  let results = (outs Dconv_ShardedType:$result);
  let assemblyFormat = [{
    $input attr-dict `:` qualified(type($input)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
  let hasFolder = 1; // the same sharding on both sides
}

/// A collective that may pass boxes on.
class Dconv_RoutedOp<string mnemonic> : Dconv_CollectiveOp<mnemonic> {
  let arguments = (ins Dconv_ShardedType:$input,
                       DefaultValuedAttr<Dconv_Algorithm,
                                         "::dconv::Algorithm::Direct">:$algorithm);
  let assemblyFormat = [{
    $input (`by` $algorithm^)? attr-dict
        `:` qualified(type($input)) `->` qualified(type($result))
  }];
}

def Dconv_HaloExchangeOp : Dconv_CollectiveOp<"halo_exchange"> {
  let summary = "gives each shard the window that its sub-kernel reads";
  let description = [{
    The result holds, on every shard, what the result's sharding says: what the
    shard owns of that window, and what others own of it. What lies outside the
    tensor is never part of a halo: the first shard has no low side, the last no
    high side. A halo wider than a stripe comes from as many shards as it spans.

    ```
                             shard 0       shard 1
    owned [0, 3), [3, 5)     [a b c]       [d e]
    held  [0, 4), [2, 5)     [a b c d]     [c d e]
    ```

    ```mlir
    %1 = dconv.halo_exchange %0 : !dconv.sharded<tensor<5xf32>, #rows>
                               -> !dconv.sharded<tensor<5xf32>, #rows_halo>
    ```
  }];
}

def Dconv_ReshardOp : Dconv_RoutedOp<"reshard"> {
  let summary = "moves a tensor to other stripes";
  let description = [{
    Every shard gets what the result's sharding says it owns from those that own
    it in the operand's, of replicas from the one with its own coordinates.
    Neither side is partial. A box that several shards need goes `by` the
    algorithm that `dconv.all_gather` describes.

    ```mlir
    %1 = dconv.reshard %0 : !dconv.sharded<tensor<4x6xf32>, #rows>
                         -> !dconv.sharded<tensor<4x6xf32>, #columns>
    ```
  }];
}

def Dconv_AllGatherOp : Dconv_RoutedOp<"all_gather"> {
  let summary = "replicates a tensor along axes that cut it";
  let description = [{
    The result is not cut along some axes of the operand's sharding; each shard
    receives the stripes of the others on these axes, and the halo that the
    result's sharding says it holds.

    ```
    shard 0  shard 1         shard 0   shard 1
     [a b]    [c d]    ->    [a b c d] [a b c d]
    ```

    Directly, each shard gets a box from its owner. By a ring or a tree the box
    reaches each device once, in the first of its shards that need that box, from
    which the others copy it. The devices that need it are numbered 1, 2, ... from
    the owner's device, 0, in ascending order, cyclically. In a ring, number k
    gets it from number k - 1, so that nobody sends it to two devices; where fewer
    boxes than devices go to the same shards they travel in pieces. In a tree,
    number k gets it from number k - 2^r, for the largest 2^r that is not more
    than k: after r rounds 2^r devices have it.

    ```mlir
    %1 = dconv.all_gather %0 : !dconv.sharded<tensor<4xf32>, #rows>
                            -> !dconv.sharded<tensor<4xf32>, #whole>
    %2 = dconv.all_gather %0 by ring
                             : !dconv.sharded<tensor<4xf32>, #rows>
                            -> !dconv.sharded<tensor<4xf32>, #whole>
    ```
  }];
}

def Dconv_AllReduceOp : Dconv_RoutedOp<"all_reduce"> {
  let summary = "combines partial sums; every shard gets the whole sum";
  let description = [{
    Adds, in ascending shard index, what the shards along the operand's partial
    axes hold. The result is replicated along these axes: each shard gets a piece
    of the sum, and these are gathered `by` the algorithm that `dconv.all_gather`
    describes.

    ```
    shard 0  shard 1         shard 0     shard 1
     [a b]    [c d]    ->   [a+c b+d]   [a+c b+d]
    ```

    ```mlir
    %1 = dconv.all_reduce %0 : !dconv.sharded<tensor<2xf32>, #partial>
                            -> !dconv.sharded<tensor<2xf32>, #whole>
    ```
  }];
}

def Dconv_ReduceScatterOp : Dconv_CollectiveOp<"reduce_scatter"> {
  let summary = "combines partial sums; every shard gets a piece of the sum";
  let description = [{
    Adds, in ascending shard index, what the shards along the operand's partial
    axes hold. The result is cut along these axes too; pieces may be empty.

    ```
    shard 0  shard 1         shard 0  shard 1
     [a b]    [c d]    ->     [a+c]    [b+d]
    ```

    ```mlir
    %1 = dconv.reduce_scatter %0 : !dconv.sharded<tensor<2xf32>, #partial>
                                -> !dconv.sharded<tensor<2xf32>, #rows>
    ```
  }];
}

def Dconv_SubKernelOp : Dconv_Op<"sub_kernel",
    [SingleBlock, RecursiveMemoryEffects]> {
  let summary = "computes, on each shard, its share of one convolution";
  let description = [{
    The region holds the original linalg op on the whole tensors, widened by
    `pad`. Shard by shard it runs over the part of the iteration space that
    `split` gives it, on what the operands' shardings hold, makes the local
    padding that its own part needs, and combines into its part of the initial
    output. Nothing moves: the verifier proves that what each shard holds, with
    its padding, covers what it reads. Where a reduction is split, the result is
    partial along its axis.

    Of a streamed input each shard brings what it reads. With a streamed initial
    output the result is streamed too: the shards of a device run in ascending
    order, those that add to the same block one after the other, in the type of
    the sum, and each block is returned when the last of them is done. So no
    partial sums are left, and shards that share a block share a device.

    Tensors that the op uses for their shape alone are a `tensor.empty` in the
    region; scalars may come from outside.

    ```mlir
    %y = dconv.sub_kernel ins(%x, %w : !X, !W) outs(%init : !Y)
        split #dconv.split<d1: 8 / 2>
        pad [#dconv.padding<low = [0, 1, 1, 0], high = [0, 1, 1, 0],
                            value = 0.0 : f32>, none] {
    ^bb0(%xp: tensor<1x10x10x4xf32>, %wp: tensor<3x3x4x8xf32>,
         %yp: tensor<1x8x8x8xf32>):
      %0 = linalg.conv_2d_nhwc_hwcf
          ins(%xp, %wp : tensor<1x10x10x4xf32>, tensor<3x3x4x8xf32>)
          outs(%yp : tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
      dconv.yield %0 : tensor<1x8x8x8xf32>
    } : !Y
    ```
  }];
  let arguments = (ins Variadic<Dconv_ShardedType>:$inputs,
                       Dconv_ShardedType:$init,
                       Dconv_SplitAttr:$split,
                       OptionalAttr<ArrayAttr>:$padding);
  let results = (outs Dconv_ShardedType:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `ins` `(` $inputs `:` type($inputs) `)`
    `outs` `(` $init `:` qualified(type($init)) `)`
    `split` qualified($split) (`pad` custom<Paddings>($padding)^)?
    attr-dict-with-keyword $body `:` qualified(type($result))
  }];
  let hasRegionVerifier = 1; // reads the op in the region
  let extraClassDeclaration = [{
    /// The linalg op in the region, or null where there is not exactly one.
    ::mlir::linalg::LinalgOp convolution();
    /// The padding of input `i`, or null.
    PaddingAttr paddingOf(unsigned i);
    /// The convolution as integers: local padding and unpadded shapes, inputs
    /// in the order of this op's operands.
    Convolution geometry();
  }];
}

def Dconv_YieldOp : Dconv_Op<"yield",
    [Pure, Terminator, HasParent<"SubKernelOp">]> {
  let summary = "the result of the region of a sub-kernel";
  let arguments = (ins AnyRankedTensor:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

#endif // DCONV_IR_DCONVOPS
