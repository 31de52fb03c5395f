#include "posternd/serve.h"

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "io/clock.h"
#include "io/notify.h"
#include "posternd/desk.h"
#include "posternd/ending.h"
#include "posternd/keeper.h"
#include "posternd/pulse.h"
#include "posternd/reload.h"
#include "posternd/stale.h"

namespace postern {
namespace {

constexpr std::chrono::milliseconds second{1000};

// One question, one answer; or somebody who stays to follow a source. Who connects and says nothing costs the main
// thread a second, no packet anything.
void answer_one(const io::UnixListener& control, control::Service& service, Followers& followers) {
    auto stream = control.accept();
    if (!stream) return;
    const auto line = stream->read_line(control::longest_request, second);
    if (!line) return;
    if (const auto source = control::followed(*line))
        followers.admit(std::move(*stream), *source);
    else
        (void)stream->write_line(control::answer(*line, service), second);
}

void reload_by_signal(House& house) {
    io::notify_reloading();
    if (const auto report = reload(house))
        for (std::size_t i = 0; i < std::min(report->mistakes.size(), most_mistakes_told); ++i)
            std::fprintf(stderr, "posternd: %s\n", report->mistakes[i].c_str());
    io::notify_ready(house.policy_stale.empty() ? "reloaded" : stale_line(house));
}

// False: it is time to go.
bool obey_signals(Daemon& daemon) {
    while (const auto signal = daemon.signals.take()) {
        if (*signal == SIGHUP)
            reload_by_signal(*daemon.house);
        else if (*signal == SIGUSR1)
            daemon.house->journal.reopen();
        else
            return false;
    }
    return true;
}

// What workers ended in the tables is marked in the kernel before anything else is looked at.
void end_flows_called_for(House& house) {
    house.flows_end.reset();
    (void)end_in_kernel(house, house.current.get());
}

void drain(Daemon& daemon) {
    House& house = *daemon.house;
    io::notify_stopping();
    house.tell(log::engine_event(log::What::stopping, "settling what waits", io::now().wall));
    for (Post& post : house.posts) post.thread.request_stop();
    daemon.waker.wake();
    for (Post& post : house.posts) post.thread.join();
}

}  // namespace

Result<void> serve(Daemon& daemon) {
    Desk desk{*daemon.house};
    Keeper keeper{*daemon.house};
    Pulse pulse;
    SteadyTime looked{};
    for (bool stay = true; stay && !keeper.failure();) {
        Followers& followers = *daemon.house->followers;
        const auto [ends, over, signalled, asked, told] = io::wait_readable(
            std::array{daemon.house->flows_end.descriptor(), keeper.flows().descriptor(), daemon.signals.descriptor(),
                       daemon.control.descriptor(), followers.descriptor()},
            second);
        if (ends) end_flows_called_for(*daemon.house);
        if (over) keeper.flows().take_events();
        if (signalled) stay = obey_signals(daemon);
        if (asked) answer_one(daemon.control, desk, followers);
        if (told) followers.serve();
        const SteadyTime now = io::now().steady;
        if (now - looked < second) continue;
        looked = now;
        keeper.look_around();
        followers.serve();
        if (pulse.beats(daemon.house->posts)) io::notify_alive();
    }
    drain(daemon);
    if (const auto failure = keeper.failure()) return postern::failure(*failure);
    return {};
}

}  // namespace postern
