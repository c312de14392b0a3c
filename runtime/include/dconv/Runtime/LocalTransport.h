//===- LocalTransport.h - devices of one process ----------------*- C++ -*-===//

#ifndef DCONV_RUNTIME_LOCALTRANSPORT_H
#define DCONV_RUNTIME_LOCALTRANSPORT_H

#include "dconv/Runtime/FaultInjector.h"
#include "dconv/Runtime/Transport.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <unordered_map>

namespace dconv::runtime {

/// Moves boxes between device threads of this process: the receiver copies
/// straight out of the box of the sender, which stays until the receiver has
/// verified what it holds. Owns no payload memory.
class LocalTransport : public Transport {
public:
  struct Options {
    /// A message that has been sent and has not arrived for this long is asked
    /// for again. One that has not been sent yet is waited for: the checker has
    /// shown that it will be, or its device stops everyone.
    std::chrono::milliseconds patience{200};
    /// Deliveries of one message that may be lost or corrupt before it is an
    /// error.
    int tries = 5;
    std::shared_ptr<FaultInjector> faults; ///< null: none
  };

  explicit LocalTransport(int64_t devices)
      : LocalTransport(devices, Options()) {}
  LocalTransport(int64_t devices, Options options);

  int64_t devices() const override { return nodes.size(); }
  void begin(uint64_t epoch, uint64_t planHash) override;
  Status send(const MessageHeader &header, const BoxView &box,
              Event &sent) override;
  Status wait(int64_t device, Event sent) override;
  Status receive(const MessageHeader &expected, const BoxView &box) override;
  void stop() override;
  TransferCounters counters(int64_t device) const override;

private:
  /// A send, kept until it is acknowledged.
  struct Outgoing {
    MessageHeader header;
    BoxView box;
    int64_t attempts = 0;
    bool acknowledged = false;
  };

  /// A message that has arrived, its payload still in the box of the sender.
  struct Arrival {
    MessageHeader header;
    const BoxView *box = nullptr;
    Event sent = 0;
    int64_t flippedBit = -1; ///< of the payload
  };

  /// What arrives under one id.
  struct Slot {
    bool accepted = false;
    bool present = false;
    Arrival arrival;
  };

  /// One attempt to bring a message to its destination.
  struct Delivery {
    std::vector<uint8_t> header;
    const BoxView *box = nullptr;
    Event sent = 0;
    int64_t flippedBit = -1; ///< of the payload
  };

  /// The mailbox and the outbox of a device. Never two are locked at once.
  struct Node {
    mutable std::mutex mutex;
    std::condition_variable changed; ///< waited on by the device alone
    std::unordered_map<MessageId, Slot, MessageId::Hash> inbox;
    std::deque<Outgoing> outbox; ///< by Event
    std::vector<Delivery> held;  ///< reordered: arrive after the next one
    TransferCounters counters;
  };

  void attempt(Event sent, int64_t source);
  void arrive(Node &node, const Delivery &delivery);
  void releaseHeld(Node &node);
  bool askAgain(const MessageId &id);
  bool takeIn(const MessageHeader &expected, const BoxView &box,
              const Arrival &arrival);
  void acknowledge(const Arrival &arrival);

  const Options options;
  std::vector<Node> nodes;
  uint64_t epoch = 0;    ///< written by `begin` alone
  uint64_t planHash = 0; ///< likewise
  std::atomic<bool> stopped{false};
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_LOCALTRANSPORT_H
