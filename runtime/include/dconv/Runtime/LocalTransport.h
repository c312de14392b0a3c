//===- LocalTransport.h - devices of one process ----------------*- C++ -*-===//

#ifndef DCONV_RUNTIME_LOCALTRANSPORT_H
#define DCONV_RUNTIME_LOCALTRANSPORT_H

#include "dconv/Runtime/Bell.h"
#include "dconv/Runtime/Checksum.h"
#include "dconv/Runtime/FaultInjector.h"
#include "dconv/Runtime/LinkModel.h"
#include "dconv/Runtime/Transport.h"

#include <deque>
#include <memory>
#include <unordered_map>

namespace dconv::runtime {

/// Moves boxes between device threads of this process: the receiver copies
/// straight out of the box of the sender, which stays until the receiver has
/// verified what it holds. Owns no payload memory.
///
/// Headers travel in a mailbox per ordered pair of devices, which one thread
/// fills and one empties: nothing is locked. Who waits spins or sleeps
/// (Bell.h).
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
    /// When messages arrive; null: at once. Who waits for that sleeps.
    std::shared_ptr<LinkModel> links;
  };

  explicit LocalTransport(int64_t devices)
      : LocalTransport(devices, Options()) {}
  LocalTransport(int64_t devices, Options options);

  int64_t devices() const override { return nodes.size(); }
  Port openSend(const MessageHeader &header, const BoxView &box) override;
  Port openReceive(const MessageHeader &header, const BoxView &box) override;
  Status connect() override;
  void begin(uint64_t epoch) override;
  Status send(Port port) override;
  Status wait(Port port) override;
  Status receive(Port port) override;
  void stop() override;
  TransferCounters counters(int64_t device) const override;
  std::chrono::nanoseconds waited(int64_t device) const override {
    return nodes[device].waited;
  }

private:
  using Clock = Bell::Clock;

  /// What travels: a header and, in place of the payload, what happens to it.
  struct Letter {
    Port port = 0;
    bool late = false;       ///< arrives after the next one
    int64_t flippedBit = -1; ///< of the payload
    Clock::time_point due;   ///< when it arrives
    std::vector<uint8_t> header;
  };

  /// A place in a mailbox; full in the execution of number `epoch`.
  struct alignas(64) Delivery {
    std::atomic<uint64_t> epoch{0};
    Letter letter;
  };

  /// The mailbox of an ordered pair of devices: each execution fills it from
  /// the front. Has a place for each message of a program, and for its double.
  struct Link {
    std::unique_ptr<Delivery[]> deliveries;
    size_t places = 0;
    size_t headerBytes = 0; ///< of the longest
    size_t opened = 0;      ///< messages of the program that is being opened
    alignas(64) size_t posted = 0; ///< by the source alone
    alignas(64) size_t taken = 0;  ///< by the destination alone, likewise:
    std::atomic<int64_t> acceptedBytes{0};
  };

  /// A message of a program.
  struct Message {
    MessageHeader header;
    BoxView from, to;
    bool hasSender = false, hasReceiver = false;
    Link *link = nullptr;
    HeaderBytes bytes;
    CheckedCopy sum;  ///< of `from`
    CheckedCopy copy; ///< from there into `to`

    /// By the source; the fields before `sent`.
    alignas(64) uint32_t checksum = 0;
    Clock::time_point due;         ///< when it should arrive
    std::atomic<uint64_t> sent{0}; ///< number of the last execution with it

    /// By the destination.
    alignas(64) std::atomic<uint64_t> accepted{0}; ///< likewise
    uint64_t present = 0;                          ///< has arrived, likewise
    uint32_t arrivedChecksum = 0;                  ///< what its header says
    int64_t flippedBit = -1;
    Clock::time_point arrives;
    int64_t attempts = 0; ///< of asking again, with the first
  };

  /// What the thread of a device alone changes, but for the bell.
  struct Node {
    Bell bell;
    std::vector<Link *> incoming, outgoing;
    std::vector<Letter> held; ///< late ones
    Letter again;             ///< asked for again
    TransferCounters counters;
    std::chrono::nanoseconds waited{0};
  };

  Message &messageOf(const MessageHeader &header, Port &port);
  bool hasNext(const Link &link) const;
  bool address(Message &message, Port port, int64_t attempt, Letter &letter,
               bool &repeated);
  void takeLetters(Link &link, Node &node);
  void arrive(Node &node, const Letter &letter);
  void releaseHeld(Node &node);
  bool isLost(Message &message, Node &node);
  void askAgain(Message &message, Port port, Node &node);
  bool takeIn(Message &message);
  void accept(Message &message, Node &node);
  bool awaitArrival(Message &message, Node &node);
  template <typename Condition>
  bool await(Node &node, uint32_t reason, Condition met,
             Clock::time_point until);

  const Options options;
  const Waiting waiting;
  std::vector<Node> nodes;
  std::vector<std::unique_ptr<Link>> links; ///< [source][destination]
  std::deque<Message> messages;             ///< by Port
  /// Messages of the program that is being opened.
  std::unordered_map<MessageId, Port, MessageId::Hash> opening;
  uint64_t epoch = 0; ///< written by `begin` alone
  std::atomic<bool> stopped{false};
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_LOCALTRANSPORT_H
