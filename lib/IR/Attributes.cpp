//===- Attributes.cpp - grids, shardings, splits and plans ----------------===//

#include "dconv/IR/Dconv.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/InterleavedRange.h"

using namespace mlir;
using namespace dconv;

#define GET_ATTRDEF_CLASSES
#include "dconv/IR/DconvAttributes.cpp.inc"

void DconvDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dconv/IR/DconvAttributes.cpp.inc"
      >();
}

/// `[` integer (`,` integer)* `]`
static ParseResult parseIntegers(AsmParser &parser,
                                 SmallVectorImpl<int64_t> &values) {
  return parser.parseCommaSeparatedList(
      AsmParser::Delimiter::Square,
      [&] { return parser.parseInteger(values.emplace_back()); });
}

static void printIntegers(AsmPrinter &printer, ArrayRef<int64_t> values) {
  printer << '[';
  llvm::interleaveComma(values, printer);
  printer << ']';
}

/// The shards of a grid of this shape that nothing has verified yet: 0 where
/// they are no positive number that a grid takes.
static int64_t countShards(ArrayRef<int64_t> shape) {
  int64_t shards = 1;
  for (int64_t parts : shape)
    if (parts < 1 || __builtin_mul_overflow(shards, parts, &shards) ||
        shards > Grid::most)
      return 0;
  return shards;
}

//===----------------------------------------------------------------------===//
// Grid
//===----------------------------------------------------------------------===//

Attribute GridAttr::parse(AsmParser &parser, Type) {
  SmallVector<int64_t> shape;
  if (parser.parseLess() ||
      parser.parseDimensionList(shape, /*allowDynamic=*/false,
                                /*withTrailingX=*/false))
    return {};
  int64_t devices = countShards(shape);
  bool namesDevices = shape.empty()
                          ? failed(parser.parseOptionalGreater())
                          : succeeded(parser.parseOptionalComma());
  if (namesDevices) {
    if (parser.parseKeyword("devices") || parser.parseEqual() ||
        parser.parseInteger(devices) || parser.parseGreater())
      return {};
  } else if (!shape.empty() && parser.parseGreater()) {
    return {};
  }
  return parser.getChecked<GridAttr>(parser.getContext(), shape, devices);
}

void GridAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printer.printDimensionList(getShape());
  int64_t shards = grid().numShards();
  if (getDevices() != shards)
    printer << (getShape().empty() ? "" : ", ") << "devices = " << getDevices();
  printer << '>';
}

LogicalResult GridAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<int64_t> shape, int64_t devices) {
  for (int64_t parts : shape)
    if (parts < 1)
      return emitError() << "grid axis needs at least 1 part but has " << parts;
  if (countShards(shape) == 0)
    return emitError() << "grid needs at most " << Grid::most
                       << " shards but has "
                       << llvm::interleaved(shape, "x");
  if (devices < 1 || devices > Grid::most)
    return emitError() << "grid needs 1 to " << Grid::most
                       << " devices but has " << devices;
  return success();
}

//===----------------------------------------------------------------------===//
// Sharding
//===----------------------------------------------------------------------===//

// The parts of a sharding and of a split are only written inside of it.
Attribute DimShardingAttr::parse(AsmParser &parser, Type) {
  parser.emitError(parser.getNameLoc(), "is written inside #dconv.sharding");
  return {};
}
void DimShardingAttr::print(AsmPrinter &printer) const {}

/// `axis` n, or `axes` `[` n, m, ... `]`
static ParseResult parseAxes(AsmParser &parser,
                             SmallVectorImpl<unsigned> &axes) {
  if (succeeded(parser.parseOptionalKeyword("axis")))
    return parser.parseInteger(axes.emplace_back());
  if (parser.parseKeyword("axes"))
    return failure();
  return parser.parseCommaSeparatedList(
      AsmParser::Delimiter::Square,
      [&] { return parser.parseInteger(axes.emplace_back()); });
}

static void printAxes(AsmPrinter &printer, ArrayRef<unsigned> axes) {
  if (axes.size() == 1) {
    printer << "axis " << axes[0];
    return;
  }
  printer << "axes [";
  llvm::interleaveComma(axes, printer);
  printer << ']';
}

/// `[` begin `to` end `]` (`,` `[` begin `to` end `]`)*; sets `comma` where a
/// comma follows that belongs to what comes next. Half-open, but brackets must
/// balance in an attribute.
static ParseResult parseIntervals(AsmParser &parser,
                                  SmallVectorImpl<int64_t> &bounds,
                                  bool &comma) {
  if (parser.parseLSquare())
    return failure();
  do {
    if (parser.parseInteger(bounds.emplace_back()) || parser.parseKeyword("to") ||
        parser.parseInteger(bounds.emplace_back()) || parser.parseRSquare())
      return failure();
    comma = succeeded(parser.parseOptionalComma());
  } while (comma && succeeded(parser.parseOptionalLSquare()));
  return success();
}

static void printIntervals(AsmPrinter &printer, ArrayRef<int64_t> bounds) {
  for (size_t i = 0; i + 1 < bounds.size(); i += 2)
    printer << (i ? ", [" : "[") << bounds[i] << " to " << bounds[i + 1] << ']';
}

static FailureOr<Combiner> parseCombiner(AsmParser &parser) {
  StringRef word;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword(&word))
    return failure();
  if (std::optional<Combiner> combiner = symbolizeCombiner(word))
    return *combiner;
  return parser.emitError(loc, "unknown combiner '")
         << word << "'; one of add, max, min, maxu, minu";
}

Attribute ShardingAttr::parse(AsmParser &parser, Type) {
  GridAttr grid;
  if (parser.parseLess() || parser.parseAttribute(grid))
    return {};
  SmallVector<DimShardingAttr> dims;
  SmallVector<unsigned> partialAxes;
  Combiner combiner = Combiner::Add;
  Type accumulator;
  bool comma = succeeded(parser.parseOptionalComma());
  while (comma) {
    StringRef word;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&word) || parser.parseEqual())
      return {};
    comma = false;
    if (word == "partial") {
      if (!partialAxes.empty()) {
        parser.emitError(loc, "'partial' twice");
        return {};
      }
      if (parseAxes(parser, partialAxes) || parser.parseColon())
        return {};
      if (partialAxes.empty()) {
        parser.emitError(loc, "'partial' needs an axis");
        return {};
      }
      FailureOr<Combiner> parsed = parseCombiner(parser);
      if (failed(parsed))
        return {};
      combiner = *parsed;
      if (succeeded(parser.parseOptionalKeyword("in")) &&
          parser.parseType(accumulator))
        return {};
    } else {
      unsigned dim;
      if (!word.consume_front("d") || word.getAsInteger(10, dim)) {
        parser.emitError(loc, "expected 'd' and the number of a dim, or "
                              "'partial'");
        return {};
      }
      SmallVector<unsigned> axes;
      SmallVector<int64_t> owned, held;
      if (parseAxes(parser, axes))
        return {};
      if (succeeded(parser.parseOptionalKeyword("owned")) &&
          parseIntervals(parser, owned, comma))
        return {};
      if (!comma && succeeded(parser.parseOptionalKeyword("held")) &&
          parseIntervals(parser, held, comma))
        return {};
      dims.push_back(DimShardingAttr::get(parser.getContext(), dim, axes, owned,
                                          held));
    }
    comma |= succeeded(parser.parseOptionalComma());
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<ShardingAttr>(parser.getContext(), grid, dims,
                                         partialAxes, combiner, accumulator);
}

void ShardingAttr::print(AsmPrinter &printer) const {
  printer << '<' << getGrid();
  for (DimShardingAttr dim : getDims()) {
    printer << ", d" << dim.getDim() << " = ";
    printAxes(printer, dim.getAxes());
    if (!dim.getOwned().empty()) {
      printer << " owned ";
      printIntervals(printer, dim.getOwned());
    }
    if (!dim.getHeld().empty()) {
      printer << " held ";
      printIntervals(printer, dim.getHeld());
    }
  }
  if (isPartial()) {
    printer << ", partial = ";
    printAxes(printer, getPartialAxes());
    printer << " : " << stringifyCombiner(getCombiner());
    if (getAccumulator())
      printer << " in " << getAccumulator();
  }
  printer << '>';
}

LogicalResult ShardingAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   GridAttr grid,
                                   ArrayRef<DimShardingAttr> dims,
                                   ArrayRef<unsigned> partialAxes, Combiner,
                                   Type accumulator) {
  size_t numAxes = grid.getShape().size();
  SmallVector<bool> used(numAxes);
  auto use = [&](unsigned axis) -> LogicalResult {
    if (axis >= numAxes)
      return emitError() << "axis " << axis << " is not one of the "
                         << numAxes << " axes of the grid";
    if (used[axis])
      return emitError() << "axis " << axis << " is used twice";
    used[axis] = true;
    return success();
  };
  for (auto [i, dim] : llvm::enumerate(dims)) {
    if (i > 0 && dims[i - 1].getDim() >= dim.getDim())
      return emitError() << "dims must ascend but d" << dim.getDim()
                         << " follows d" << dims[i - 1].getDim();
    int64_t parts = 1;
    for (unsigned axis : dim.getAxes()) {
      if (failed(use(axis)))
        return failure();
      parts *= grid.getShape()[axis];
    }
    for (auto [what, bounds] : {std::pair("owned", dim.getOwned()),
                                std::pair("held", dim.getHeld())})
      if (!bounds.empty() && static_cast<int64_t>(bounds.size()) != 2 * parts)
        return emitError() << "d" << dim.getDim() << " needs " << parts << " "
                           << what << " intervals but has "
                           << bounds.size() / 2;
  }
  if (!llvm::is_sorted(partialAxes))
    return emitError() << "partial axes must ascend";
  for (unsigned axis : partialAxes)
    if (failed(use(axis)))
      return failure();
  if (accumulator && partialAxes.empty())
    return emitError() << "only partial sums have an accumulator type";
  return success();
}

/// Balanced over the first axis, each stripe again over the next, and so on.
static Stripes nestedStripes(const Grid &grid, ArrayRef<unsigned> axes,
                             int64_t extent) {
  Stripes stripes{{0, extent}};
  for (unsigned axis : axes) {
    Stripes finer;
    for (Interval stripe : stripes)
      for (Interval piece : balancedStripes(stripe, grid.shape[axis]))
        finer.push_back(piece);
    stripes = std::move(finer);
  }
  return stripes;
}

static Stripes stripesFrom(ArrayRef<int64_t> bounds) {
  Stripes stripes;
  for (size_t i = 0; i + 1 < bounds.size(); i += 2)
    stripes.push_back({bounds[i], bounds[i + 1]});
  return stripes;
}

static SmallVector<int64_t> boundsOf(const Stripes &stripes) {
  SmallVector<int64_t> bounds;
  for (Interval stripe : stripes)
    bounds.append({stripe.begin, stripe.end});
  return bounds;
}

TensorLayout ShardingAttr::layout(ArrayRef<int64_t> shape) const {
  TensorLayout layout = TensorLayout::replicated(shape.vec());
  Grid grid = this->grid();
  for (DimShardingAttr attr : getDims()) {
    DimLayout &dim = layout.dims[attr.getDim()];
    dim.axes.assign(attr.getAxes().begin(), attr.getAxes().end());
    dim.owned = attr.getOwned().empty()
                    ? nestedStripes(grid, attr.getAxes(), shape[attr.getDim()])
                    : stripesFrom(attr.getOwned());
    dim.held = attr.getHeld().empty() ? dim.owned : stripesFrom(attr.getHeld());
  }
  layout.partialAxes.assign(getPartialAxes().begin(), getPartialAxes().end());
  return layout;
}

ShardingAttr ShardingAttr::get(GridAttr grid, const TensorLayout &layout,
                               ArrayRef<int64_t> shape, Combiner combiner,
                               Type accumulator) {
  MLIRContext *context = grid.getContext();
  SmallVector<DimShardingAttr> dims;
  for (auto [d, dim] : llvm::enumerate(layout.dims)) {
    Stripes whole{{0, shape[d]}};
    if (dim.axes.empty() && dim.held == whole)
      continue;
    SmallVector<int64_t> owned, held;
    if (dim.owned != nestedStripes(grid.grid(), dim.axes, shape[d]))
      owned = boundsOf(dim.owned);
    if (dim.held != dim.owned)
      held = boundsOf(dim.held);
    dims.push_back(DimShardingAttr::get(context, d, dim.axes, owned, held));
  }
  if (layout.partialAxes.empty())
    return get(context, grid, dims, {}, Combiner::Add, Type());
  return get(context, grid, dims, layout.partialAxes, combiner, accumulator);
}

//===----------------------------------------------------------------------===//
// Split
//===----------------------------------------------------------------------===//

Attribute AxisSplitAttr::parse(AsmParser &parser, Type) {
  parser.emitError(parser.getNameLoc(), "is written inside #dconv.split");
  return {};
}
void AxisSplitAttr::print(AsmPrinter &printer) const {}

Attribute SplitAttr::parse(AsmParser &parser, Type) {
  SmallVector<AxisSplitAttr> axes;
  auto parseAxis = [&]() -> ParseResult {
    StringRef word;
    unsigned loop;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&word))
      return failure();
    if (!word.consume_front("d") || word.getAsInteger(10, loop))
      return parser.emitError(loc, "expected 'd' and the number of a loop");
    SmallVector<int64_t> lengths;
    if (parser.parseColon())
      return failure();
    int64_t extent, parts;
    OptionalParseResult balanced = parser.parseOptionalInteger(extent);
    if (balanced.has_value()) {
      SMLoc partsLoc;
      if (*balanced || parser.parseSlash() ||
          parser.getCurrentLocation(&partsLoc) || parser.parseInteger(parts))
        return failure();
      if (parts < 1 || parts > extent || parts > Grid::most)
        return parser.emitError(partsLoc, "cannot divide ")
               << extent << " in " << parts << " parts";
      for (int64_t length : balancedSplit(loop, extent, parts).lengths)
        lengths.push_back(length);
    } else if (parseIntegers(parser, lengths)) {
      return failure();
    }
    axes.push_back(AxisSplitAttr::get(parser.getContext(), loop, lengths));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parseAxis))
    return {};
  return get(parser.getContext(), axes);
}

/// The sum of `lengths` where they are balanced, the longer first, else 0.
static int64_t balancedExtent(ArrayRef<int64_t> lengths) {
  int64_t extent = 0;
  for (auto [i, length] : llvm::enumerate(lengths))
    if (length < 1 || length > lengths[0] || length < lengths[0] - 1 ||
        (i > 0 && length > lengths[i - 1]) ||
        __builtin_add_overflow(extent, length, &extent))
      return 0;
  return extent;
}

void SplitAttr::print(AsmPrinter &printer) const {
  printer << '<';
  llvm::interleaveComma(getAxes(), printer, [&](AxisSplitAttr axis) {
    printer << 'd' << axis.getLoop() << ": ";
    if (int64_t extent = balancedExtent(axis.getLengths()))
      printer << extent << " / " << axis.getLengths().size();
    else
      printIntegers(printer, axis.getLengths());
  });
  printer << '>';
}

Split SplitAttr::split() const {
  Split split;
  for (AxisSplitAttr axis : getAxes())
    split.axes.push_back({axis.getLoop(), axis.getLengths().vec()});
  return split;
}

SplitAttr SplitAttr::get(MLIRContext *context, const Split &split) {
  SmallVector<AxisSplitAttr> axes;
  for (const AxisSplit &axis : split.axes)
    axes.push_back(AxisSplitAttr::get(context, axis.loop, axis.lengths));
  return get(context, axes);
}

//===----------------------------------------------------------------------===//
// Plan
//===----------------------------------------------------------------------===//

/// `{` name `=` value (`,` name `=` value)* `}`
static ParseResult parseEntries(AsmParser &parser,
                                function_ref<FailureOr<Attribute>()> value,
                                DictionaryAttr &entries) {
  NamedAttrList list;
  if (parser.parseCommaSeparatedList(
          AsmParser::Delimiter::Braces, [&]() -> ParseResult {
            StringRef name;
            SMLoc loc = parser.getCurrentLocation();
            if (parser.parseKeyword(&name) || parser.parseEqual())
              return failure();
            if (list.get(name))
              return parser.emitError(loc, "dim '") << name << "' twice";
            FailureOr<Attribute> parsed = value();
            if (failed(parsed))
              return failure();
            list.append(name, *parsed);
            return success();
          }))
    return failure();
  entries = list.getDictionary(parser.getContext());
  return success();
}

Attribute PlanAttr::parse(AsmParser &parser, Type) {
  Builder builder(parser.getContext());
  SmallVector<int64_t> grid;
  DictionaryAttr split, stripes = builder.getDictionaryAttr({});
  if (parser.parseLess() || parser.parseKeyword("grid") ||
      parser.parseEqual() || parseIntegers(parser, grid) ||
      parser.parseComma() || parser.parseKeyword("split") ||
      parser.parseEqual() ||
      parseEntries(
          parser,
          [&]() -> FailureOr<Attribute> {
            int64_t axis;
            if (parser.parseInteger(axis))
              return failure();
            return builder.getI64IntegerAttr(axis);
          },
          split))
    return {};
  int64_t devices = countShards(grid);
  while (succeeded(parser.parseOptionalComma())) {
    if (succeeded(parser.parseOptionalKeyword("stripes"))) {
      if (parser.parseEqual() ||
          parseEntries(
              parser,
              [&]() -> FailureOr<Attribute> {
                SmallVector<int64_t> lengths;
                if (parseIntegers(parser, lengths))
                  return failure();
                return builder.getDenseI64ArrayAttr(lengths);
              },
              stripes))
        return {};
    } else if (parser.parseKeyword("devices") || parser.parseEqual() ||
               parser.parseInteger(devices)) {
      return {};
    }
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<PlanAttr>(parser.getContext(), grid, split, stripes,
                                     devices);
}

void PlanAttr::print(AsmPrinter &printer) const {
  printer << "<grid = ";
  printIntegers(printer, getGrid());
  printer << ", split = {";
  llvm::interleaveComma(getSplit(), printer, [&](NamedAttribute entry) {
    printer << entry.getName().getValue() << " = "
            << cast<IntegerAttr>(entry.getValue()).getInt();
  });
  printer << '}';
  if (!getStripes().empty()) {
    printer << ", stripes = {";
    llvm::interleaveComma(getStripes(), printer, [&](NamedAttribute entry) {
      printer << entry.getName().getValue() << " = ";
      printIntegers(printer,
                    cast<DenseI64ArrayAttr>(entry.getValue()).asArrayRef());
    });
    printer << '}';
  }
  if (getDevices() != countShards(getGrid()))
    printer << ", devices = " << getDevices();
  printer << '>';
}

LogicalResult PlanAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<int64_t> grid, DictionaryAttr split,
                               DictionaryAttr stripes, int64_t devices) {
  if (failed(GridAttr::verify(emitError, grid, devices)))
    return failure();
  SmallVector<bool> used(grid.size());
  for (NamedAttribute entry : split) {
    auto axis = dyn_cast<IntegerAttr>(entry.getValue());
    if (!axis || axis.getInt() < 0 ||
        axis.getInt() >= static_cast<int64_t>(grid.size()))
      return emitError() << "dim '" << entry.getName().getValue()
                         << "' needs one of the " << grid.size()
                         << " axes of the grid but has " << entry.getValue();
    if (std::exchange(used[axis.getInt()], true))
      return emitError() << "axis " << axis.getInt() << " splits two dims";
  }
  if (!llvm::all_of(used, [](bool axis) { return axis; }))
    return emitError() << "every axis of the grid must split a dim";
  for (NamedAttribute entry : stripes) {
    if (!split.get(entry.getName()))
      return emitError() << "stripes of dim '" << entry.getName().getValue()
                         << "', which is not split";
    if (!isa<DenseI64ArrayAttr>(entry.getValue()))
      return emitError() << "stripes of dim '" << entry.getName().getValue()
                         << "' need a list of lengths";
  }
  return success();
}

PlanAttr PlanAttr::get(MLIRContext *context, const Split &split,
                       const Convolution &convolution, int64_t devices) {
  Builder builder(context);
  std::vector<std::string> names = convolution.loopNames();
  NamedAttrList axes, stripes;
  for (auto [i, axis] : llvm::enumerate(split.axes)) {
    axes.append(names[axis.loop], builder.getI64IntegerAttr(i));
    if (axis != balancedSplit(axis.loop, convolution.extents[axis.loop],
                              axis.lengths.size()))
      stripes.append(names[axis.loop],
                     builder.getDenseI64ArrayAttr(axis.lengths));
  }
  return get(context, split.grid(devices).shape, axes.getDictionary(context),
             stripes.getDictionary(context), devices);
}

Result<Split> PlanAttr::resolve(const Convolution &convolution) const {
  // As a SPEC, in the order of the axes: one parser knows the dims.
  SmallVector<std::string> parts(getGrid().size());
  for (NamedAttribute entry : getSplit()) {
    int64_t axis = cast<IntegerAttr>(entry.getValue()).getInt();
    std::string &part = parts[axis];
    part = entry.getName().str() + "=";
    auto lengths = getStripes().getAs<DenseI64ArrayAttr>(entry.getName());
    if (!lengths) {
      part += std::to_string(getGrid()[axis]);
      continue;
    }
    if (lengths.size() != getGrid()[axis])
      return Error{"stripes of dim '" + entry.getName().str() + "' have " +
                   std::to_string(lengths.size()) +
                   " lengths but the grid has " +
                   std::to_string(getGrid()[axis]) + " parts"};
    llvm::raw_string_ostream os(part);
    os << '[';
    llvm::interleave(lengths.asArrayRef(), os, ",");
    os << ']';
  }
  std::string spec = llvm::join(parts, ",");
  return spec.empty() ? Result<Split>(Split()) : parseSplit(spec, convolution);
}
