//===- Scalar.cpp - elements and what arith ops compute of them -----------===//

#include "Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Format.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace dconv::test {

bool Scalar::operator==(const Scalar &o) const {
  if (std::isnan(real) && std::isnan(o.real))
    return true;
  return integer == o.integer && real == o.real &&
         std::signbit(real) == std::signbit(o.real);
}

static Scalar integerOf(int64_t value) { return {value, 0}; }
static Scalar realOf(double value) { return {0, value}; }

Result<ElementType> ElementType::of(Type type) {
  if (type.isF16())
    return ElementType(Format::F16, 16);
  if (type.isBF16())
    return ElementType(Format::BF16, 16);
  if (type.isF32())
    return ElementType(Format::F32, 32);
  if (type.isF64())
    return ElementType(Format::F64, 64);
  if (type.isIndex())
    return ElementType(Format::Integer, 64);
  if (type.isSignlessInteger() && type.getIntOrFloatBitWidth() <= 64)
    return ElementType(Format::Integer, type.getIntOrFloatBitWidth());
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return Error{"cannot interpret elements of type " + text};
}

ElementType ElementType::widened() const {
  return isNarrow() ? ElementType(Format::F32, 32) : *this;
}

static double roundThrough(double value, const llvm::fltSemantics &semantics) {
  llvm::APFloat number(value);
  bool losesInfo;
  number.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return number.convertToDouble();
}

Scalar ElementType::round(Scalar exact) const {
  switch (format) {
  case Format::Integer:
    return integerOf(llvm::SignExtend64(exact.integer, width));
  case Format::F16:
    return realOf(roundThrough(exact.real, llvm::APFloat::IEEEhalf()));
  case Format::BF16:
    return realOf(roundThrough(exact.real, llvm::APFloat::BFloat()));
  case Format::F32:
    return realOf(static_cast<float>(exact.real));
  case Format::F64:
    return exact;
  }
  llvm_unreachable("unknown format");
}

Scalar ElementType::read(Attribute value) const {
  if (isFloat())
    return realOf(cast<FloatAttr>(value).getValue().convertToDouble());
  return round(integerOf(cast<IntegerAttr>(value).getValue().getSExtValue()));
}

Scalar ElementType::poison() const {
  if (isFloat())
    return realOf(std::numeric_limits<double>::quiet_NaN());
  return round(integerOf(0x5a5a5a5a5a5a5a5a));
}

Scalar ElementType::identity(Combiner combiner) const {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  int64_t least = llvm::minIntN(width), greatest = llvm::maxIntN(width);
  switch (combiner) {
  case Combiner::Add:
  case Combiner::MaxUnsigned:
    return {};
  case Combiner::Max:
    return isFloat() ? realOf(-infinity) : integerOf(least);
  case Combiner::Min:
    return isFloat() ? realOf(infinity) : integerOf(greatest);
  case Combiner::MinUnsigned:
    return integerOf(-1); // all bits set, sign-extended
  }
  llvm_unreachable("unknown combiner");
}

/// A NaN wins, and 0.0 is greater than -0.0.
static double maximum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return std::numeric_limits<double>::quiet_NaN();
  if (a == b)
    return std::signbit(a) ? b : a;
  return a > b ? a : b;
}
static double minimum(double a, double b) { return -maximum(-a, -b); }

// Sign-extended integers of one width compare unsigned as their bits do.
static int64_t maximumUnsigned(uint64_t a, uint64_t b) { return a > b ? a : b; }
static int64_t minimumUnsigned(uint64_t a, uint64_t b) { return a < b ? a : b; }

Scalar ElementType::combine(Combiner combiner, Scalar a, Scalar b) const {
  auto add = [](uint64_t x, uint64_t y) -> int64_t { return x + y; };
  int64_t x = a.integer, y = b.integer;
  switch (combiner) {
  case Combiner::Add:
    return round({add(x, y), a.real + b.real});
  case Combiner::Max:
    return isFloat() ? realOf(maximum(a.real, b.real))
                     : integerOf(std::max(x, y));
  case Combiner::Min:
    return isFloat() ? realOf(minimum(a.real, b.real))
                     : integerOf(std::min(x, y));
  case Combiner::MaxUnsigned:
    return integerOf(maximumUnsigned(x, y));
  case Combiner::MinUnsigned:
    return integerOf(minimumUnsigned(x, y));
  }
  llvm_unreachable("unknown combiner");
}

std::string ElementType::text(Scalar value) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (isFloat())
    os << llvm::format("%.9g", value.real);
  else
    os << value.integer;
  return text;
}

template <typename Compute> static ScalarFunction onReals(Compute compute) {
  return
      [=](ArrayRef<Scalar> x) { return realOf(compute(x[0].real, x[1].real)); };
}

/// Through unsigned integers, which wrap.
template <typename Compute> static ScalarFunction onIntegers(Compute compute) {
  return [=](ArrayRef<Scalar> x) {
    return integerOf(compute(x[0].integer, x[1].integer));
  };
}

static ScalarFunction identityFunction() {
  return [](ArrayRef<Scalar> x) { return x[0]; };
}

static ScalarFunction zeroExtend(Type from) {
  uint64_t mask =
      llvm::maskTrailingOnes<uint64_t>(from.getIntOrFloatBitWidth());
  return [=](ArrayRef<Scalar> x) { return integerOf(x[0].integer & mask); };
}

Result<ScalarFunction> functionOf(Operation *op) {
  using Found = Result<ScalarFunction>;
  return llvm::TypeSwitch<Operation *, Found>(op)
      .Case([](arith::AddFOp) { return onReals(std::plus<double>()); })
      .Case([](arith::SubFOp) { return onReals(std::minus<double>()); })
      .Case([](arith::MulFOp) { return onReals(std::multiplies<double>()); })
      .Case([](arith::DivFOp) { return onReals(std::divides<double>()); })
      .Case([](arith::MaximumFOp) { return onReals(maximum); })
      .Case([](arith::MinimumFOp) { return onReals(minimum); })
      .Case([](arith::MaxNumFOp) {
        return onReals([](double a, double b) { return std::fmax(a, b); });
      })
      .Case([](arith::MinNumFOp) {
        return onReals([](double a, double b) { return std::fmin(a, b); });
      })
      .Case([](arith::AddIOp) { return onIntegers(std::plus<uint64_t>()); })
      .Case([](arith::SubIOp) { return onIntegers(std::minus<uint64_t>()); })
      .Case(
          [](arith::MulIOp) { return onIntegers(std::multiplies<uint64_t>()); })
      .Case([](arith::MaxSIOp) {
        return onIntegers([](int64_t a, int64_t b) { return std::max(a, b); });
      })
      .Case([](arith::MinSIOp) {
        return onIntegers([](int64_t a, int64_t b) { return std::min(a, b); });
      })
      .Case([](arith::MaxUIOp) { return onIntegers(maximumUnsigned); })
      .Case([](arith::MinUIOp) { return onIntegers(minimumUnsigned); })
      .Case<arith::ExtFOp, arith::TruncFOp, arith::ExtSIOp, arith::TruncIOp>(
          [](auto) { return identityFunction(); })
      .Case([](arith::ExtUIOp op) {
        return zeroExtend(getElementTypeOrSelf(op.getIn().getType()));
      })
      .Default([](Operation *op) -> Found {
        return Error{"cannot interpret '" + op->getName().getStringRef().str() +
                     "'"};
      });
}

} // namespace dconv::test
