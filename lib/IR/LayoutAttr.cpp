//===- LayoutAttr.cpp - in which order a buffer keeps elements ------------===//

#include "dconv/IR/Dconv.h"

#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace dconv;

using Level = BufferLayout::Level;

Attribute LayoutAttr::parse(AsmParser &parser, Type) {
  SmallVector<Level> levels;
  auto parseLevel = [&]() -> ParseResult {
    StringRef word;
    Level level;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&word))
      return failure();
    if (!word.consume_front("d") || word.getAsInteger(10, level.dim))
      return parser.emitError(loc, "expected 'd' and the number of a dim");
    if (succeeded(parser.parseOptionalKeyword("by")) &&
        parser.parseInteger(level.block))
      return failure();
    levels.push_back(level);
    return success();
  };
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parseLevel))
    return {};
  return getChecked([&] { return parser.emitError(loc); },
                    parser.getContext(), ArrayRef<Level>(levels));
}

void LayoutAttr::print(AsmPrinter &printer) const {
  printer << '<' << toString(layout()) << '>';
}

/// The number of dims that `levels` order.
static size_t rankOf(ArrayRef<Level> levels) {
  size_t rank = 0;
  for (Level level : levels)
    rank = std::max<size_t>(rank, size_t(level.dim) + 1);
  return rank;
}

static LogicalResult
verifyLevels(function_ref<InFlightDiagnostic()> emitError,
             ArrayRef<Level> levels, size_t rank) {
  if (Result<BufferLayout> layout = checkedLayout(levels.vec(), rank); !layout)
    return emitError() << layout.error();
  return success();
}

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 ArrayRef<Level> levels) {
  size_t rank = rankOf(levels);
  if (rank > levels.size())
    return emitError() << "layout orders d" << rank - 1 << " but has no place "
                       << "for all dims before it";
  return verifyLevels(emitError, levels, rank);
}

LogicalResult LayoutAttr::verifyLayout(
    ArrayRef<int64_t> shape,
    function_ref<InFlightDiagnostic()> emitError) const {
  return verifyLevels(emitError, getLevels(), shape.size());
}

bool LayoutAttr::isIdentity() const { return false; }

AffineMap LayoutAttr::getAffineMap() const {
  const unsigned rank = rankOf(getLevels());
  SmallVector<int64_t> around(rank, 0); // the next larger block of each dim
  SmallVector<AffineExpr> order;
  for (Level level : getLevels()) {
    AffineExpr expr = getAffineDimExpr(level.dim, getContext());
    if (around[level.dim] != 0)
      expr = expr % around[level.dim];
    order.push_back(expr.floorDiv(level.block));
    around[level.dim] = level.block;
  }
  return AffineMap::get(rank, 0, order, getContext());
}

LayoutAttr LayoutAttr::get(MLIRContext *context, const BufferLayout &layout) {
  if (layout.isRowMajor())
    return {};
  return get(context, ArrayRef<Level>(layout.levels));
}

std::optional<BufferLayout> LayoutAttr::of(MemRefType type) {
  if (auto layout = dyn_cast<LayoutAttr>(type.getLayout()))
    return layout.layout();
  if (type.getLayout().isIdentity())
    return BufferLayout();
  return std::nullopt;
}
