//===- VectorLoads.h - values of the inputs as vectors ----------*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_VECTORLOADS_H
#define DCONV_LIB_KERNELS_VECTORLOADS_H

#include "Nest.h"

namespace dconv::kernels {

/// A buffer of the kernel, flattened to one dim. What is read lies between the
/// first and the last element asked for, so never outside of the buffer.
class FlatBuffer {
public:
  FlatBuffer(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value memref,
             const Access &access);

  const Access &access() const { return *accessed; }
  mlir::Type elementType() const;

  mlir::Value loadScalar(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value index) const;
  void storeScalar(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Value value, mlir::Value index) const;

  /// Asks for the line of an element; it may be outside of the buffer.
  void prefetch(mlir::OpBuilder &builder, mlir::Location loc,
                mlir::Value index) const;

  /// The first `active` of `lanes` elements that lie `distance` apart, from
  /// `index` on; the other lanes are zero or repeat an active one.
  mlir::Value loadVector(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value index, int64_t lanes, int64_t active,
                         int64_t distance = 1) const;
  /// Stores the first `active` lanes of `value` to adjacent elements.
  void storeVector(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Value value, mlir::Value index, int64_t active) const;

private:
  mlir::Value loadAdjacent(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value index, int64_t lanes,
                           int64_t active) const;

  mlir::Value memref;
  const Access *accessed;
};

/// `index + offset`.
mlir::Value addOffset(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value index, int64_t offset);

/// The constant vector whose first `active` of `lanes` lanes are set.
mlir::Value laneMask(mlir::OpBuilder &builder, mlir::Location loc,
                     int64_t lanes, int64_t active);

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_VECTORLOADS_H
