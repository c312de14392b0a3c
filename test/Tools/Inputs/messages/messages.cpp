void verify() {
  emitOpError("needs ") << 1 << " but has " << 2;
  emitOpError("is too ") << clever << " by half; "
                                      "that is all";
  emitError() << reason;
}
