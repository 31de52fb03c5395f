// postern open: asks the gateway for services and is done; whoever connects next from this address uses the grant.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "postern/ask_options.h"
#include "postern/command.h"

namespace postern::client {
namespace {

struct OpenOptions : AskOptions {
    std::vector<std::string> services;
    bool print = false;
};

constexpr auto footer = R"(
Examples:
  postern --profile gw open ssh               ask over IPv4 and IPv6, then: ssh gw1.example.net
  postern --profile gw open ssh --window 5s   ask for a grant of five seconds at most
  postern --profile gw open vpn -6            over IPv6 only
  postern --profile gw open ssh --print       print the messages as hexadecimal, send nothing

The grant is good for one connection from this address. Without --source-port it names no port, so a neighbour behind
the same NAT, or a SYN spoofed from this address, can use it up; `postern connect` leaves no such gap where it can name
its address. The gateway never answers: postern cannot know whether it agreed.)";

Result<Attempt> prepare(const Profile& profile, const OpenOptions& options) {
    const auto gateway = resolve(profile.host, profile.port, options.families());
    if (!gateway) return tl::make_unexpected(gateway.error());
    std::vector<std::string> passed_over;
    auto ways = find_ways(*gateway, options.source_mode(profile), passed_over);
    if (!ways) return tl::make_unexpected(ways.error());
    if (options.verbose)
        for (const std::string& line : passed_over) complain(line);
    return Attempt{profile, {options.services, options.wished_window(), options.source_port}, std::move(*ways)};
}

Result<void> print(const Attempt& attempt) {
    const auto datagrams = attempt.seal();
    if (!datagrams) return tl::make_unexpected(datagrams.error());
    for (const auto& datagram : *datagrams) fmt::print("{}\n", to_hex(datagram));
    return {};
}

Result<void> carry_out(const Attempt& attempt, const OpenOptions& options) {
    for (unsigned copy = 0; copy < options.copies; ++copy)
        if (const auto done = options.print ? print(attempt) : attempt.send(); !done) return done;
    if (options.verbose)
        complain(attempt.summary());
    else if (!options.print && ::isatty(STDOUT_FILENO) != 0)
        fmt::print("postern: {}\n", attempt.summary());
    return {};
}

void open(const OpenOptions& options, const Context& context, Exit& exit) {
    const auto profile = require_profile(context, exit);
    if (!profile) return;
    for (const std::string& name : options.services)
        if (!require_service(*profile, name, exit)) return;
    const auto done =
        prepare(*profile, options).and_then([&](const Attempt& attempt) { return carry_out(attempt, options); });
    if (done) return;
    complain(done.error().text);
    exit = Exit::failed;
}

}  // namespace

void add_open(CLI::App& app, const Context& context, Exit& exit) {
    auto options = std::make_shared<OpenOptions>();
    CLI::App* command = app.add_subcommand("open", "ask for one connection to each SERVICE");
    command->add_option("SERVICE", options->services, "services of the profile")->required()->expected(1, 8);
    add_ask_options(*command, *options);
    command->add_flag("--print", options->print, "print the messages as hexadecimal instead of sending them");
    command->footer(footer);
    command->callback([options, &context, &exit] { open(*options, context, exit); });
}

}  // namespace postern::client
