// postern connect: asks and connects in one step, and carries standard input and output. Made for ssh's ProxyCommand.
#include <fmt/format.h>
#include <unistd.h>

#include "postern/ask_options.h"
#include "postern/command.h"
#include "postern/dial.h"
#include "postern/relay.h"

namespace postern::client {
namespace {

struct ConnectOptions : AskOptions {
    std::string host;
    std::uint16_t port = 0;
    std::string service;  // empty: the first of the profile with this port
    std::string timeout = "10s";
};

constexpr auto footer = R"(
Examples:
  ssh -o ProxyCommand='postern --profile gw connect %h %p' gw1.example.net
  postern --profile gw connect gw1.example.net 22 --timeout 30s -v

In ~/.ssh/config, so that plain `ssh gw1.example.net` works:
  Host gw1.example.net
      ProxyCommand postern --profile gw connect %h %p

The source port is bound before the message is sent and named in it wherever the address is exact, so nobody else can
use the grant up. An unanswered attempt is repeated with new messages; it stays one attempt and opens one connection.)";

const Service* pick_service(const Profile& profile, const ConnectOptions& options, Exit& exit) {
    if (!options.service.empty())
        return require_service(profile, options.service, exit) ? profile.service(options.service) : nullptr;
    if (const Service* service = profile.service(Transport::tcp, options.port)) return service;
    complain(fmt::format("{}: no service has tcp/{}; it has {}", profile.file.string(), options.port,
                         profile.service_names()));
    exit = Exit::usage;
    return nullptr;
}

Result<std::vector<Leg>> find_legs(const Profile& profile, const ConnectOptions& options) {
    const auto targets = resolve(options.host, options.port, options.families());
    if (!targets) return tl::make_unexpected(targets.error());
    const auto gateways = resolve(profile.host, profile.port, options.families());
    if (!gateways) return tl::make_unexpected(gateways.error());
    return prepare_legs(*targets, *gateways, options.source_mode(profile), options.source_port);
}

Result<void> ask(const Attempt& attempt, const ConnectOptions& options) {
    if (options.verbose) complain(attempt.summary());
    for (unsigned copy = 0; copy < options.copies; ++copy)
        if (const auto sent = attempt.send(); !sent) return sent;
    return {};
}

void explain(const ConnectOptions& options, const Attempt& attempt, const std::string& why) {
    complain(fmt::format("no connection to {} port {}: {}; {}", options.host, options.port, why, attempt.summary()));
    if (why.starts_with("no answer"))
        complain(
            "a gateway never says why, its verdict log does; here, check the clock, the profile and the address; "
            "a gateway that was just started lets nobody in for a while");
}

void carry(const Socket& connection, Exit& exit) {
    if (const auto ended = relay(connection, STDIN_FILENO, STDOUT_FILENO); !ended) {
        complain(ended.error().text);
        exit = Exit::failed;
    }
}

void run(const Profile& profile, const Service& service, const ConnectOptions& options, Exit& exit) {
    auto legs = find_legs(profile, options);
    if (!legs) {
        complain(legs.error().text);
        exit = Exit::failed;
        return;
    }
    const Wish wish{{service.name}, options.wished_window(), bound_port(legs->front().socket)};
    const Attempt attempt{profile, wish, ways_of(*legs)};
    const Duration timeout = *parse_duration(options.timeout);
    const auto connection = dial(std::move(*legs), timeout, [&] { return ask(attempt, options); });
    if (connection) return carry(*connection, exit);
    explain(options, attempt, connection.error().text);
    exit = Exit::no_connection;
}

void connect(const ConnectOptions& options, const Context& context, Exit& exit) {
    const auto profile = require_profile(context, exit);
    if (!profile) return;
    if (const Service* service = pick_service(*profile, options, exit)) run(*profile, *service, options, exit);
}

std::string check_timeout(const std::string& text) {
    return parse_duration(text) ? "" : fmt::format("got \"{}\", expected 1s to 5m", text);
}

}  // namespace

void add_connect(CLI::App& app, const Context& context, Exit& exit) {
    auto options = std::make_shared<ConnectOptions>();
    CLI::App* command = app.add_subcommand("connect", "ask, connect to HOST PORT and carry standard input and output");
    command->add_option("HOST", options->host, "a name or an address of the gateway")->required();
    command->add_option("PORT", options->port, "a TCP port")->required()->check(CLI::Range(1, 65535));
    command->add_option("--service", options->service, "ask for this service (default: the one that has PORT)");
    command->add_option("--timeout", options->timeout, "give up after this long, as 30s")
        ->check(check_timeout)
        ->capture_default_str();
    add_ask_options(*command, *options);
    command->footer(footer);
    command->callback([options, &context, &exit] { connect(*options, context, exit); });
}

}  // namespace postern::client
