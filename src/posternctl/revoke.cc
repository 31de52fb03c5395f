// posternctl revoke: ends grants, and flows that are established already.
#include <algorithm>

#include "base/address.h"
#include "posternctl/ask.h"

namespace postern::ctl {
namespace {

using control::RevokeRequest;
using Target = RevokeRequest::Target;

constexpr auto footer =
    "Examples:\n"
    "  posternctl revoke --client alice\n"
    "  posternctl revoke --grant 12\n"
    "  posternctl revoke --flow tcp/198.51.100.7:40000/192.0.2.1:22\n"
    "  posternctl revoke --all\n\n"
    "A revoked flow is dropped in both directions at once. A revoked client can come back with a new message: remove\n"
    "him with `posternctl clients remove` to keep him out.";

struct Chosen {
    std::uint64_t grant = 0;
    std::string client, flow;
    bool all = false;

    [[nodiscard]] RevokeRequest request() const {
        if (grant != 0) return {Target::grant, grant, {}};
        if (!client.empty()) return {Target::client, 0, client};
        if (!flow.empty()) return {Target::flow, 0, flow};
        return {Target::all, 0, {}};
    }
};

// A flow that the kernel did not let go is a failure, whatever else was ended.
Exit say_failures(const std::string& result) {
    const auto report = control::read_revoke_report(result);
    if (!report) return Exit::failed;
    for (const std::string& failure : report->failures) complain(failure);
    return report->failures.empty() ? Exit::ok : Exit::failed;
}

Exit revoke(const Context& context, const std::filesystem::path& socket, const Chosen& chosen) {
    const auto result = ask_daemon(context, socket, {control::Command::revoke, chosen.request()});
    if (!result) return result.error();
    const Exit shown = show(context, *result, control::read_revoke_report);
    if (shown != Exit::ok) return shown;
    return say_failures(*result);
}

std::string check_number(const std::string& text) {
    const bool digits = !text.empty() && text.size() < 20 && text.find_first_not_of("0123456789") == std::string::npos;
    return digits && text != "0" ? "" : "got \"" + text + "\", expected a number that `posternctl grants` shows";
}

std::string check_filled(const std::string& text) { return text.empty() ? "got nothing, expected a name" : ""; }

// ADDRESS:PORT, an IPv6 address in brackets.
bool is_endpoint(const std::string& text) {
    const std::size_t colon = std::min(text.rfind(':'), text.size());
    const std::string port = text.substr(std::min(colon + 1, text.size()));
    const std::string host = text.substr(0, colon);
    const bool v6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
    const auto address = parse_address(v6 ? host.substr(1, host.size() - 2) : host);
    return address && (address->family == Family::v6) == v6 && !port.empty() && port.size() <= 5 &&
           port.find_first_not_of("0123456789") == std::string::npos;
}

std::string check_flow(const std::string& text) {
    const auto parts = CLI::detail::split(text, '/');
    if (parts.size() == 3 && (parts[0] == "tcp" || parts[0] == "udp") && is_endpoint(parts[1]) && is_endpoint(parts[2]))
        return "";
    return "got \"" + text + "\", expected a flow as `posternctl flows` names it: tcp/198.51.100.7:40000/192.0.2.1:22";
}

void add_targets(CLI::App& command, Chosen& chosen) {
    CLI::Option_group* target = command.add_option_group("what to end");
    target->add_option("--grant", chosen.grant, "this grant and the flows that it let in")->check(check_number);
    target->add_option("--client", chosen.client, "everything of this client")->check(check_filled);
    target->add_option("--flow", chosen.flow, "this flow, as `posternctl flows` names it")->check(check_flow);
    target->add_flag("--all", chosen.all, "every grant and flow of everybody");
    target->require_option(1);
}

}  // namespace

void add_revoke(CLI::App& app, const Context& context, Exit& exit) {
    CLI::App* command = app.add_subcommand("revoke", "end grants and flows at once");
    const auto socket = add_socket_option(*command);
    const auto chosen = std::make_shared<Chosen>();
    add_targets(*command, *chosen);
    command->footer(footer);
    command->callback([&context, &exit, socket, chosen] { exit = revoke(context, *socket, *chosen); });
}

}  // namespace postern::ctl
