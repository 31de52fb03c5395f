// postern knock: sends a knock sequence, step after step, and is done; whoever connects next from here is let in.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <thread>

#include "postern/command.h"
#include "postern/knock_sockets.h"
#include "postern/one_time_file.h"

namespace postern::client {
namespace {

struct KnockOptions {
    std::string host;
    std::vector<std::string> steps;
    std::string one_time_list;  // a file; empty: the steps are on the command line
    unsigned delay = 5;         // milliseconds
    bool only_v4 = false;
    bool only_v6 = false;
    bool verbose = false;
};

constexpr auto footer = R"(
Examples:
  postern knock gw1.example.net tcp/7000 udp/8000 icmp/echo-request && ssh gw1.example.net
  postern knock 192.0.2.1 7000 8000:udp 9000      as knock(1) writes it
  postern knock -6 --delay 50 gw1.example.net tcp/7000 tcp/9000 tcp/8000
  postern knock gw1.example.net --one-time-list door.lines && ssh gw1.example.net

Needs no profile. The gateway never answers: postern cannot know whether it opened. Whoever sees the steps on their way
can repeat them, unless they are a line of a one-time list; `postern open` and `postern connect` leave nothing to
repeat.)";

Families families_of(const KnockOptions& options) {
    if (options.only_v4 == options.only_v6) return Families::both;
    return options.only_v4 ? Families::only_v4 : Families::only_v6;
}

// Somebody at the host's first address of each family that this host has a way to; for a line of a list at the first of
// all, as it lets in from one source.
Result<std::vector<Knocker>> gather(const KnockOptions& options, const std::vector<knock::Step>& steps) {
    const auto addresses = resolve(options.host, 0, families_of(options));
    if (!addresses) return tl::make_unexpected(addresses.error());
    const bool echo =
        std::ranges::any_of(steps, [](const knock::Step& step) { return step.transport == Transport::icmp; });
    std::vector<Knocker> knockers;
    std::string why;
    for (const Endpoint& gateway : *addresses) {
        if (!knockers.empty() && !options.one_time_list.empty()) break;
        const bool there = std::ranges::any_of(
            knockers, [&](const Knocker& one) { return one.address().family == gateway.address.family; });
        if (there) continue;
        auto knocker = Knocker::at(gateway, echo);
        if (knocker)
            knockers.push_back(std::move(*knocker));
        else
            why = knocker.error().text;
    }
    if (knockers.empty()) return failure(why);
    return knockers;
}

// A family after the other at each step, so that both are open when the last step is sent.
Result<void> send_all(std::vector<Knocker>& knockers, const std::vector<knock::Step>& steps, unsigned delay) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (i > 0 && delay > 0) std::this_thread::sleep_for(std::chrono::milliseconds{delay});
        for (Knocker& knocker : knockers)
            if (const auto sent = knocker.send(steps[i]); !sent) return sent;
    }
    return {};
}

void tell(const KnockOptions& options, const std::vector<knock::Step>& steps, const std::vector<Knocker>& knockers) {
    std::vector<std::string> addresses, texts;
    for (const Knocker& knocker : knockers) addresses.push_back(to_text(knocker.address()));
    for (const knock::Step& step : steps) texts.push_back(knock::to_text(step));
    const std::string line =
        fmt::format("sent {} to {} ({})", fmt::join(texts, " "), options.host, fmt::join(addresses, ", "));
    if (options.verbose)
        complain(line);
    else if (::isatty(STDOUT_FILENO) != 0)
        fmt::print("postern: {}\n", line);
}

void fail(const Error& error, Exit& exit, Exit code) {
    complain(error.text);
    exit = code;
}

// `before` is called when everything is ready for the first packet.
void send(const KnockOptions& options, const std::vector<knock::Step>& steps, Exit& exit,
          const std::function<Result<void>()>& before = {}) {
    auto knockers = gather(options, steps);
    if (!knockers) return fail(knockers.error(), exit, Exit::failed);
    if (before)
        if (const auto done = before(); !done) return fail(done.error(), exit, Exit::failed);
    if (const auto sent = send_all(*knockers, steps, options.delay); !sent)
        return fail(sent.error(), exit, Exit::failed);
    tell(options, steps, *knockers);
}

void knock_steps(const KnockOptions& options, Exit& exit) {
    std::vector<knock::Step> steps;
    for (const std::string& text : options.steps) {
        const auto step = read_step(text);
        if (!step) return fail(step.error(), exit, Exit::usage);
        steps.push_back(*step);
    }
    send(options, steps, exit);
}

// The line is marked before anything of it leaves: whatever happens then, it is not sent again.
void knock_line(const KnockOptions& options, Exit& exit) {
    const auto list = OneTimeFile::open(options.one_time_list);
    if (!list) return fail(list.error(), exit, Exit::failed);
    send(options, list->steps(), exit, [&] { return list->mark(); });
}

void knock(const KnockOptions& options, Exit& exit) {
    if (options.steps.empty() == options.one_time_list.empty())
        return fail(Error{"got neither STEP nor --one-time-list, expected one of the two"}, exit, Exit::usage);
    return options.steps.empty() ? knock_line(options, exit) : knock_steps(options, exit);
}

}  // namespace

void add_knock(CLI::App& app, const Context&, Exit& exit) {
    auto options = std::make_shared<KnockOptions>();
    CLI::App* command = app.add_subcommand("knock", "send a knock sequence to HOST, STEP after STEP");
    command->add_option("HOST", options->host, "the gateway's name or address")->required();
    CLI::Option* steps =
        command->add_option("STEP", options->steps, "tcp/PORT, udp/PORT or icmp/echo-request, in their order")
            ->expected(1, static_cast<int>(knock::most_steps));
    command
        ->add_option("--one-time-list", options->one_time_list, "send the next line of this file, and mark it as used")
        ->excludes(steps);
    auto* only_v4 = command->add_flag("-4", options->only_v4, "over IPv4 only");
    command->add_flag("-6", options->only_v6, "over IPv6 only")->excludes(only_v4);
    command->add_option("--delay", options->delay, "milliseconds between two steps, so that they keep their order")
        ->check(CLI::Range(0, 10000))
        ->capture_default_str();
    command->add_flag("-v,--verbose", options->verbose, "say on standard error what was sent, and where");
    command->footer(footer);
    command->callback([options, &exit] { knock(*options, exit); });
}

}  // namespace postern::client
