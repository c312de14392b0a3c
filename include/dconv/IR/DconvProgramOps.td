//===- DconvProgramOps.td - level 3: device programs ------*- tablegen -*-===//

#ifndef DCONV_IR_DCONVPROGRAMOPS
#define DCONV_IR_DCONVPROGRAMOPS

include "dconv/IR/DconvTypes.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

/// Memory of a device: dense, of a type that dconv moves, row-major or with a
/// `#dconv.layout`.
def Dconv_Buffer : ConfinedType<
    StaticShapeMemRefOf<[F16, BF16, F32, F64, I8, I16, I32, I64]>,
    [CPred<"::dconv::LayoutAttr::of(::llvm::cast<::mlir::MemRefType>($_self))">],
    "dense buffer of static shape of f16, bf16, f32, f64, i8, i16, i32 or i64",
    "::mlir::MemRefType">;

def Dconv_ProgramOp : Dconv_Op<"program",
    [IsolatedFromAbove, Symbol, NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "what every device runs for one distributed computation";
  let description = [{
    Holds one `dconv.device` per device, in order. `tensors` names what messages
    and traces speak of; the command lists move boxes of them. `predicted` is
    what Geometry computed before the lists were written: a run in which the
    runtime measures anything else has failed.

    The function type is what the host passes. `orders`, for each argument and
    then each result, says how its dims lie in the program: dim d there is dim
    order[d] of the host's tensor; `[]` where both are the same. Without `orders`
    all are. So transposes on the host become part of scatter and gather.

    ```mlir
    dconv.program @p (tensor<1x8x5xf32>) -> (tensor<1x4x3xf32>)
      tensors [#dconv.tensor<"x" [1, 5, 8]>, #dconv.tensor<"y" [1, 3, 4]>]
      orders [[0, 2, 1], [0, 2, 1]] predicted ...
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       TypeAttrOf<FunctionType>:$function_type,
                       TypedArrayAttrBase<Dconv_TensorAttr,
                                          "array of tensors">:$tensors,
                       OptionalAttr<TypedArrayAttrBase<
                           DenseI64ArrayAttr, "array of orders">>:$orders,
                       Dconv_CountersAttr:$predicted);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name $function_type `tensors` $tensors
    (`orders` custom<Orders>($orders)^)? `predicted` qualified($predicted)
    attr-dict-with-keyword $body
  }];
  let hasRegionVerifier = 1; // reads the devices in the region
}

def Dconv_DeviceOp : Dconv_Op<"device",
    [HasParent<"ProgramOp">, NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "the commands of one device, in order";
  let arguments = (ins I64Attr:$id, I64Attr:$arena);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$id `arena` $arena attr-dict-with-keyword $body";
  let hasRegionVerifier = 1; // reads the commands in the region
}

class Dconv_Command<string mnemonic, list<Trait> traits = []>
    : Dconv_Op<mnemonic, traits # [HasParent<"DeviceOp">]> {
  let results = (outs Dconv_EventType:$event);
}

def Dconv_PhaseOp : Dconv_Op<"phase", [HasParent<"DeviceOp">]> {
  let summary = "begins the timed part (run) or ends it (store)";
  let description = [{
    Before `run` the device loads its stripes; after `store` it returns its part
    of the results and frees its memory.
  }];
  let arguments = (ins StrAttr:$name);
  let assemblyFormat = "$name attr-dict";
  let hasVerifier = 1;
}

def Dconv_AllocOp : Dconv_Op<"alloc",
    [HasParent<"DeviceOp">]> {
  let summary = "begins the life of a buffer at its planned offset";
  let description = [{
    The buffer is the window of tensor `tensor` whose corner is `origin`, for
    shard `shard`. It may reach outside the tensor: that is local padding.
  }];
  let arguments = (ins I64Attr:$offset, I64Attr:$tensor, I64Attr:$shard,
                       DenseI64ArrayAttr:$origin,
                       Variadic<Dconv_EventType>:$waits);
  let results = (outs Res<Dconv_Buffer, "", [MemAlloc]>:$buffer,
                      Dconv_EventType:$event);
  let assemblyFormat = [{
    `at` $offset `tensor` $tensor `shard` $shard $origin
    (`wait` `(` $waits^ `)`)? attr-dict `:` type($buffer)
  }];
  let hasVerifier = 1;
}
def Dconv_FreeOp : Dconv_Command<"free"> {
  let summary = "ends the life of a buffer";
  let arguments = (ins Arg<Dconv_Buffer, "", [MemFree]>:$buffer,
                       Variadic<Dconv_EventType>:$waits);
  let assemblyFormat =
      "$buffer (`wait` `(` $waits^ `)`)? attr-dict `:` type($buffer)";
}

def Dconv_ScatterOp : Dconv_Command<"scatter"> {
  let summary = "brings a box of a program argument from the host";
  let arguments = (ins I64Attr:$argument,
                       Arg<Dconv_Buffer, "", [MemWrite]>:$buffer,
                       DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$sizes,
                       Variadic<Dconv_EventType>:$waits);
  let assemblyFormat = [{
    $argument `into` $buffer custom<Box>($offsets, $sizes)
    (`wait` `(` $waits^ `)`)? attr-dict `:` type($buffer)
  }];
  let hasVerifier = 1;
}
def Dconv_GatherOp : Dconv_Command<"gather"> {
  let summary = "returns a box of a program result to the host";
  let arguments = (ins Arg<Dconv_Buffer, "", [MemRead]>:$buffer,
                       DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$sizes,
                       I64Attr:$argument, Variadic<Dconv_EventType>:$waits);
  let assemblyFormat = [{
    $buffer custom<Box>($offsets, $sizes) `into` $argument
    (`wait` `(` $waits^ `)`)? attr-dict `:` type($buffer)
  }];
  let hasVerifier = 1;
}
def Dconv_FillOp : Dconv_Command<"fill"> {
  let summary = "sets a box to one value: initial outputs and local padding";
  let arguments = (ins Arg<Dconv_Buffer, "", [MemWrite]>:$buffer,
                       DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$sizes,
                       TypedAttrInterface:$value,
                       Variadic<Dconv_EventType>:$waits);
  let assemblyFormat = [{
    $buffer custom<Box>($offsets, $sizes) `with` $value
    (`wait` `(` $waits^ `)`)? attr-dict `:` type($buffer)
  }];
  let hasVerifier = 1;
}
class Dconv_MoveOp<string mnemonic> : Dconv_Command<mnemonic> {
  let arguments = (ins Arg<Dconv_Buffer, "", [MemRead]>:$source,
                       DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$sizes,
                       Arg<Dconv_Buffer, "", [MemWrite]>:$buffer,
                       Variadic<Dconv_EventType>:$waits);
  let assemblyFormat = [{
    $source custom<Box>($offsets, $sizes) `into` $buffer
    (`wait` `(` $waits^ `)`)? attr-dict `:` type($source) `,` type($buffer)
  }];
  let hasVerifier = 1;
}
def Dconv_CopyOp : Dconv_MoveOp<"copy"> {
  let summary = "copies a box between buffers of one device";
}
def Dconv_ConvertOp : Dconv_MoveOp<"convert"> {
  let summary = "rounds or widens a box to the type of the other buffer";
}
def Dconv_AccumulateOp : Dconv_Command<"accumulate"> {
  let summary = "combines a box of partial sums into another buffer";
  let arguments = (ins Dconv_Combiner:$combiner,
                       Arg<Dconv_Buffer, "", [MemRead]>:$source,
                       DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$sizes,
                       Arg<Dconv_Buffer, "", [MemRead, MemWrite]>:$buffer,
                       Variadic<Dconv_EventType>:$waits);
  let assemblyFormat = [{
    $combiner $source custom<Box>($offsets, $sizes) `into` $buffer
    (`wait` `(` $waits^ `)`)? attr-dict `:` type($source) `,` type($buffer)
  }];
  let hasVerifier = 1;
}
class Dconv_MessageOp<string mnemonic, string direction, MemoryEffect effect>
    : Dconv_Command<mnemonic> {
  let arguments = (ins Arg<Dconv_Buffer, "", [effect]>:$buffer,
                       DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$sizes,
                       I64Attr:$peer, I64Attr:$step, I64Attr:$source_shard,
                       I64Attr:$destination_shard,
                       Variadic<Dconv_EventType>:$waits);
  let assemblyFormat = "$buffer custom<Box>($offsets, $sizes) `" # direction #
      "` $peer `step` $step `shards` $source_shard `to` $destination_shard "
      "(`wait` `(` $waits^ `)`)? attr-dict `:` type($buffer)";
  let hasVerifier = 1;
}
def Dconv_SendOp : Dconv_MessageOp<"send", "to", MemRead> {
  let summary = "sends a box to another device";
  let description = [{
    Together with the tensor, the step and the shards name one message; exactly
    one `dconv.receive` on the peer expects it. The event passes when the peer
    has accepted the box.
  }];
}
def Dconv_ReceiveOp : Dconv_MessageOp<"receive", "from", MemWrite> {
  let summary = "receives a box from another device";
}
def Dconv_LaunchOp : Dconv_Command<"launch",
    [AttrSizedOperandSegments,
     DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a kernel on whole buffers";
  let description = [{
    The kernel reads `inputs` and combines into `output`; `scalars` are numbers
    of program arguments, passed by value after the buffers. `bounds` are passed
    after these: a begin and an end for each entry of the kernel's attribute
    `dconv.inside = [[argument, dim], ...]`. Positions of that dim of that buffer
    before the begin or from the end on hold what changes no result, so the kernel
    need not read them. With `overwrites`, the kernel starts from the constant
    `dconv.initial` of its output argument and does not read `output`.
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel,
                       Arg<Variadic<Dconv_Buffer>, "", [MemRead]>:$inputs,
                       Arg<Dconv_Buffer, "", [MemRead, MemWrite]>:$output,
                       DenseI64ArrayAttr:$scalars,
                       DefaultValuedOptionalAttr<DenseI64ArrayAttr, "{}">:$bounds,
                       UnitAttr:$overwrites,
                       Variadic<Dconv_EventType>:$waits);
  let assemblyFormat = [{
    $kernel `(` $inputs `)` `into` $output `scalars` $scalars
    (`bounds` $bounds^)? (`overwrites` $overwrites^)? (`wait` `(` $waits^ `)`)? attr-dict
    `:` (`(` type($inputs)^ `)` `,`)? type($output)
  }];
  let hasVerifier = 1;
}

def Dconv_ExecuteOp : Dconv_Op<"execute",
    [AttrSizedOperandSegments,
     DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "runs a program from the host";
  let description = [{
    Scatters the arguments, runs the program on its devices and gathers its
    results. On buffers, the results are written to `outs`.

    ```mlir
    %y = dconv.execute @main_0(%x, %w) : (tensor<8xf32>, tensor<3xf32>) -> tensor<8xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$program,
                       Arg<Variadic<AnyType>, "", [MemRead]>:$inputs,
                       Arg<Variadic<AnyStaticShapeMemRef>, "", [MemWrite]>:$outs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $program `(` $inputs `)` (`outs` `(` $outs^ `:` type($outs) `)`)? attr-dict
    `:` functional-type($inputs, $results)
  }];
}

#endif // DCONV_IR_DCONVPROGRAMOPS
