//===- DconvTypes.td - sharded tensors and events ---------*- tablegen -*-===//

#ifndef DCONV_IR_DCONVTYPES
#define DCONV_IR_DCONVTYPES

include "dconv/IR/DconvAttributes.td"

def Dconv_ShardedType : Dconv_Type<"Sharded", "sharded"> {
  let summary = "a tensor that lies on a grid of shards";
  let description = [{
    The shape is the whole tensor's. A type of its own, not an encoding of
    tensors: ops that do not know of shards reject it instead of dropping the
    sharding.

    ```mlir
    !dconv.sharded<tensor<1x56x56x64xf32>, #rows>
    ```
  }];
  let parameters = (ins "::mlir::RankedTensorType":$tensor,
                        "ShardingAttr":$sharding);
  let assemblyFormat = "`<` $tensor `,` $sharding `>`";
  let builders = [TypeBuilderWithInferredContext<
      (ins "::mlir::RankedTensorType":$tensor, "ShardingAttr":$sharding),
      "return $_get(tensor.getContext(), tensor, sharding);">];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    TensorLayout layout() const {
      return getSharding().layout(getTensor().getShape());
    }
    Grid grid() const { return getSharding().grid(); }
    bool isPartial() const { return getSharding().isPartial(); }
    bool isStreamed() const { return getSharding().isStreamed(); }
    /// Of an element as shards keep it: the accumulator's where partial.
    ::mlir::Type storageType() const;
  }];
}

def Dconv_EventType : Dconv_Type<"Event", "event"> {
  let summary = "passes when a command has completed";
}

def Dconv_Scalar : AnyTypeOf<[AnySignlessInteger, AnyFloat]>;

#endif // DCONV_IR_DCONVTYPES
