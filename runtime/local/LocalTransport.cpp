//===- LocalTransport.cpp - devices of one process ------------------------===//

#include "dconv/Runtime/LocalTransport.h"
#include "dconv/Runtime/Checksum.h"

#include <algorithm>

namespace dconv::runtime {

static Status stoppedStatus() {
  return {StatusCode::Stopped, "another device failed"};
}

/// Inverts bit `number` of the elements of `box` in row-major order.
static void flipBit(const BoxView &box, int64_t number) {
  const int64_t elementBits = bytesOf(box.type) * 8;
  int64_t element = number / elementBits;
  Box place = Box::whole(std::vector<int64_t>(box.dims.size(), 1));
  for (unsigned d = place.rank(); d-- > 0; element /= box.dims[d].size)
    place[d] = place[d].shifted(element % box.dims[d].size);
  const int64_t bit = number % elementBits;
  const BoxView flipped = partOf(box, place);
  forEachRun<1>({&flipped}, [&](const auto &at, int64_t) {
    at[0][bit / 8] ^= std::byte(1 << (bit % 8));
  });
}

LocalTransport::LocalTransport(int64_t devices, Options options)
    : options(std::move(options)), nodes(devices) {}

void LocalTransport::begin(uint64_t newEpoch, uint64_t newPlanHash) {
  epoch = newEpoch;
  planHash = newPlanHash;
  for (Node &node : nodes) {
    std::lock_guard lock(node.mutex);
    node.inbox.clear();
    node.outbox.clear();
    node.held.clear();
    node.counters = {};
  }
}

Status LocalTransport::send(const MessageHeader &header, const BoxView &box,
                            Event &sent) {
  if (stopped)
    return stoppedStatus();
  Outgoing outgoing;
  outgoing.header = header;
  outgoing.header.checksum = checksum(box);
  outgoing.box = box;
  const int64_t source = header.id.source.device;
  {
    Node &node = nodes[source];
    std::lock_guard lock(node.mutex);
    sent = node.outbox.size();
    node.outbox.push_back(std::move(outgoing));
  }
  attempt(sent, source);
  return {};
}

/// Puts a message under way once, through the faults.
void LocalTransport::attempt(Event sent, int64_t source) {
  Delivery delivery;
  delivery.sent = sent;
  MessageHeader header;
  int64_t number;
  {
    Node &node = nodes[source];
    std::lock_guard lock(node.mutex);
    Outgoing &outgoing = node.outbox[sent];
    header = outgoing.header;
    number = outgoing.attempts++;
    delivery.box = &outgoing.box;
  }
  delivery.header = serialize(header);

  const int64_t headerBits = delivery.header.size() * 8;
  Fault fault;
  if (options.faults)
    fault =
        options.faults->next(header.id, number, headerBits + header.length * 8);
  if (fault.drop)
    return;
  if (fault.flippedBit >= headerBits)
    delivery.flippedBit = fault.flippedBit - headerBits;
  else if (fault.flippedBit >= 0)
    delivery.header[fault.flippedBit / 8] ^= 1 << (fault.flippedBit % 8);

  Node &node = nodes[header.id.destination.device];
  std::lock_guard lock(node.mutex);
  if (fault.reorder) {
    node.held.push_back(std::move(delivery));
    return;
  }
  arrive(node, delivery);
  if (fault.repeat)
    arrive(node, delivery);
  releaseHeld(node);
  node.changed.notify_one();
}

/// Lets what was held back arrive at `node`, which is locked.
void LocalTransport::releaseHeld(Node &node) {
  for (const Delivery &late : node.held)
    arrive(node, late);
  node.held.clear();
}

/// Files what arrives at `node`, which is locked, or drops and counts it.
void LocalTransport::arrive(Node &node, const Delivery &delivery) {
  Result<MessageHeader> header = parseHeader(delivery.header);
  if (!header) {
    ++node.counters.corrupt;
    return;
  }
  if (header->id.epoch != epoch || header->id.planHash != planHash) {
    ++node.counters.repeated;
    return;
  }
  Slot &slot = node.inbox[header->id];
  if (slot.accepted || slot.present) {
    ++node.counters.repeated;
    return;
  }
  slot.present = true;
  slot.arrival = {std::move(*header), delivery.box, delivery.sent,
                  delivery.flippedBit};
}

/// Puts the message `id` under way again. False where it has not been sent yet
/// or has been accepted.
bool LocalTransport::askAgain(const MessageId &id) {
  Node &source = nodes[id.source.device];
  Event sent;
  {
    std::lock_guard lock(source.mutex);
    auto it = std::find_if(source.outbox.begin(), source.outbox.end(),
                           [&](const Outgoing &o) {
                             return !o.acknowledged && o.header.id == id;
                           });
    if (it == source.outbox.end())
      return false;
    sent = it - source.outbox.begin();
  }
  attempt(sent, id.source.device);
  return true;
}

/// Copies the payload; true where all of it is as the sender had it.
bool LocalTransport::takeIn(const MessageHeader &expected, const BoxView &box,
                            const Arrival &arrival) {
  if (arrival.header.length != expected.length ||
      arrival.box->bytes() != expected.length)
    return false;
  uint32_t got = copyWithChecksum(box, *arrival.box);
  if (arrival.flippedBit >= 0) {
    flipBit(box, arrival.flippedBit);
    got = checksum(box);
  }
  return got == arrival.header.checksum;
}

void LocalTransport::acknowledge(const Arrival &arrival) {
  Node &source = nodes[arrival.header.id.source.device];
  std::lock_guard lock(source.mutex);
  source.outbox[arrival.sent].acknowledged = true;
  source.counters.bytesSent += arrival.header.length;
  source.changed.notify_one();
}

Status LocalTransport::receive(const MessageHeader &expected,
                               const BoxView &box) {
  Node &node = nodes[expected.id.destination.device];
  int failures = 0;
  std::unique_lock lock(node.mutex);
  for (;;) {
    Slot &slot = node.inbox[expected.id];
    node.changed.wait_for(lock, options.patience,
                          [&] { return slot.present || stopped; });
    if (stopped)
      return stoppedStatus();
    if (!slot.present)
      releaseHeld(node); // nothing came after it: late, not lost
    const bool arrived = slot.present;

    if (arrived) {
      const Arrival arrival = std::move(slot.arrival);
      slot.present = false;
      lock.unlock();
      const bool good = takeIn(expected, box, arrival);
      lock.lock();
      if (good) {
        slot.accepted = true;
        node.counters.bytesReceived += expected.length;
        lock.unlock();
        acknowledge(arrival);
        return {};
      }
      ++node.counters.corrupt;
    }

    if (failures == options.tries)
      return {StatusCode::TransferFailed,
              toString(expected.id) + ": " + (arrived ? "corrupt" : "lost") +
                  ", asked for again " + std::to_string(failures) + " times"};
    lock.unlock();
    const bool sent = askAgain(expected.id);
    lock.lock();
    if (sent) {
      ++failures;
      ++node.counters.askedAgain;
    }
  }
}

Status LocalTransport::wait(int64_t device, Event sent) {
  Node &node = nodes[device];
  std::unique_lock lock(node.mutex);
  const Outgoing &outgoing = node.outbox[sent];
  node.changed.wait(lock, [&] { return outgoing.acknowledged || stopped; });
  return outgoing.acknowledged ? Status() : stoppedStatus();
}

void LocalTransport::stop() {
  stopped = true;
  for (Node &node : nodes) {
    // The lock keeps the wake-up from falling between a test and its wait.
    std::lock_guard lock(node.mutex);
    node.changed.notify_all();
  }
}

TransferCounters LocalTransport::counters(int64_t device) const {
  const Node &node = nodes[device];
  std::lock_guard lock(node.mutex);
  return node.counters;
}

} // namespace dconv::runtime
