#include "posternd/serve.h"

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "io/clock.h"
#include "io/notify.h"
#include "posternd/control_service.h"
#include "posternd/ending.h"
#include "posternd/maintenance.h"
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

void reload_by_signal(Engine& engine) {
    io::notify_reloading();
    if (const auto report = reload(engine); report && !report->mistakes.empty()) {
        std::fputs("posternd: the policy before stays in force, for these mistakes of the new one:\n", stderr);
        for (std::size_t i = 0; i < std::min(report->mistakes.size(), most_mistakes_told); ++i)
            std::fprintf(stderr, "posternd: %s\n", report->mistakes[i].c_str());
    }
    io::notify_ready(engine.policy_stale.empty() ? "reloaded" : stale_line(engine));
}

// False: it is time to go.
bool obey_signals(Daemon& daemon) {
    while (const auto signal = daemon.signals.take()) {
        if (*signal == SIGHUP)
            reload_by_signal(*daemon.engine);
        else if (*signal == SIGUSR1)
            daemon.engine->journal.reopen();
        else
            return false;
    }
    return true;
}

// What workers ended in the tables is marked in the kernel before anything else is looked at.
void end_flows_called_for(Engine& engine) {
    engine.endings_waker.reset();
    (void)end_in_kernel(engine, engine.current.get());
}

void drain(Daemon& daemon) {
    Engine& engine = *daemon.engine;
    io::notify_stopping();
    engine.tell(log::engine_event(log::What::stopping, "settling what waits", io::now().wall));
    for (WorkerThread& each : engine.workers) each.thread.request_stop();
    daemon.waker.wake();
    for (WorkerThread& each : engine.workers) each.thread.join();
    if (const auto kept = engine.state_thread->end(); !kept)
        std::fprintf(stderr, "posternd: %s\n", kept.error().text.c_str());
}

}  // namespace

Result<void> serve(Daemon& daemon) {
    ControlService control_service{*daemon.engine};
    Maintenance maintenance{*daemon.engine};
    Pulse pulse;
    SteadyTime looked{};
    for (bool stay = true; stay && !maintenance.failure();) {
        Followers& followers = *daemon.engine->followers;
        const auto [ends, over, signalled, asked, told] = io::wait_readable(
            std::array{daemon.engine->endings_waker.descriptor(), maintenance.flows().descriptor(),
                       daemon.signals.descriptor(), daemon.control.descriptor(), followers.descriptor()},
            second);
        if (ends) end_flows_called_for(*daemon.engine);
        if (over) maintenance.flows().take_events();
        if (signalled) stay = obey_signals(daemon);
        if (asked) answer_one(daemon.control, control_service, followers);
        if (told) followers.serve();
        const SteadyTime now = io::now().steady;
        if (now - looked < second) continue;
        looked = now;
        maintenance.tick();
        followers.serve();
        if (pulse.beats(daemon.engine->workers)) io::notify_alive();
    }
    drain(daemon);
    if (const auto failure = maintenance.failure()) return postern::failure(*failure);
    return {};
}

}  // namespace postern
