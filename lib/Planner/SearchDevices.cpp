//===- SearchDevices.cpp - the fastest splits on any machine --------------===//

#include "ComputeModel.h"
#include "ProportionalStripes.h"
#include "TabledSplit.h"
#include "TimeSearch.h"

#include <algorithm>
#include <cmath>

using namespace dconv;

namespace {
class DeviceSearch {
public:
  DeviceSearch(const PlanSpace &space, PlanRanking &ranking)
      : space(space), convolution(space.convolution), ranking(ranking),
        parts(convolution.numLoops(), 1) {
    // All devices at work all the time take at least this.
    double rates = 0, launch = std::numeric_limits<double>::infinity();
    for (const DeviceDescription &device : space.machine.devices) {
      rates += rateOf(convolution, device, space.request.query.elementType)
                   ->macsPerSecond;
      launch = std::min(launch, device.launchLatency);
    }
    leastSeconds = launch + double(convolution.iterations().volume()) / rates;
  }

  TimeSearchResult run() {
    choose(0, 1);
    return {};
  }

  Candidate fastest(const std::vector<int64_t> &given) {
    parts = given;
    timeOrders(/*proportional=*/false);
    return candidates.front();
  }

private:
  /// Divides the loops from number `loop` on.
  void choose(unsigned loop, int64_t shards) {
    if (loop == parts.size()) {
      consider();
      return;
    }
    int64_t most = std::min(space.mostParts(loop), space.devices / shards);
    for (int64_t p = space.leastParts(loop); p <= most; ++p) {
      parts[loop] = p;
      choose(loop + 1, shards * p);
    }
    parts[loop] = 1;
  }

  /// Finds the seconds of every order of the axes, the fastest first.
  void timeOrders(bool proportional) {
    std::vector<unsigned> order;
    for (unsigned loop = 0; loop < parts.size(); ++loop)
      if (parts[loop] > 1)
        order.push_back(loop);
    candidates.clear();
    do {
      Split split = space.split(parts, order);
      time(split);
      if (!proportional)
        continue;
      for (Split &uneven : proportionalSplits(space, split))
        time(std::move(uneven));
    } while (std::next_permutation(order.begin(), order.end()));
  }

  /// The best that fits stands for all with these parts.
  void consider() {
    if (ranking.cannotImprove(leastSeconds))
      return;
    timeOrders(!space.machine.uniform());
    for (Candidate &candidate : candidates) {
      if (ranking.cannotImprove(candidate.value))
        return;
      TabledSplit tabled(convolution, candidate.split);
      if (ranking.offer(std::move(candidate), tabled.view))
        return;
    }
  }

  void time(Split split) {
    PlanCost cost =
        planCost(convolution, split, space.machine, space.request.query);
    Candidate candidate;
    candidate.parts = parts;
    candidate.value = cost.seconds.total();
    for (const LevelBytes &link : cost.links)
      candidate.bytes += link.received;
    candidate.split = std::move(split);
    auto place =
        std::upper_bound(candidates.begin(), candidates.end(), candidate,
                         [](const Candidate &a, const Candidate &b) {
                           return a.rounded() < b.rounded();
                         });
    candidates.insert(place, std::move(candidate));
  }

  const PlanSpace &space;
  const Convolution &convolution;
  PlanRanking &ranking;
  std::vector<int64_t> parts; ///< per loop
  double leastSeconds = 0;
  std::vector<Candidate> candidates; ///< with these parts, best first
};
} // namespace

TimeSearchResult dconv::searchDevices(const PlanSpace &space,
                                      PlanRanking &ranking) {
  return DeviceSearch(space, ranking).run();
}

Candidate dconv::fastestOnDevices(const PlanSpace &space,
                                  const std::vector<int64_t> &parts) {
  PlanRanking none(space, 1);
  return DeviceSearch(space, none).fastest(parts);
}
