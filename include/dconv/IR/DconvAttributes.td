//===- DconvAttributes.td - grids, shardings, splits, plans -*- tablegen -*-===//

#ifndef DCONV_IR_DCONVATTRIBUTES
#define DCONV_IR_DCONVATTRIBUTES

include "dconv/IR/DconvBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"

def Dconv_Combiner : I32EnumAttr<"Combiner", "how partial results combine", [
    I32EnumAttrCase<"Add", 0, "add">,
    I32EnumAttrCase<"Max", 1, "max">,
    I32EnumAttrCase<"Min", 2, "min">,
    I32EnumAttrCase<"MaxUnsigned", 3, "maxu">,
    I32EnumAttrCase<"MinUnsigned", 4, "minu">]> {
  let cppNamespace = "::dconv";
}

def Dconv_Algorithm : I32EnumAttr<"Algorithm",
    "how a box that one shard owns reaches those that need it", [
    I32EnumAttrCase<"Direct", 0, "direct">,
    I32EnumAttrCase<"Ring", 1, "ring">,
    I32EnumAttrCase<"Tree", 2, "tree">]> {
  let cppNamespace = "::dconv";
}

def Dconv_GridAttr : Dconv_Attr<"Grid", "grid"> {
  let summary = "the grid of shards, and on how many devices they run";
  let description = [{
    A row-major grid of S shards; `axis 0` is the outermost. Shard i runs on
    device floor(i * D / S); D is S where it is not written.

    ```mlir
    #dconv.grid<2x3>               // 6 shards, a device each
    #dconv.grid<2x3, devices = 4>  // 6 shards on 4 devices
    #dconv.grid<>                  // one shard: nothing is split
    ```
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape,
                        "int64_t":$devices);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    Grid grid() const { return Grid{getShape().vec(), getDevices()}; }
    static GridAttr get(::mlir::MLIRContext *context, const Grid &grid) {
      return get(context, grid.shape, grid.devices);
    }
  }];
}

def Dconv_DimShardingAttr : Dconv_Attr<"DimSharding", "dim_sharding"> {
  let summary = "how one tensor dim is cut; part of a sharding";
  let description = [{
    Not written on its own. `owned` and `held` are begin, end, begin, end, ...
    of one interval per combination (row-major) of the axes. Empty `owned` means
    balanced stripes, empty `held` means what is owned.
  }];
  let parameters = (ins "unsigned":$dim, ArrayRefParameter<"unsigned">:$axes,
                        ArrayRefParameter<"int64_t">:$owned,
                        ArrayRefParameter<"int64_t">:$held);
  let hasCustomAssemblyFormat = 1;
}

def Dconv_ShardingAttr : Dconv_Attr<"Sharding", "sharding"> {
  let summary = "how a tensor lies on a grid";
  let description = [{
    Each dim may be cut along axes of the grid. Along axes that cut no dim the
    tensor is replicated, or, along `partial` ones, every shard holds a partial
    sum: the tensor is the combination of all of them.

    The stripes of a dim are balanced, the longer first, over its axes one after
    the other; `owned` gives others, one per combination of the axes. `held` says
    what each shard has at hand after a halo exchange; `in f32` that the partial
    sums are of another type than the tensor.

    A `streamed` tensor lies whole on the host, in one copy, and is cut nowhere: a
    sub-kernel that reads it brings each shard's part when the shard runs, one that
    makes it returns each block when it is complete.

    ```mlir
    #grid = #dconv.grid<2x2>
    #dconv.sharding<#grid>                                         // replicated
    #dconv.sharding<#grid, d1 = axis 0>
    #dconv.sharding<#grid, d1 = axis 0 held [0 to 29], [27 to 56]>     // a halo
    #dconv.sharding<#grid, d1 = axes [0, 1], d3 = axis 1 owned [0 to 3], [3 to 8]>
    #dconv.sharding<#grid, d1 = axis 0, partial = axis 1 : add in f32>
    #dconv.sharding<#grid, streamed>
    ```
  }];
  let parameters = (ins "GridAttr":$grid,
                        ArrayRefParameter<"DimShardingAttr">:$dims,
                        ArrayRefParameter<"unsigned">:$partialAxes,
                        "Combiner":$combiner,
                        "::mlir::Type":$accumulator,
                        "bool":$streamed);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    bool isStreamed() const { return getStreamed(); }
    bool isPartial() const { return !getPartialAxes().empty(); }
    Grid grid() const { return getGrid().grid(); }
    /// The integers of this sharding for a tensor of `shape`; a streamed one is
    /// replicated, for every shard can read all of it.
    TensorLayout layout(::llvm::ArrayRef<int64_t> shape) const;
    /// The sharding whose layout for `shape` is `layout`. `accumulator` is null
    /// where partial sums have the type of the tensor.
    static ShardingAttr get(GridAttr grid, const TensorLayout &layout,
                            ::llvm::ArrayRef<int64_t> shape,
                            Combiner combiner = Combiner::Add,
                            ::mlir::Type accumulator = {});
    /// That of a tensor on the host, for shards on `grid`.
    static ShardingAttr getStreamed(GridAttr grid);
  }];
}

def Dconv_SplitAttr : Dconv_Attr<"Split", "split"> {
  let summary = "which loops a sub-kernel divides over the axes of its grid";
  let description = [{
    One entry per axis, in order: the loop, and either its extent and the number
    of balanced parts, or the length of each part.

    ```mlir
    #dconv.split<d1: 56 / 2, d3: [22, 21, 21]>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"AxisSplitAttr">:$axes);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    Split split() const;
    static SplitAttr get(::mlir::MLIRContext *context, const Split &split);
  }];
}

def Dconv_AxisSplitAttr : Dconv_Attr<"AxisSplit", "axis_split"> {
  let summary = "one axis of a split; part of it";
  let parameters = (ins "unsigned":$loop, ArrayRefParameter<"int64_t">:$lengths);
  let hasCustomAssemblyFormat = 1;
}

def Dconv_PlanAttr : Dconv_Attr<"Plan", "plan"> {
  let summary = "how to partition the convolution that carries it";
  let description = [{
    `grid`: parts per axis. `split`: which dim of the convolution, by its name in
    a SPEC (role or loop number), goes over which axis. `stripes`: lengths of the
    parts of a dim where they are not balanced. `devices`: how many run the
    shards; as many as shards where it is not written. `algorithm`: how each
    shard computes; `direct` where it is not written, and the only one so far.
    `gathered`: inputs, by number, that the split replicates and of which each
    shard gets a piece from the host and the rest from the other shards, directly
    or `by ring` or `by tree` (see `dconv.all_gather`); of the others it gets its
    copy from the host. `streamed`: the tensors stay on the host, and the shards of a device, in the
    order of the grid, bring and return their parts.

    ```mlir
    linalg.conv_2d_nhwc_hwcf {dconv.plan = #dconv.plan<grid = [2, 2],
        split = {o0 = 0, oc = 1}, stripes = {o0 = [30, 26]}, devices = 2>} ...
    #dconv.plan<grid = [8], split = {o0 = 0}, gathered = [1 by tree]>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$grid,
                        "::mlir::DictionaryAttr":$split,
                        "::mlir::DictionaryAttr":$stripes,
                        "int64_t":$devices,
                        StringRefParameter<>:$algorithm,
                        "bool":$streamed,
                        ArrayRefParameter<"::dconv::GatheredInput">:$gathered);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    static constexpr ::llvm::StringLiteral direct = "direct";
    static PlanAttr get(::mlir::MLIRContext *context, const Split &split,
                        const Convolution &convolution, int64_t devices,
                        ::llvm::StringRef algorithm = direct,
                        bool streamed = false,
                        ::llvm::ArrayRef<GatheredInput> gathered = {});
    /// The split it asks for, or why it does not fit `convolution`, cannot be
    /// streamed where it is to be, or makes no copies of what is gathered.
    Result<Split> resolve(const Convolution &convolution) const;
  }];
}

def Dconv_PaddingAttr : Dconv_Attr<"Padding", "padding"> {
  let summary = "the local padding of one input of a sub-kernel";
  let description = [{
    How far the input is widened per dim, low and high, and with what value.

    ```mlir
    #dconv.padding<low = [0, 1, 1, 0], high = [0, 1, 1, 0], value = 0.0 : f32>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$low,
                        ArrayRefParameter<"int64_t">:$high,
                        "::mlir::TypedAttr":$value);
  let assemblyFormat = [{
    `<` `low` `=` `[` $low `]` `,` `high` `=` `[` $high `]` `,`
        `value` `=` $value `>`
  }];
}

def Dconv_LayoutAttr : Dconv_Attr<"Layout", "layout", [
    DeclareAttrInterfaceMethods<MemRefLayoutAttrInterface,
                                ["isIdentity", "verifyLayout"]>]> {
  let summary = "in which order a buffer keeps its elements";
  let description = [{
    Elements are ordered lexicographically: first by the blocks of the dim that
    comes first, within a block by what comes second, and so on. A dim occurs
    once or more, with ever smaller blocks; `by` says how long they are, and the
    innermost, of one position, is not written. The last block of a dim may be
    narrower and takes only the room of what it holds. So a layout permutes the
    elements of a buffer and changes neither its size nor what a box of it means:
    messages, and the tensors of the host, stay row-major.

    ```mlir
    // Blocks of 32 output channels, within them taps, pairs of input channels,
    // then for each of the output channels its pair.
    #dconv.layout<d3 by 32, d0, d1, d2 by 2, d3, d2>
    memref<3x3x64x80xbf16, #dconv.layout<d3 by 32, d0, d1, d2 by 2, d3, d2>>
    ```

    As a map, which has no narrower blocks, the example is
    `(d0, d1, d2, d3) -> (d3 floordiv 32, d0, d1, d2 floordiv 2, d3 mod 32,
    d2 mod 2)`.
  }];
  let parameters = (ins
      ArrayRefParameter<"::dconv::BufferLayout::Level">:$levels);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    BufferLayout layout() const { return BufferLayout{getLevels().vec()}; }
    /// Null for the row-major layout.
    static LayoutAttr get(::mlir::MLIRContext *context,
                          const BufferLayout &layout);
    /// Of the buffer `type`; none where the layout is of another kind.
    static std::optional<BufferLayout> of(::mlir::MemRefType type);
  }];
}

def Dconv_TensorAttr : Dconv_Attr<"Tensor", "tensor"> {
  let summary = "a tensor of a program: its name and shape";
  let parameters = (ins "::mlir::StringAttr":$name,
                        OptionalArrayRefParameter<"int64_t">:$shape);
  let assemblyFormat = "`<` $name `,` `[` (`]`) : ($shape^ `]`)? `>`";
}

def Dconv_CountersAttr : Dconv_Attr<"Counters", "counters"> {
  let summary = "what Geometry predicts, per device, in bytes";
  let parameters = (ins ArrayRefParameter<"int64_t">:$received,
                        ArrayRefParameter<"int64_t">:$sent,
                        ArrayRefParameter<"int64_t">:$scatter,
                        ArrayRefParameter<"int64_t">:$gather,
                        ArrayRefParameter<"int64_t">:$peak);
  let assemblyFormat = [{
    `<` `received` `=` `[` $received `]` `,` `sent` `=` `[` $sent `]` `,`
        `scatter` `=` `[` $scatter `]` `,` `gather` `=` `[` $gather `]` `,`
        `peak` `=` `[` $peak `]` `>`
  }];
}

#endif // DCONV_IR_DCONVATTRIBUTES
