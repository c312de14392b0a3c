//===- PlanAttr.cpp - plans as text and as splits -------------------------===//

#include "AttributeText.h"

#include "dconv/Geometry/Streaming.h"
#include "dconv/IR/Dconv.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace dconv;

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

/// `[` number (`by` algorithm)? (`,` ...)* `]`
static ParseResult parseGathered(AsmParser &parser,
                                 SmallVectorImpl<GatheredInput> &gathered) {
  return parser.parseCommaSeparatedList(
      AsmParser::Delimiter::Square, [&]() -> ParseResult {
        GatheredInput &one = gathered.emplace_back();
        if (parser.parseInteger(one.input))
          return failure();
        if (failed(parser.parseOptionalKeyword("by")))
          return success();
        StringRef name;
        SMLoc loc = parser.getCurrentLocation();
        if (parser.parseKeyword(&name))
          return failure();
        std::optional<Algorithm> algorithm = symbolizeAlgorithm(name);
        if (!algorithm)
          return parser.emitError(loc, "unknown algorithm '")
                 << name << "'; one of direct, ring, tree";
        one.algorithm = static_cast<CollectiveAlgorithm>(*algorithm);
        return success();
      });
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
  StringRef algorithm = direct;
  bool streamed = false;
  SmallVector<GatheredInput> gathered;
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
    } else if (succeeded(parser.parseOptionalKeyword("algorithm"))) {
      if (parser.parseEqual() || parser.parseKeyword(&algorithm))
        return {};
    } else if (succeeded(parser.parseOptionalKeyword("streamed"))) {
      streamed = true;
    } else if (succeeded(parser.parseOptionalKeyword("gathered"))) {
      if (parser.parseEqual() || parseGathered(parser, gathered))
        return {};
    } else if (parser.parseKeyword("devices") || parser.parseEqual() ||
               parser.parseInteger(devices)) {
      return {};
    }
  }
  if (parser.parseGreater())
    return {};
  auto emitError = [&] { return parser.emitError(parser.getNameLoc()); };
  return getChecked(function_ref<InFlightDiagnostic()>(emitError),
                    parser.getContext(), ArrayRef<int64_t>(grid), split,
                    stripes, devices, algorithm, streamed,
                    ArrayRef<GatheredInput>(gathered));
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
  if (getAlgorithm() != direct)
    printer << ", algorithm = " << getAlgorithm();
  if (getStreamed())
    printer << ", streamed";
  if (!getGathered().empty()) {
    printer << ", gathered = [";
    llvm::interleaveComma(getGathered(), printer, [&](GatheredInput one) {
      printer << one.input;
      if (one.algorithm != CollectiveAlgorithm::Direct)
        printer << " by " << toString(one.algorithm);
    });
    printer << ']';
  }
  printer << '>';
}

LogicalResult PlanAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<int64_t> grid, DictionaryAttr split,
                               DictionaryAttr stripes, int64_t devices,
                               StringRef algorithm, bool streamed,
                               ArrayRef<GatheredInput> gathered) {
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
  for (NamedAttribute entry : stripes)
    if (!split.get(entry.getName()))
      return emitError() << "stripes of dim '" << entry.getName().getValue()
                         << "', which is not split";
  if (algorithm != direct)
    return emitError() << "algorithm '" << algorithm
                       << "' is not known; there is '" << direct << "'";
  if (streamed && !gathered.empty())
    return emitError() << "a streamed plan leaves its inputs on the host, so "
                          "that none is gathered";
  return success();
}

PlanAttr PlanAttr::get(MLIRContext *context, const Split &split,
                       const Convolution &convolution, int64_t devices,
                       StringRef algorithm, bool streamed,
                       ArrayRef<GatheredInput> gathered) {
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
  std::vector<int64_t> shape = split.grid(devices).shape;
  return get(context, ArrayRef<int64_t>(shape), axes.getDictionary(context),
             stripes.getDictionary(context), devices, algorithm, streamed,
             gathered);
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
  Result<Split> split =
      spec.empty() ? Result<Split>(Split()) : parseSplit(spec, convolution);
  if (split && getStreamed())
    if (Result<int64_t> shards =
            checkStreamed(convolution, *split, getDevices());
        !shards)
      return Error{shards.error()};
  if (split)
    if (Result<int64_t> shards =
            checkGathered(convolution, *split, getGathered());
        !shards)
      return Error{shards.error()};
  return split;
}
