#include "posternd/worker.h"

#include "gate/observe.h"
#include "io/clock.h"
#include "packet/parse.h"

namespace postern {
namespace {

constexpr std::chrono::milliseconds patience{1000};  // how long an idle worker waits before it looks around
constexpr int last_batches = 512;                    // at the end; a flood does not keep the daemon from ending

spa::Opener opener_for(const Policy& policy) {
    return spa::Opener{policy.gateway.name, policy.gateway.keys, policy.gateway.skew};
}

PacketView view_of(const netfilter::QueuedPacket& packet, const Policy& policy) noexcept {
    PacketView view = parse(packet.payload);
    const Mark mark = policy.gateway.mark.of(packet.mark);
    view.local = mark == Mark::local || mark == Mark::observe_local;
    view.observing = mark == Mark::observe || mark == Mark::observe_local;
    return view;
}

}  // namespace

Worker::Worker(netfilter::Queue queue, const WorkerContext& context)
    : queue_{std::move(queue)},
      context_{context},
      policy_{context.current.get()},
      opener_{opener_for(*policy_)},
      ledger_{queue_.number(), context.ledger_key} {}

void Worker::run(const std::stop_token& stop) {
    while (!stop.stop_requested() && !failure()) (void)turn(patience);
    for (int batches = 0; batches < last_batches && turn(std::chrono::milliseconds{0}); ++batches) {
    }
    queue_.idle();
    ledger_.flush(io::now(),
                  [&](log::Event&& event) { return context_.journal.push(context_.producer, std::move(event)); });
    context_.journal.wake();
}

// One batch. False where nothing came.
bool Worker::turn(std::chrono::milliseconds wait) {
    const auto batch = queue_.receive(wait);
    if (!batch) {
        failure_.with([&](auto& failure) { failure = batch.error().text; });
        return false;
    }
    ++turns_;
    const Instant now = io::now();
    take_new_policy();
    take_new_followed();
    opener_.set_time(now.wall);
    for (const netfilter::QueuedPacket& packet : *batch) judge(packet, now);
    if (batch->empty())
        queue_.idle();
    else
        queue_.settle();
    ++turns_;
    finish_turn(now);
    return !batch->empty();
}

void Worker::take_new_policy() {
    if (!context_.current.newer_than(*policy_)) return;
    policy_ = context_.current.get();
    opener_ = opener_for(*policy_);
}

void Worker::take_new_followed() {
    const std::uint64_t version = context_.followers.version();
    if (version == followed_version_) return;
    followed_version_ = version;
    followed_ = context_.followers.followed();
}

void Worker::judge(const netfilter::QueuedPacket& packet, Instant now) {
    const PacketView view = view_of(packet, *policy_);
    const Decision decision = observed(decide(view, now, *policy_, context_.tables, opener_), view, *policy_);
    verdicts_.count(decision.reason);
    note(view, decision, now);
    if (decision.ends_flows) context_.endings_waker.wake();
    if (decision.lets_in())
        queue_.accept(packet.id, policy_->gateway.mark.with(packet.mark, decision.mark));
    else
        queue_.drop(packet.id);
}

// Every packet of a followed source, also those that the log only counts.
void Worker::tell_followers(const PacketView& view, const Decision& decision, Instant now) {
    log::Event event;
    event.time = now.wall;
    event.packet = log::names_of(view);
    event.decision = decision;
    event.queue = queue_.number();
    event.policy = policy_;
    context_.followers.push(context_.producer, std::move(event));
    told_followers_ = true;
}

void Worker::note(const PacketView& view, const Decision& decision, Instant now) {
    if (followed_.covers(view.source)) tell_followers(view, decision, now);
    auto event = ledger_.note(view, decision, now, policy_);
    if (!event) return;
    spoke_ = true;
    if (!context_.journal.push(context_.producer, std::move(*event))) ledger_.take_back(*event);
}

void Worker::finish_turn(Instant now) {
    if (ledger_.due(now.steady))
        ledger_.flush(now, [&](log::Event&& event) {
            spoke_ = true;
            return context_.journal.push(context_.producer, std::move(event));
        });
    if (spoke_) context_.journal.wake();
    if (told_followers_) context_.followers.ring_bell();
    spoke_ = told_followers_ = false;
}

std::optional<std::string> Worker::failure() const {
    return failure_.with([](const auto& failure) { return failure; });
}

}  // namespace postern
