//===- StreamTimeline.h - when what is streamed moves -----------*- C++ -*-===//

#ifndef DCONV_PLANNER_STREAMTIMELINE_H
#define DCONV_PLANNER_STREAMTIMELINE_H

#include "dconv/Geometry/StreamOrder.h"
#include "dconv/Planner/TimeModel.h"

namespace dconv {

/// One step of a device as it is predicted to run, in seconds from the start.
struct StreamSpan {
  StreamStep step;
  double begin = 0, end = 0;
};

/// Per device its steps, in the order of `streamOrder`: loads, arithmetic and
/// stores each one after the other, as soon as what they wait for is done and
/// the link is free. A device's link takes one transfer at a time, either way,
/// and the host as many as its bandwidth allows. `split` passes `checkStreamed`.
std::vector<std::vector<StreamSpan>>
streamTimeline(const Convolution &convolution, const Split &split,
               const Machine &machine, const TimeQuery &query);

} // namespace dconv

#endif // DCONV_PLANNER_STREAMTIMELINE_H
