#include "posternd/start.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <system_error>

#include "base/timestamp.h"
#include "config/named_path.h"
#include "io/clock.h"
#include "io/notify.h"
#include "io/privileges.h"
#include "io/random.h"
#include "posternd/last_good.h"
#include "posternd/markers.h"
#include "posternd/stale.h"
#include "rules/ruleset.h"

namespace postern {
namespace {

// Inside of start() a refusal travels as an exception, so that the steps read one below the other.
template <class T>
T must(Result<T> result) {
    if (!result) throw Refused{Exit::failed, {result.error().text}};
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// A policy to run on, and the mistakes of the files where it is the last good one.
struct Loaded {
    config::Configuration configuration;
    std::vector<std::string> mistakes;
};

Loaded must_load(const Options& options, Names& names) {
    auto loaded = config::load(options.policy_file, names);
    if (loaded) return {std::move(*loaded), {}};
    Refused refused{Exit::bad_policy, {}};
    for (const auto& diagnostic : loaded.error()) refused.lines.push_back(config::to_text(diagnostic));
    const auto state = options.state.empty() ? config::state_directory(options.policy_file) : options.state;
    auto good = load_last_good(state, options.policy_file, names);
    if (good) return {std::move(*good), std::move(refused.lines)};
    if (has_last_good(state)) refused.lines.push_back("there is no last good policy to run on: " + good.error().text);
    throw refused;
}

void give_up_privileges() {
    must(io::keep_only_network_administration());
    if (io::runs_as_root())
        std::fputs("posternd: runs as root; a user of its own with CAP_NET_ADMIN is enough\n", stderr);
}

SipKey random_key() {
    SipKey key;
    io::fill_random(key);
    return key;
}

std::vector<netfilter::Queue> bind_queues(const Policy& policy, const Options& options, int wake_fd) {
    std::vector<netfilter::Queue> queues;
    netfilter::QueueOptions each;
    each.length = options.queue_length;
    each.receive_buffer = options.receive_buffer;
    each.wake_fd = wake_fd;
    const std::uint16_t first = rules::Inputs{}.first_queue;
    for (std::uint16_t i = 0; i < policy.gateway.queues; ++i)
        queues.push_back(must(netfilter::Queue::open(static_cast<std::uint16_t>(first + i), each)));
    return queues;
}

std::unique_ptr<Engine> make_engine(const Options& options, Names& names, const config::Configuration& configuration,
                                    io::LogFile log, netfilter::Conntrack conntrack, netfilter::SocketDiag sockets,
                                    io::Waker endings_waker) {
    const Instant now = io::now();
    const SpentMarkers markers = spend_markers(configuration);
    // Behind the control socket's opening: whoever applied rules before then wrote it down, later ones will tell us.
    const PolicyInForce first = in_force(*configuration.policy, configuration.settings.numbers_file);
    auto engine = std::make_unique<Engine>(options.policy_file, names, configuration.settings, first, random_key(),
                                           std::move(log), std::move(conntrack), std::move(sockets),
                                           std::move(endings_waker), now.wall);
    if (markers.warning) engine->warnings.push_back(*markers.warning);
    engine->policy_warnings = configuration.warnings;
    engine->state_directory = options.state.empty() ? configuration.settings.state_directory : options.state;
    engine->keeper = std::make_unique<Keeper>(engine->tables, engine->current,
                                              StatePlace{engine->state_directory, configuration.settings.state_anchor});
    engine->keeper->begin(markers, now);
    engine->sessions = std::make_unique<Sessions>(engine->tables, engine->current);
    engine->sessions->begin(engine->state_directory, names, now.steady);
    engine->ends_pending = true;  // some of these may have been ended already
    engine->state_thread = std::make_unique<StateThread>(*engine->keeper, *engine->sessions);
    return engine;
}

// Before the queues: which connections report their end is decided when they begin.
std::optional<netfilter::ConntrackEvents> listen_to_conntrack(const Policy& policy, std::size_t buffer,
                                                              std::vector<std::string>& warnings) {
    const MarkField field = policy.gateway.mark;
    auto events =
        netfilter::ConntrackEvents::open({.over = true}, {field.mask, field.bits(Mark::accepted), field.mask}, buffer);
    if (events) return std::move(*events);
    warnings.push_back(events.error().text + "; flows are compared with conntrack every 5 seconds");
    return std::nullopt;
}

void start_workers(Engine& engine, std::vector<netfilter::Queue> queues) {
    for (std::size_t i = 0; i < queues.size(); ++i) {
        const WorkerContext context{
            engine.current, engine.tables, engine.journal, *engine.followers, engine.endings_waker, i, random_key()};
        engine.workers.push_back({std::make_unique<Worker>(std::move(queues[i]), context), {}});
    }
    for (WorkerThread& each : engine.workers)
        each.thread = std::jthread{[worker = each.worker.get()](const std::stop_token& stop) { worker->run(stop); }};
}

void tell_ready(Engine& engine) {
    const std::size_t clients = engine.current.get()->clients.size();
    std::string line = std::to_string(engine.workers.size()) + " queues bound, " + std::to_string(clients) +
                       (clients == 1 ? " client" : " clients");
    const Keeper::Report state = engine.keeper->report();
    if (!state.trouble.empty())
        line += ", refuses SPA: " + state.trouble;
    else if (state.refused_until > engine.started)
        line += ", refuses SPA from before " + to_text(state.refused_until) + ": " + state.warning;
    engine.tell(log::engine_event(log::What::started, line, engine.started));
    io::notify_ready(engine.policy_stale.empty() ? line : stale_line(engine));
    std::fprintf(stderr, "posternd: %s\n", line.c_str());
}

}  // namespace

tl::expected<std::unique_ptr<Daemon>, Refused> start(const Options& options) try {
    auto signals = must(io::Signals::block({SIGTERM, SIGINT, SIGHUP, SIGUSR1}));
    Names names;
    const auto [configuration, mistakes] = must_load(options, names);
    give_up_privileges();
    auto log = must(io::LogFile::open(configuration.settings.log_file));
    auto control = must(io::UnixListener::open(configuration.settings.control_socket, 0660));
    auto waker = must(io::Waker::make());
    auto endings_waker = must(io::Waker::make());
    auto bell = must(io::Waker::make());
    auto conntrack = must(netfilter::Conntrack::open());
    auto sockets = must(netfilter::SocketDiag::open());
    std::vector<std::string> warnings;
    auto conntrack_events = listen_to_conntrack(*configuration.policy, options.events_buffer, warnings);
    auto queues = bind_queues(*configuration.policy, options, waker.descriptor());

    auto daemon = std::make_unique<Daemon>(
        Daemon{std::move(signals), std::move(waker), std::move(control), std::move(names), nullptr});
    daemon->engine = make_engine(options, daemon->names, configuration, std::move(log), std::move(conntrack),
                                 std::move(sockets), std::move(endings_waker));
    daemon->engine->conntrack_events = std::move(conntrack_events);
    begin_with(*daemon->engine, configuration.text, mistakes);
    std::ranges::move(warnings, std::back_inserter(daemon->engine->warnings));
    daemon->engine->followers = std::make_unique<Followers>(std::move(bell), queues.size());
    start_workers(*daemon->engine, std::move(queues));
    tell_ready(*daemon->engine);
    return daemon;
} catch (const Refused& refused) {
    return tl::make_unexpected(refused);
} catch (const std::system_error& error) {  // a thread that the system does not give
    return tl::make_unexpected(Refused{Exit::failed, {error.what()}});
}

}  // namespace postern
