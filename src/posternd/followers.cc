#include "posternd/followers.h"

#include "control/messages.h"

namespace postern {
namespace {

constexpr std::size_t at_once = 1024;  // events in one serve(): the main thread has other duties
constexpr std::chrono::milliseconds second{1000};

std::string reply(std::string result) { return control::to_line({true, std::move(result), {}, {}}); }

}  // namespace

Followers::Followers(io::Waker bell, std::size_t workers) : bell_{std::move(bell)} {
    for (std::size_t i = 0; i < workers; ++i) rings_.push_back(std::make_unique<log::Ring>(ring_capacity));
}

Followed Followers::followed() const {
    return followed_.with([](const Followed& followed) { return followed; });
}

void Followers::admit(io::LineStream stream, const Prefix& source) {
    serve();  // whoever left makes room
    if (followers_.size() == most_followers) {
        const std::string text = std::to_string(most_followers) + " others follow a source already; end one of them";
        (void)stream.write_line(control::to_line({false, {}, text, {}}), second);
        return;
    }
    followers_.push_back({std::move(stream), source, {}});
    publish();
    followers_.back().say("{\"following\":\"" + to_text(source) + "\"}");
    serve();
}

void Followers::publish() {
    Followed now;
    for (const Follower& follower : followers_) now.add(follower.source);
    followed_.with([&](Followed& followed) { followed = now; });
    version_.fetch_add(1, std::memory_order_release);
}

void Followers::serve() {
    bell_.reset();
    count_ring_losses();
    std::size_t served = 0;
    for (auto& ring : rings_)
        while (served < at_once) {
            const auto event = ring->pop();
            if (!event) break;
            ++served;
            hand_on(*event);
        }
    if (served == at_once) bell_.wake();
    if (std::erase_if(followers_, [](Follower& one) { return one.stream.ended() || !one.flush(); }) > 0) publish();
}

void Followers::hand_on(const log::Event& event) {
    const std::string line = log::to_json(event);
    for (Follower& follower : followers_)
        if (follower.source.contains(event.packet->source)) follower.say(line);
}

// Whose they were, a full ring does not know: they are told to all.
void Followers::count_ring_losses() {
    std::uint64_t lost = 0;
    for (const auto& ring : rings_) lost += ring->lost();
    for (Follower& follower : followers_) follower.lost += lost - ring_losses_;
    ring_losses_ = lost;
}

void Followers::Follower::say(const std::string& result) {
    if (waiting.size() + result.size() > most_waiting) {
        ++lost;
        return;
    }
    if (lost > 0) waiting += reply("{\"lost\":" + std::to_string(std::exchange(lost, 0)) + "}") + '\n';
    waiting += reply(result) + '\n';
}

// False where the connection is broken.
bool Followers::Follower::flush() {
    if (waiting.empty()) return true;
    const auto written = stream.write_some(waiting);
    if (written) waiting.erase(0, *written);
    return written.has_value();
}

}  // namespace postern
