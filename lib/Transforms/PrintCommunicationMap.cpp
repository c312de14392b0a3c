//===- PrintCommunicationMap.cpp - who computes what, and what moves ------===//

#include "dconv/Geometry/Prediction.h"
#include "dconv/Geometry/Streaming.h"
#include "dconv/IR/Dconv.h"
#include "dconv/IR/Recognize.h"
#include "dconv/IR/ShardedValues.h"
#include "dconv/Transforms/Passes.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/JSON.h"

namespace dconv {
#define GEN_PASS_DEF_PRINTCOMMUNICATIONMAP
#include "dconv/Transforms/Passes.h.inc"
} // namespace dconv

using namespace mlir;
using namespace dconv;

namespace {
/// A convolution of a program: the sub-kernels of all shards.
struct MappedKernel {
  std::string name;
  Convolution geometry;
  Split split;
  size_t step = 0;
};

/// From the host to the host: sharded values, and the steps between them.
struct MappedProgram {
  DistributedProgram program;
  std::vector<std::string> tensors; ///< per value
  std::vector<MappedKernel> kernels;
};
} // namespace

//===----------------------------------------------------------------------===//
// Programs of level 1 and 2
//===----------------------------------------------------------------------===//

/// The program that dconv-partition would write for a planned convolution.
static FailureOr<MappedProgram> readPlanned(StringRef name,
                                            RecognizedConvolution &convolution,
                                            PlanAttr plan) {
  Convolution geometry = geometryWithPadding(convolution);
  Result<Split> split = plan.resolve(geometry);
  if (!split)
    return convolution.op->emitOpError()
           << "'" << name << "' cannot follow its plan: " << split.error();
  bool fills = bool(constantFill(convolution.initValue()));
  MappedProgram mapped;
  mapped.program =
      plan.getStreamed()
          ? distributeStreamed(geometry, *split, plan.getDevices(), fills)
          : distribute(geometry, *split, plan.getDevices(), fills,
                       plan.getGathered());
  mapped.tensors.assign(mapped.program.values.size(), "output");
  for (auto [s, step] : llvm::enumerate(mapped.program.steps)) {
    if (step.kind != StepKind::SubKernel)
      continue;
    mapped.kernels.push_back({name.str(), geometry, *split, s});
    for (auto [i, input] : llvm::enumerate(step.inputs))
      mapped.tensors[input.value] = "input " + std::to_string(i);
  }
  for (const Step &step : mapped.program.steps)
    if (step.kind == StepKind::Redistribute)
      mapped.tensors[step.operand] = mapped.tensors[step.result];
  return mapped;
}

namespace {
/// Reads ops of level 2 that are connected by sharded values, in their order.
class ProgramReader {
public:
  ProgramReader(const llvm::DenseMap<Operation *, std::string> &names)
      : names(names) {}

  MappedProgram read(ArrayRef<Operation *> ops) {
    for (Operation *op : ops)
      llvm::TypeSwitch<Operation *>(op)
          .Case([&](ShardOp op) { readShard(op); })
          .Case([&](UnshardOp op) {
            addStep(StepKind::Unshard, op.getInput());
          })
          .Case([&](SubKernelOp op) { readSubKernel(op); })
          .Case([&](AllReduceOp op) { readAllReduce(op); })
          .Case([&](ReduceScatterOp op) {
            readMove(op, StepKind::ReduceScatter);
          })
          .Default([&](Operation *op) {
            readMove(op, StepKind::Redistribute);
          });
    return std::move(mapped);
  }

private:
  Step &addStep(StepKind kind, Value operand = {}) {
    Step step;
    step.kind = kind;
    if (operand)
      step.operand = numbers.lookup(operand);
    mapped.program.steps.push_back(std::move(step));
    return mapped.program.steps.back();
  }

  void addValue(Step &step, Value value, ShardedType type,
                const std::string &tensor) {
    ShardedValue entry;
    entry.layout = type.layout();
    entry.shape = type.getTensor().getShape().vec();
    entry.streamed = type.isStreamed();
    auto bytes = [](Type element) {
      return int64_t(llvm::divideCeil(element.getIntOrFloatBitWidth(), 8));
    };
    entry.elementBytes = bytes(type.getTensor().getElementType());
    entry.storageBytes = bytes(type.storageType());
    step.result = mapped.program.values.size();
    if (value)
      numbers[value] = step.result;
    mapped.program.grid = type.grid();
    mapped.program.values.push_back(std::move(entry));
    mapped.tensors.push_back(tensor);
  }

  void readShard(ShardOp op) {
    bool isInit = llvm::any_of(op->getUses(), [](OpOperand &use) {
      auto kernel = dyn_cast<SubKernelOp>(use.getOwner());
      return kernel && use.get() == kernel.getInit();
    });
    Step &step = addStep(constantFill(op.getInput()) ? StepKind::Fill
                                                     : StepKind::Shard);
    addValue(step, op.getResult(), op.getType(),
             isInit ? "output" : "input " + std::to_string(inputs++));
  }

  void readMove(Operation *op, StepKind kind) {
    Value from = op->getOperand(0);
    Step &step = addStep(kind, from);
    step.algorithm =
        llvm::TypeSwitch<Operation *, CollectiveAlgorithm>(op)
            .Case<ReshardOp, AllGatherOp, AllReduceOp>([](auto op) {
              return static_cast<CollectiveAlgorithm>(op.getAlgorithm());
            })
            .Default(CollectiveAlgorithm::Direct);
    addValue(step, op->getResult(0),
             cast<ShardedType>(op->getResult(0).getType()), tensorOf(from));
  }

  /// A reduce-scatter and an all-gather.
  void readAllReduce(AllReduceOp op) {
    auto from = cast<ShardedType>(op.getInput().getType());
    ArrayRef<int64_t> shape = from.getTensor().getShape();
    addValue(addStep(StepKind::ReduceScatter, op.getInput()), Value(),
             ShardedType::get(from.getTensor(),
                              ShardingAttr::get(from.getSharding().getGrid(),
                                                scatteredLayout(from.grid(),
                                                                from.layout(),
                                                                shape.vec()),
                                                shape)),
             tensorOf(op.getInput()));
    int pieces = mapped.program.values.size() - 1;
    Step &gather = addStep(StepKind::Redistribute);
    gather.operand = pieces;
    gather.algorithm = static_cast<CollectiveAlgorithm>(op.getAlgorithm());
    addValue(gather, op.getResult(), op.getType(), mapped.tensors[pieces]);
  }

  void readSubKernel(SubKernelOp op) {
    Convolution geometry = op.geometry();
    Split split = op.getSplit().split();
    mapped.kernels.push_back({names.lookup(op.convolution()), geometry, split,
                              mapped.program.steps.size()});
    Step &step = addStep(StepKind::SubKernel, op.getInit());
    for (auto [i, input] : llvm::enumerate(op.getInputs())) {
      KernelInput read{static_cast<int>(numbers.lookup(input)), {}};
      for (int64_t s = 0, e = op.getType().grid().numShards(); s < e; ++s)
        read.footprints.push_back(
            shardFootprint(geometry, split, geometry.inputs[i], s));
      step.inputs.push_back(std::move(read));
    }
    if (op.getType().isStreamed())
      step.outputs = outputBlocks(geometry, split);
    addValue(step, op.getResult(), op.getType(), tensorOf(op.getInit()));
  }

  std::string tensorOf(Value value) const {
    return mapped.tensors[numbers.lookup(value)];
  }

  const llvm::DenseMap<Operation *, std::string> &names;
  MappedProgram mapped;
  llvm::DenseMap<Value, int> numbers;
  unsigned inputs = 0;
};
} // namespace

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static llvm::json::Array toJson(const Box &box) {
  llvm::json::Array list;
  for (Interval interval : box.dims)
    list.push_back(llvm::json::Array{interval.begin, interval.end});
  return list;
}

namespace {
/// Writes one program.
class MapWriter {
public:
  MapWriter(const MappedProgram &mapped, llvm::json::OStream &json)
      : mapped(mapped), program(mapped.program), grid(program.grid),
        json(json) {}

  void write() {
    json.objectBegin();
    json.attribute("devices", grid.devices);
    json.attribute("grid", llvm::json::Array(grid.shape));
    json.attributeArray("convolutions", [&] {
      for (const MappedKernel &kernel : mapped.kernels)
        json.object([&] { writeKernel(kernel); });
    });
    json.attributeArray("moves", [&] {
      for (size_t s = 0; s < program.steps.size(); ++s)
        writeMoves(s);
    });
    Prediction predicted = predict(program);
    json.attributeObject("predicted", [&] {
      json.attribute("bytes_received",
                     llvm::json::Array(predicted.bytesReceived));
      json.attribute("bytes_sent", llvm::json::Array(predicted.bytesSent));
      json.attribute("scatter_bytes",
                     llvm::json::Array(predicted.scatterBytes));
      json.attribute("gather_bytes", llvm::json::Array(predicted.gatherBytes));
    });
    json.objectEnd();
  }

private:
  void writeKernel(const MappedKernel &kernel) {
    json.attribute("name", kernel.name);
    json.attribute("split", toString(kernel.split, kernel.geometry));
    std::vector<std::string> loops = kernel.geometry.loopNames();
    json.attribute("loops", llvm::json::Array(loops));
    json.attribute("step", int64_t(kernel.step));
    json.attributeArray("sub_kernels", [&] {
      for (int64_t shard = 0, e = grid.numShards(); shard < e; ++shard)
        json.object([&] { writeSubKernel(kernel, shard); });
    });
  }

  void writeSubKernel(const MappedKernel &kernel, int64_t shard) {
    const Convolution &geometry = kernel.geometry;
    Box iterations =
        kernel.split.iterations(geometry, grid.coordinates(shard));
    json.attribute("shard", shard);
    json.attribute("device", grid.deviceOf(shard));
    json.attribute("iterations", toJson(iterations));
    const Step &step = program.steps[kernel.step];
    json.attributeArray("inputs", [&] {
      for (auto [input, operand] : llvm::zip(step.inputs, geometry.inputs)) {
        const Box &footprint = input.footprints[shard];
        llvm::json::Array low, high;
        for (auto [interval, extent] :
             llvm::zip(footprint.dims, operand.shape)) {
          low.push_back(std::max<int64_t>(0, -interval.begin));
          high.push_back(std::max<int64_t>(0, interval.end - extent));
        }
        json.object([&] {
          json.attribute("tensor", mapped.tensors[input.value]);
          json.attribute("footprint", toJson(footprint));
          json.attribute("pad_low", std::move(low));
          json.attribute("pad_high", std::move(high));
        });
      }
    });
    json.attribute("output",
                   toJson(footprint(geometry.output.map, iterations)));
  }

  void writeMove(size_t step, const char *kind, const std::string &tensor,
                 int64_t from, int64_t to, const Box &box, int64_t bytes) {
    if (from == to || box.empty())
      return;
    auto place = [&](int64_t shard) -> llvm::json::Value {
      if (shard < 0)
        return "host";
      return llvm::json::Object{{"shard", shard},
                                {"device", grid.deviceOf(shard)}};
    };
    json.object([&] {
      json.attribute("step", int64_t(step));
      json.attribute("kind", kind);
      json.attribute("tensor", tensor);
      json.attribute("source", place(from));
      json.attribute("destination", place(to));
      json.attribute("box", toJson(box));
      json.attribute("bytes", box.volume() * bytes);
    });
  }

  void writeMoves(size_t s) {
    const Step &step = program.steps[s];
    const char *kind =
        step.kind == StepKind::ReduceScatter ? "reduce" : "exchange";
    for (const Transfer &transfer : transfersOf(program, step))
      writeMove(s, kind, mapped.tensors[step.operand], transfer.source,
                transfer.destination, transfer.box,
                program.values[step.operand].storageBytes);
    if (step.kind == StepKind::SubKernel)
      writeStreams(s);
    int value = step.kind == StepKind::Shard ? step.result : step.operand;
    bool stores = step.kind == StepKind::Unshard;
    if ((!stores && step.kind != StepKind::Shard) ||
        program.values[value].streamed)
      return;
    const ShardedValue &moved = program.values[value];
    for (int64_t shard = 0, e = grid.numShards(); shard < e; ++shard) {
      Box owned = moved.layout.owned(grid, shard);
      if (stores && isFirstReplica(grid, moved.layout, shard))
        writeMove(s, "gather", mapped.tensors[value], shard, -1, owned,
                  moved.elementBytes);
      if (!stores && receivesValue(grid, moved.layout, shard))
        writeMove(s, "scatter", mapped.tensors[value], -1, shard, owned,
                  moved.elementBytes);
    }
  }

  /// What the shards of a streamed sub-kernel bring from the host, and return:
  /// a box that the next shard of the device uses as well, once.
  void writeStreams(size_t s) {
    const Step &step = program.steps[s];
    auto stream = [&](const std::vector<Box> &boxes, int number, bool stores) {
      const ShardedValue &value = program.values[number];
      for (int64_t device = 0; device < grid.devices; ++device) {
        std::vector<int64_t> shards = grid.shardsOf(device);
        for (const Residency &residency : residenciesOf(boxes, shards)) {
          int64_t shard = shards[stores ? residency.last : residency.first];
          Box box = residency.window.intersect(Box::whole(value.shape));
          writeMove(s, stores ? "gather" : "scatter", mapped.tensors[number],
                    stores ? shard : -1, stores ? -1 : shard, box,
                    value.elementBytes);
        }
      }
    };
    for (const KernelInput &input : step.inputs)
      if (program.values[input.value].streamed)
        stream(input.footprints, input.value, /*stores=*/false);
    if (!program.values[step.result].streamed)
      return;
    for (const Step &other : program.steps) {
      if (other.kind == StepKind::Shard && other.result == step.operand)
        stream(step.outputs, step.operand, /*stores=*/false);
      if (other.kind == StepKind::Unshard && other.operand == step.result)
        stream(step.outputs, step.result, /*stores=*/true);
    }
  }

  const MappedProgram &mapped;
  const DistributedProgram &program;
  const Grid &grid;
  llvm::json::OStream &json;
};

struct PrintCommunicationMap
    : dconv::impl::PrintCommunicationMapBase<PrintCommunicationMap> {
  void runOnOperation() override {
    std::vector<MappedProgram> programs;
    llvm::DenseMap<Operation *, std::string> names;
    for (auto &[name, convolution] : convolutionsOf(getOperation())) {
      names[convolution.op] = name;
      auto plan = convolution.op->getAttrOfType<PlanAttr>(PlanAttr::name);
      if (!plan)
        continue;
      FailureOr<MappedProgram> mapped = readPlanned(name, convolution, plan);
      if (failed(mapped))
        return signalPassFailure();
      programs.push_back(std::move(*mapped));
    }
    for (const SmallVector<Operation *> &ops : connectedOps(getOperation()))
      programs.push_back(ProgramReader(names).read(ops));

    llvm::json::OStream json(llvm::outs(), /*IndentSize=*/1);
    json.object([&] {
      json.attributeArray("programs", [&] {
        for (const MappedProgram &mapped : programs)
          MapWriter(mapped, json).write();
      });
    });
    llvm::outs() << "\n";
    markAllAnalysesPreserved();
  }
};
} // namespace
