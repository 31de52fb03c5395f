#include "posternctl/guard_reports.h"

#include <algorithm>
#include <utility>

#include "posternctl/ask.h"

namespace postern::ctl {
namespace {

constexpr Duration say_again_after = std::chrono::seconds{5};
constexpr io::LineStream::Timeout wait_at_most{100};  // for writing, and again for reading
constexpr std::size_t longest_text = 400;             // bytes
constexpr std::size_t most_waiting = 64;

}  // namespace

void GuardReports::say(control::GuardReport report, SteadyTime now) {
    if (said_ == report.state && report.revoked == 0 && now - said_at_ < say_again_after) return;
    said_ = report.state;
    said_at_ = now;
    report.text.resize(std::min(report.text.size(), longest_text));
    waiting_.push_back(std::move(report));
    if (waiting_.size() > most_waiting) waiting_.pop_front();
}

void GuardReports::send(const std::filesystem::path& socket) {
    while (!waiting_.empty()) {
        const auto reply = ask(socket, {control::Command::guard, {}, waiting_.front()}, wait_at_most);
        if (!reply && !reply.error().nobody) return;
        waiting_.pop_front();
    }
}

}  // namespace postern::ctl
