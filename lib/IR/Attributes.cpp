//===- Attributes.cpp - grids, shardings and splits -----------------------===//

#include "AttributeText.h"

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
  bool streamed = false;
  bool comma = succeeded(parser.parseOptionalComma());
  while (comma) {
    StringRef word;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&word))
      return {};
    comma = false;
    if (word == "streamed") {
      streamed = true;
      comma = succeeded(parser.parseOptionalComma());
      continue;
    }
    if (parser.parseEqual())
      return {};
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
        parser.emitError(loc, "expected 'd' and the number of a dim, "
                              "'partial' or 'streamed'");
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
                                         partialAxes, combiner, accumulator,
                                         streamed);
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
  if (isStreamed())
    printer << ", streamed";
  printer << '>';
}

LogicalResult ShardingAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   GridAttr grid,
                                   ArrayRef<DimShardingAttr> dims,
                                   ArrayRef<unsigned> partialAxes, Combiner,
                                   Type accumulator, bool streamed) {
  if (streamed && (!dims.empty() || !partialAxes.empty()))
    return emitError() << "a streamed tensor lies whole on the host, so that "
                          "it has neither cut dims nor partial axes";
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
  assert((!accumulator || !partialAxes.empty()) &&
         "only partial sums have an accumulator");
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
    return get(context, grid, dims, {}, Combiner::Add, Type(),
               /*streamed=*/false);
  return get(context, grid, dims, layout.partialAxes, combiner, accumulator,
             /*streamed=*/false);
}

ShardingAttr ShardingAttr::getStreamed(GridAttr grid) {
  return get(grid.getContext(), grid, {}, {}, Combiner::Add, Type(),
             /*streamed=*/true);
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
