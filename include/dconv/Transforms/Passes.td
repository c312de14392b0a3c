//===- Passes.td - the passes of dconv --------------------*- tablegen -*-===//
//
// In the order in which a pipeline runs them; what only prints comes last.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_TRANSFORMS_PASSES
#define DCONV_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def DropZerosPass : Pass<"dconv-drop-zeros", "::mlir::ModuleOp"> {
  let summary = "drops weights that are zero (level 0 to 0)";
  let description = [{
    Rewrites every convolution whose weights are known into the smallest that
    computes the same, before it is planned:

    - Taps that are zero in every channel: outside the hull of the others they
      go, and with them the halo and padding that only they read; the input
      becomes a `tensor.extract_slice` where more than padding goes. Where the
      others lie equally far apart, what is between them becomes dilation.
    - Input channels and groups that are zero in every filter go from the input
      and the weights.
    - Filters and groups of which all weights are zero go from the weights and
      the output; their outputs are the initial output, inserted.
    - Without any other weight the convolution is its initial output.
    - With `cut=N`, other gaps of zero taps cut the convolution in two that are
      added one after the other, where that saves at least N multiply-adds per
      element of the output. It pays where these take longer than to bring the
      output to the devices and back once more. Not where sums of f16 or bf16
      would be rounded in between.

    Where the weights have a zero point, zero is what equals it. Poolings,
    convolutions with a plan, and those in a sub-kernel stay.

    Weights are known where they are constants, fills, or made of these by
    reshapes, transposes, slices and conversions; with `weights=0:F.npy,...`
    also the arguments of function `entry`. The program is then right for the
    values in these files only.

    The convolution carries `dconv.dropped`, by loop the slices that are gone; a
    function `dconv.dropped_convolutions`, the names of those that are gone as a
    whole. Names of convolutions (`main#1`) count those that are left.

    Inputs of floats are taken to be finite: 0 times infinity, no number, is
    dropped like any other 0. A sum of nothing but zeros becomes the initial
    output, which may be -0.0. `floats=false` leaves zeros of floats alone.
  }];
  let options = [
    Option<"weights", "weights", "std::string", "\"\"",
           "values of arguments: number:FILE.npy,...">,
    Option<"entry", "entry", "std::string", "\"main\"",
           "the function whose arguments `weights` means">,
    Option<"floats", "floats", "bool", "true",
           "drop zeros of floats too; inputs are finite">,
    Option<"cut", "cut", "int64_t", "0",
           "multiply-adds per output that a cut must save (default: no cut)">];
  let statistics = [
    Statistic<"numConvolutions", "smaller", "convolutions made smaller">,
    Statistic<"macsDropped", "macs-dropped", "multiply-adds dropped">];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def FactorizePass : Pass<"dconv-factorize", "::mlir::ModuleOp"> {
  let summary = "makes separable convolutions two (level 0 to 0)";
  let description = [{
    Replaces every convolution whose weights are known and are a product of a
    filter over one dim of taps and a filter over the others, where that needs
    fewer multiply-adds. The first factor may differ from channel to channel: it
    is a depthwise convolution, before the other on the channels of the input or
    after it on those of the output, whatever costs less. The other is factored
    in turn.

    Integers, and floats that are integers times one power of two, are compared
    exactly. Other floats are taken where the nearest product is within
    `tolerance` of the filter, as the norm of the difference over the norm of the
    filter. A remark says what was done or how far the nearest product is.

    Between the two, sums are kept in the type of partial sums (f32 for f16 and
    bf16, else the type of the output): integers wrap as before, so that their
    results are the same bit for bit; floats are added in another order.
    Padding with zero moves with the taps that it is for; other padding stays in
    front of the first. Zero points of the weights go into the factors.

    `weights` and `entry` are those of --dconv-drop-zeros, which is better run
    before. The factors are constants, also of weights from a file. Both
    convolutions carry `dconv.factor`: of which convolution, with which of its
    taps, and the distance. Names of convolutions (`main#1`) count both.
  }];
  let options = [
    Option<"tolerance", "tol", "double", "0",
           "largest relative distance from a product, of floats">,
    Option<"weights", "weights", "std::string", "\"\"",
           "values of arguments: number:FILE.npy,...">,
    Option<"entry", "entry", "std::string", "\"main\"",
           "the function whose arguments `weights` means">];
  let statistics = [
    Statistic<"numConvolutions", "factorized", "convolutions made two">,
    Statistic<"macsSaved", "macs-saved", "multiply-adds saved">];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def ChannelsLastPass : Pass<"dconv-channels-last", "::mlir::ModuleOp"> {
  let summary = "puts the channels of convolutions last (level 0 or 1 to same)";
  let description = [{
    Rewrites every convolution and pooling that has its channels before the image
    (NCHW and FCHW, what PyTorch exports) into a `linalg.generic` with the same
    loops on transposed operands: input and output with batch, image, groups,
    channels; the filter with groups, taps, input channels, output channels. A
    plan, splits and names keep their meaning. Transposes come in front of the
    padding and of the op, and behind it; two that meet are one or none, so
    convolutions of which one reads the other's result share its layout.
    `dconv-schedule` makes them part of the way between host and devices.

    It pays where kernels then read faster, and read often. Left as they are:

    - results whose innermost channel dim would have fewer than `min-channels`,
      extents of 1 aside: vectors along the columns of the image are longer.
      That goes for groups of few channels, too;
    - convolutions of fewer than `min-work` multiply-adds per element of their
      operands: 1x1 of few channels, depthwise ones, poolings;
    - dims in another order, such as those of a gradient of the filter;
    - what annotations of the `shard` dialect speak of; convolutions in a
      sub-kernel.
  }];
  let options = [
    Option<"minChannels", "min-channels", "int64_t", "16",
           "least channels of a result, in a group">,
    Option<"minWork", "min-work", "int64_t", "200",
           "least multiply-adds per element of the operands">];
  let statistics = [
    Statistic<"numConvolutions", "rewritten", "convolutions rewritten">];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect",
                           "::dconv::DconvDialect"];
}

def PlanPass : Pass<"dconv-plan", "::mlir::ModuleOp"> {
  let summary = "decides how each convolution is split (level 0 to 1)";
  let description = [{
    Writes `dconv.plan` on every convolution and pooling that has none.

    With `split`, a SPEC `dim=parts` or `dim=[length,...]`, comma-separated, is
    used for every convolution; `func#index:SPEC` for one of them, several
    separated by `;`. It is the whole split: dims that it does not name stay
    whole. One that ends in `,*` fixes the dims that it names and leaves the
    others to the search. A plan that is there is kept; a SPEC that names its
    convolution and asks for another is an error.

    Else the planner searches every assignment of parts to dims for the one with
    the least predicted time on `machine` that fits the memory of each device, or
    with `objective=words` the one that moves the fewest words
    (docs/dconv-plan.md).

    With `gather` each shard gets a piece of an input that the split replicates,
    and the others' from the devices: `input`, `filter` or both, comma-separated,
    each maybe with `=ring` or `=tree` (see `dconv.all_gather`);
    `func#index:filter` for one convolution. An input of which the split makes no
    copies is an error. Without, what is searched gathers where that is predicted
    to be faster.

    With `stream` the tensors stay on the host and the shards of a device bring
    their parts one after the other: the dims of a SPEC from the outermost to the
    innermost, reductions last.

    Annotations of the upstream `shard` dialect on the operands and the result of
    a convolution are a request as well: a dim that is cut over axes of a
    `shard.grid` divides its loop (of an image, that of the output) in as many
    parts, in the order of the axes, balanced or as `sharded_dims_offsets` say;
    `halo_sizes` are ignored. Without `devices` there are those of the grid.
    Annotations that disagree with each other, with the plan or with the SPEC
    are an error. They are dropped; other ops of the dialect stay.

    Expects static shapes: a convolution with a dynamic one is an error that
    names op and dim. A split that does not fit, or a plan whose predicted peak
    exceeds the memory, is an error with the numbers.
  }];
  let options = [
    Option<"split", "split", "std::string", "\"\"",
           "SPEC for all, or func#index:SPEC;... (default: searched)">,
    Option<"gather", "gather", "std::string", "\"\"",
           "inputs whose copies the devices make: input, filter">,
    Option<"devices", "devices", "int64_t", "0",
           "devices that run the shards (default: the plan's, else the "
           "machine's, else 4)">,
    Option<"deviceMemory", "device-memory", "std::string", "\"\"",
           "bytes per device, or with KiB, MiB, GiB (default: the machine's)">,
    Option<"machine", "machine", "std::string", "\"\"",
           "machine file (default: a description of this host)">,
    Option<"objective", "objective", "::dconv::Objective",
           "::dconv::Objective::Time", "what the best plan has least of",
           [{::llvm::cl::values(
             clEnumValN(::dconv::Objective::Time, "time", "predicted seconds"),
             clEnumValN(::dconv::Objective::Words, "words",
                        "words of the busiest device"))}]>,
    Option<"maxImbalance", "max-imbalance", "double", "0.1",
           "with objective=words: how far the work of the busiest device may "
           "exceed the mean">,
    Option<"inputs", "inputs", "::dconv::Residence", "::dconv::Residence::Host",
           "where the inputs lie before",
           [{::llvm::cl::values(
             clEnumValN(::dconv::Residence::Host, "host", "on the host"),
             clEnumValN(::dconv::Residence::Sharded, "sharded",
                        "on the devices, in one copy"))}]>,
    Option<"outputs", "outputs", "::dconv::Residence",
           "::dconv::Residence::Host", "where the result lies after",
           [{::llvm::cl::values(
             clEnumValN(::dconv::Residence::Host, "host", "on the host"),
             clEnumValN(::dconv::Residence::Sharded, "sharded",
                        "on the devices"))}]>,
    Option<"weightsResident", "weights-resident", "bool", "false",
           "filters lie on the devices that read them">,
    Option<"stream", "stream", "bool", "false",
           "leave the tensors on the host and stream their parts">];
  let statistics = [
    Statistic<"numPlanned", "planned", "convolutions planned">];
  let dependentDialects = ["::dconv::DconvDialect"];
}

def PartitionPass : Pass<"dconv-partition", "::mlir::ModuleOp"> {
  let summary = "splits planned convolutions into sub-kernels (level 1 to 2)";
  let description = [{
    Rewrites every convolution that carries a `dconv.plan` into `shard`,
    `halo_exchange`, `sub_kernel`, the reduction its split asks for, and
    `unshard`. What the plan gathers is sharded in pieces, which an `all_gather`
    makes the windows of the shards. A plan that is streamed becomes `shard`,
    `sub_kernel` and `unshard` of streamed tensors. A `tensor.pad` with a constant,
    static and not negative, in front of an input becomes its local padding; it
    stays for its other users.

    Guarantees that no `dconv.plan` is left; a plan it cannot honour is an
    error, never a silent fallback.
  }];
  let statistics = [
    Statistic<"numSubKernels", "sub-kernels", "convolutions partitioned">,
    Statistic<"bytesReceived", "bytes-received",
              "bytes that the busiest device receives, over all convolutions">];
  let dependentDialects = ["::dconv::DconvDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::linalg::LinalgDialect"];
}

def EraseShardingPass : Pass<"dconv-erase-sharding", "::mlir::ModuleOp"> {
  let summary = "drops all sharding: the meaning of level 2 (level 2 to 0)";
  let description = [{
    Inlines the region of every `sub_kernel`, makes its local padding a
    `tensor.pad` again, and removes every op that only moves data. The result
    computes the same on one device.
  }];
  let dependentDialects = ["::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect"];
}

def SchedulePass : Pass<"dconv-schedule", "::mlir::ModuleOp"> {
  let summary = "writes the commands of every device (level 2 to 3)";
  let description = [{
    Replaces each group of sharded values, from `shard` to `unshard`, by one
    `dconv.execute` of a new `dconv.program`: buffers at planned offsets, command
    lists per device, and one kernel function per distinct shard shape. Every
    list is proved by the checker before the pass ends.
  }];
  let statistics = [
    Statistic<"numPrograms", "programs", "programs written">,
    Statistic<"numKernels", "kernels", "distinct kernels">,
    Statistic<"numCommands", "commands", "commands in all lists">];
  let dependentDialects = ["::dconv::DconvDialect", "::mlir::func::FuncDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::ub::UBDialect"];
}

def LayOutBuffersPass : Pass<"dconv-lay-out-buffers", "::mlir::ModuleOp"> {
  let summary = "orders the elements of buffers as their kernels like it";
  let description = [{
    Gives a buffer that only kernels read, all of which prefer the same layout on
    this host, that layout: as a rule the filters, which are packed when they are
    scattered. The kernels' arguments change with it. Boxes of it may be sent or
    copied to others; what is gathered or added up stays row-major, and neither
    bytes nor memory change.
  }];
  let statistics = [
    Statistic<"numBuffers", "buffers", "buffers with a layout">];
  let dependentDialects = ["::dconv::DconvDialect"];
}

def EmitKernelsPass : Pass<"dconv-emit-kernels", "::mlir::ModuleOp"> {
  let summary = "lowers the kernels of programs to the LLVM dialect";
  let description = [{
    Emits each function that carries `dconv.kernel`, through the vector dialect
    where the emitter takes its shape, else as plain loops; the attribute
    becomes `dconv.path = "vector"` or `"loops"`, the latter with the reason in
    `dconv.reason` and a remark. The rest of the module is left as it is.
  }];
  let statistics = [
    Statistic<"numVector", "vector", "kernels on the vector path">,
    Statistic<"numLoops", "loops", "kernels computed by plain loops">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect",
                           "::mlir::vector::VectorDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::cf::ControlFlowDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::affine::AffineDialect",
                           "::mlir::ub::UBDialect",
                           "::mlir::index::IndexDialect"];
}

def ProtectArgumentsPass : Pass<"dconv-protect-arguments", "::mlir::ModuleOp"> {
  let summary = "lets no public function write to the tensors it is given";
  let description = [{
    Bufferization may compute in place in the memory of an argument. The caller
    of a public function keeps its tensors: a second call must see the same.
  }];
}

def ExpandCopiesPass : Pass<"dconv-expand-copies", "::mlir::ModuleOp"> {
  let summary = "writes memref.copy as linalg.generic";
  let description = [{
    A copy between buffers that are not dense would otherwise be a call into a
    support library of MLIR.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def LowerExecutePass : Pass<"dconv-lower-execute", "::mlir::ModuleOp"> {
  let summary = "turns dconv.execute into calls of the runtime";
  let description = [{
    Expects bufferized functions. Every `dconv.execute` becomes a call through
    the pointer `dconv_execute`, which the loader sets, with the number of the
    program in the module; programs are removed. Every public function `f` whose
    arguments are dense static buffers and scalars gets the C entry point
    `dconv_entry_f(void **arguments)`.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect"];
}

def DropAnnotationsPass : Pass<"dconv-drop-annotations", "::mlir::ModuleOp"> {
  let summary = "drops annotations of the upstream shard dialect";
  let description = [{
    `shard.shard` says how a tensor should lie, and changes no value. What is
    left of it after planning speaks of code that runs on the host.
  }];
}

def PrintConvolutions : Pass<"dconv-print-convolutions", "::mlir::ModuleOp"> {
  let summary = "lists the convolutions that dconv recognises";
  let description = [{
    Prints a line per convolution: its name in reports and SPECs, its dims with
    their extents, and its inputs; for an op that looks like one and is not
    taken, the reason.
  }];
}

def PrintCommunicationMap
    : Pass<"dconv-print-communication-map", "::mlir::ModuleOp"> {
  let summary = "prints who computes what and which boxes move, as JSON";
  let description = [{
    For planned convolutions (level 1) and sharded values (level 2) it prints,
    per program from the host to the host, the sub-kernels with their devices,
    iterations, footprints and local padding, and every box that moves: from
    which shard, or the host, to which, of which tensor, in which step, and how
    many bytes. docs/certificate.md shows an example.
  }];
}

#endif // DCONV_TRANSFORMS_PASSES
