//===- DconvBase.td - the dconv dialect -------------------*- tablegen -*-===//

#ifndef DCONV_IR_DCONVBASE
#define DCONV_IR_DCONVBASE

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Dconv_Dialect : Dialect {
  let name = "dconv";
  let cppNamespace = "::dconv";
  let summary = "convolutions distributed over a grid of shards";
  let description = [{
    The dialect has three levels, each readable and writable by hand.

    *Planned*: a linalg convolution carries `dconv.plan`, which says how its
    loops are split.

    *Distributed*: values of type `!dconv.sharded` keep their global shape and
    say how they lie on a grid of shards. An op either moves data and computes
    nothing (`shard`, `halo_exchange`, `reshard`, `all_gather`, `all_reduce`,
    `reduce_scatter`, `unshard`) or computes and moves nothing (`sub_kernel`).

    *Scheduled*: the host calls `dconv.execute`; a `dconv.program` lists, for
    each device, the commands it runs in the memory it plans.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect",
                           "::mlir::memref::MemRefDialect"];
}

class Dconv_Op<string mnemonic, list<Trait> traits = []>
    : Op<Dconv_Dialect, mnemonic, traits>;
class Dconv_Attr<string name, string mnemonic_, list<Trait> traits = []>
    : AttrDef<Dconv_Dialect, name, traits> {
  let mnemonic = mnemonic_;
}
class Dconv_Type<string name, string mnemonic_> : TypeDef<Dconv_Dialect, name> {
  let mnemonic = mnemonic_;
}

#endif // DCONV_IR_DCONVBASE
