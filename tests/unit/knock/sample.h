// Sequences and packets, written as expressions.
#pragma once

#include <string>
#include <vector>

#include "knock/judge.h"

namespace postern::test {

using namespace std::chrono_literals;

inline knock::Sequence sequence(const std::vector<std::string>& steps, std::uint16_t knock = 1,
                                knock::Part part = knock::Part::opening) {
    knock::Sequence made;
    made.id = {static_cast<ClientId>(knock), part};
    for (const std::string& step : steps) made.steps.push_back(knock::parse_step(step).value());
    return made;
}

// The packet that takes a step, from the n-th source.
inline PacketView hit(const std::string& text, std::uint8_t source = 1) {
    const knock::Step step = knock::parse_step(text).value();
    PacketView view;
    view.malformed = false;
    view.local = true;
    view.source.octets = {198, 51, 100, source};
    view.transport = step.transport;
    view.destination_port = step.port;
    view.tcp_flags = step.flags;
    if (step.transport == Transport::icmp) view.icmp_type = 8;
    return view;
}

// What is listened to of one-time lists: of all alike.
struct Live final : knock::Listened {
    knock::LineWindow lines{0, 5};
    [[nodiscard]] knock::LineWindow window(knock::SequenceId) const noexcept override { return lines; }
};

// A book, a table of progress and time that passes when told to.
class Door {
public:
    explicit Door(std::vector<knock::Sequence> sequences, std::size_t sources = 64)
        : book_{std::move(sequences)}, progress_{sources, KeyedHash{{1, 2}}} {}

    knock::Outcome judge(const PacketView& packet) { return knock::judge(book_, live, progress_, packet, now_); }
    knock::What hit(const std::string& step, std::uint8_t source = 1) { return judge(test::hit(step, source)).what; }
    // What the last of several steps was.
    knock::What walk(const std::vector<std::string>& steps, std::uint8_t source = 1) {
        knock::What what{};
        for (const std::string& step : steps) what = hit(step, source);
        return what;
    }
    void pass(Duration time) { now_ += time; }
    void sweep() { progress_.sweep(now_); }
    [[nodiscard]] std::size_t size() const { return progress_.size(); }
    [[nodiscard]] SteadyTime now() const { return now_; }
    Live live;

private:
    knock::Book book_;
    knock::Progress progress_;
    SteadyTime now_{std::chrono::hours{1}};
};

}  // namespace postern::test
