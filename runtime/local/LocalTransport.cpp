//===- LocalTransport.cpp - devices of one process ------------------------===//

#include "dconv/Runtime/LocalTransport.h"

namespace dconv::runtime {

static Status stoppedStatus() {
  return {StatusCode::Stopped, "another device failed"};
}

/// What a device waits for: a message from a device, or that it accepts one.
static uint32_t messageFrom(int64_t device) { return 2 * device + 1; }
static uint32_t acceptanceBy(int64_t device) { return 2 * device + 2; }

/// Brings memory that another processor has had here, ahead of its use.
static void prefetchForWriting(const void *data, size_t bytes) {
  for (size_t at = 0; at < bytes; at += 64)
    __builtin_prefetch(static_cast<const char *>(data) + at, 1);
}
static void prefetch(const void *data, size_t bytes) {
  for (size_t at = 0; at < bytes; at += 64)
    __builtin_prefetch(static_cast<const char *>(data) + at);
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
  BoxRuns<1>(flipped).forEach([&](const auto &at, int64_t) {
    at[0][bit / 8] ^= std::byte(1 << (bit % 8));
  });
}

LocalTransport::LocalTransport(int64_t devices, Options given)
    : options(std::move(given)),
      waiting(options.links ? Waiting() : Waiting::among(devices)),
      nodes(devices), links(devices * devices) {}

LocalTransport::Message &LocalTransport::messageOf(const MessageHeader &header,
                                                   Port &port) {
  auto [known, isNew] = opening.try_emplace(header.id, messages.size());
  port = known->second;
  if (!isNew)
    return messages[port];
  Message &message = messages.emplace_back();
  message.header = header;
  message.bytes = HeaderBytes(header);
  const int64_t source = header.id.source.device;
  const int64_t destination = header.id.destination.device;
  std::unique_ptr<Link> &link = links[source * devices() + destination];
  if (!link) {
    link = std::make_unique<Link>();
    nodes[source].outgoing.push_back(link.get());
    nodes[destination].incoming.push_back(link.get());
  }
  ++link->opened;
  link->headerBytes = std::max(link->headerBytes, message.bytes.size());
  message.link = link.get();
  return message;
}

Transport::Port LocalTransport::openSend(const MessageHeader &header,
                                         const BoxView &box) {
  Port port;
  Message &message = messageOf(header, port);
  message.from = box;
  message.hasSender = true;
  message.sum = CheckedCopy(box);
  return port;
}

Transport::Port LocalTransport::openReceive(const MessageHeader &header,
                                            const BoxView &box) {
  Port port;
  Message &message = messageOf(header, port);
  message.to = box;
  message.hasReceiver = true;
  return port;
}

Status LocalTransport::connect() {
  for (const auto &[id, port] : opening) {
    Message &message = messages[port];
    if (!message.hasSender || !message.hasReceiver)
      return {StatusCode::InvalidProgram,
              toString(id) + " is " +
                  (message.hasSender ? "sent and not received"
                                     : "received and not sent")};
    if (message.from.bytes() != message.header.length ||
        message.to.bytes() != message.header.length)
      return {StatusCode::InvalidProgram,
              toString(id) + " of " + std::to_string(message.header.length) +
                  " bytes is sent from " +
                  std::to_string(message.from.bytes()) + " and received in " +
                  std::to_string(message.to.bytes())};
    message.copy = CheckedCopy(message.to, message.from);
  }
  opening.clear();
  for (std::unique_ptr<Link> &link : links) {
    if (!link)
      continue;
    const size_t copies = options.faults ? 2 : 1;
    link->places = std::max(link->places, copies * link->opened);
    link->opened = 0;
    link->deliveries = std::make_unique<Delivery[]>(link->places);
    for (size_t place = 0; place < link->places; ++place)
      link->deliveries[place].letter.header.resize(link->headerBytes);
  }
  for (Node &node : nodes)
    for (const Link *link : node.incoming)
      if (node.again.header.size() < link->headerBytes)
        node.again.header.resize(link->headerBytes);
  return {};
}

void LocalTransport::begin(uint64_t newEpoch) {
  epoch = newEpoch;
  for (Node &node : nodes) {
    node.held.clear();
    node.counters = {};
    node.waited = {};
    for (Link *link : node.incoming) {
      link->posted = link->taken = 0;
      link->acceptedBytes.store(0, std::memory_order_relaxed);
    }
  }
}

/// Makes `letter` delivery number `attempt` of a message, through the faults.
/// False where it gets lost.
bool LocalTransport::address(Message &message, Port port, int64_t attempt,
                             Letter &letter, bool &repeated) {
  const MessageId &id = message.header.id;
  if (options.links)
    letter.due = options.links->arrival(id.source.device, id.destination.device,
                                        message.header.length, Clock::now());
  if (attempt == 0)
    message.due = letter.due;
  letter.port = port;
  message.bytes.write(epoch, message.checksum, letter.header.data());
  if (!options.faults)
    return true;
  const int64_t headerBits = message.bytes.size() * 8;
  const Fault fault =
      options.faults->next(id, attempt, headerBits + message.header.length * 8);
  letter.late = fault.reorder;
  letter.flippedBit = -1;
  if (fault.flippedBit >= headerBits)
    letter.flippedBit = fault.flippedBit - headerBits;
  else if (fault.flippedBit >= 0)
    letter.header[fault.flippedBit / 8] ^= 1 << (fault.flippedBit % 8);
  repeated = fault.repeat && !fault.reorder;
  return !fault.drop;
}

Status LocalTransport::send(Port port) {
  if (stopped)
    return stoppedStatus();
  Message &message = messages[port];
  Link &link = *message.link;
  message.checksum = message.sum.run();
  Delivery &delivery = link.deliveries[link.posted];
  bool repeated = false;
  if (address(message, port, 0, delivery.letter, repeated)) {
    if (repeated)
      link.deliveries[link.posted + 1].letter = delivery.letter;
    // From now on they are the receiver's, who comes to the first one first.
    if (repeated)
      link.deliveries[link.posted + 1].epoch.store(epoch);
    delivery.epoch.store(epoch);
    link.posted += 1 + repeated;
  }
  message.sent.store(epoch, std::memory_order_release);
  const MessageId &id = message.header.id;
  nodes[id.destination.device].bell.ring(messageFrom(id.source.device));
  // The next letter will be written where the receiver has read the last run's.
  if (link.posted < link.places)
    prefetchForWriting(link.deliveries[link.posted].letter.header.data(),
                       link.headerBytes);
  return {};
}

/// True where a letter lies in the mailbox.
bool LocalTransport::hasNext(const Link &link) const {
  return link.taken < link.places &&
         link.deliveries[link.taken].epoch.load() == epoch;
}

void LocalTransport::takeLetters(Link &link, Node &node) {
  while (hasNext(link)) {
    const Letter &letter = link.deliveries[link.taken++].letter;
    prefetch(letter.header.data(), link.headerBytes);
    prefetch(messages[letter.port].from.data, 1);
    if (letter.late) {
      node.held.push_back(letter);
      continue;
    }
    arrive(node, letter);
    releaseHeld(node);
  }
}

/// Lets what was held back arrive.
void LocalTransport::releaseHeld(Node &node) {
  for (const Letter &late : node.held)
    arrive(node, late);
  node.held.clear();
}

/// Files what arrives at `node`, or drops and counts it.
void LocalTransport::arrive(Node &node, const Letter &letter) {
  Message &message = messages[letter.port];
  uint32_t checksum = 0;
  switch (message.bytes.match(letter.header.data(), epoch, checksum)) {
  case HeaderBytes::Match::Corrupt:
    ++node.counters.corrupt;
    return;
  case HeaderBytes::Match::Other:
    ++node.counters.repeated;
    return;
  case HeaderBytes::Match::Good:
    break;
  }
  if (message.present == epoch ||
      message.accepted.load(std::memory_order_relaxed) == epoch) {
    ++node.counters.repeated;
    return;
  }
  message.present = epoch;
  message.arrivedChecksum = checksum;
  message.flippedBit = letter.flippedBit;
  message.arrives = letter.due;
}

/// True where a message has been sent and should have arrived for long.
bool LocalTransport::isLost(Message &message, Node &node) {
  if (message.sent.load() != epoch ||
      Clock::now() < message.due + options.patience)
    return false;
  // It may have been posted since the mailbox was last looked into.
  takeLetters(*message.link, node);
  releaseHeld(node); // nothing came after it: late, not lost
  return message.present != epoch;
}

/// Puts a message under way again.
void LocalTransport::askAgain(Message &message, Port port, Node &node) {
  bool repeated = false;
  ++node.counters.askedAgain;
  if (!address(message, port, ++message.attempts, node.again, repeated))
    return;
  if (node.again.late) {
    node.held.push_back(node.again);
    return;
  }
  for (int copies = 1 + repeated; copies > 0; --copies)
    arrive(node, node.again);
  releaseHeld(node);
}

/// Copies the payload; true where all of it is as the sender had it.
bool LocalTransport::takeIn(Message &message) {
  uint32_t got = message.copy.run();
  if (message.flippedBit >= 0) {
    flipBit(message.to, message.flippedBit);
    got = checksum(message.to);
  }
  return got == message.arrivedChecksum;
}

void LocalTransport::accept(Message &message, Node &node) {
  const MessageId &id = message.header.id;
  const int64_t bytes = message.header.length;
  node.counters.bytesReceived += bytes;
  std::atomic<int64_t> &sum = message.link->acceptedBytes;
  sum.store(sum.load(std::memory_order_relaxed) + bytes,
            std::memory_order_relaxed);
  message.accepted.store(epoch);
  nodes[id.source.device].bell.ring(acceptanceBy(id.destination.device));
}

/// Bell::await, and notes how long it took.
template <typename Condition>
bool LocalTransport::await(Node &node, uint32_t reason, Condition met,
                           Clock::time_point until) {
  if (met())
    return true;
  const Clock::time_point begin = Clock::now();
  const bool result = node.bell.await(reason, waiting, met, until);
  node.waited += Clock::now() - begin;
  return result;
}

/// Waits for the time at which a message that is present arrives. False where a
/// device failed.
bool LocalTransport::awaitArrival(Message &message, Node &node) {
  if (!options.links)
    return !stopped;
  auto isStopped = [&] { return stopped.load(); };
  return !await(node, messageFrom(message.header.id.source.device), isStopped,
                message.arrives);
}

Status LocalTransport::receive(Port port) {
  Message &message = messages[port];
  const MessageId &id = message.header.id;
  Link &link = *message.link;
  Node &node = nodes[id.destination.device];
  message.attempts = 0;
  prefetchForWriting(&message.accepted, 1);
  prefetch(&message, sizeof(Message));
  for (int failures = 0;;) {
    takeLetters(link, node);
    const bool arrived = message.present == epoch;
    if (arrived) {
      if (!awaitArrival(message, node))
        return stoppedStatus();
      message.present = 0;
      if (takeIn(message)) {
        accept(message, node);
        return {};
      }
      ++node.counters.corrupt;
    } else {
      auto met = [&] { return hasNext(link) || stopped; };
      const bool came = met() || await(node, messageFrom(id.source.device), met,
                                       Clock::now() + options.patience);
      if (stopped)
        return stoppedStatus();
      if (came)
        continue;
      if (!isLost(message, node))
        continue;
    }

    if (failures == options.tries)
      return {StatusCode::TransferFailed,
              toString(id) + ": " + (arrived ? "corrupt" : "lost") +
                  ", asked for again " + std::to_string(failures) + " times"};
    ++failures;
    askAgain(message, port, node);
  }
}

Status LocalTransport::wait(Port port) {
  Message &message = messages[port];
  const MessageId &id = message.header.id;
  auto accepted = [&] { return message.accepted.load() == epoch; };
  await(
      nodes[id.source.device], acceptanceBy(id.destination.device),
      [&] { return accepted() || stopped; }, Bell::never);
  return accepted() ? Status() : stoppedStatus();
}

void LocalTransport::stop() {
  stopped = true;
  for (Node &node : nodes)
    node.bell.ringForAll();
}

TransferCounters LocalTransport::counters(int64_t device) const {
  TransferCounters result = nodes[device].counters;
  for (const Link *link : nodes[device].outgoing)
    result.bytesSent += link->acceptedBytes.load(std::memory_order_relaxed);
  return result;
}

} // namespace dconv::runtime
