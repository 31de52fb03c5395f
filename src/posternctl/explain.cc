// posternctl explain: why a packet was let in or not, from a capture or as it happens.
#include "posternctl/explain.h"

#include <memory>

#include "config/values.h"
#include "posternctl/ask.h"

namespace postern::ctl {
namespace {

constexpr auto footer =
    "Examples:\n"
    "  tcpdump -i any -w gate.pcap                           first, at the gateway\n"
    "  posternctl explain --pcap gate.pcap                   the verdict on every packet, and why\n"
    "  posternctl explain --pcap gate.pcap --local 192.0.2.1 --local 2001:db8::1\n"
    "  posternctl explain --pcap gate.pcap --local 192.0.2.1 --behind 10.0.0.0/8\n"
    "  posternctl explain --live 198.51.100.7                what the daemon says of a source, as it happens\n"
    "  posternctl --json explain --live 198.51.100.0/24 --for 30s | jq -r .postern.reason";

struct Wish {
    CaptureWish capture;
    std::string live, duration;
    std::uint64_t count = 0;
    std::shared_ptr<std::filesystem::path> socket;
};

Exit wrong(const std::string& text) {
    complain(text);
    return Exit::usage;
}

Exit explain(const Context& context, const Wish& wish) {
    if (wish.live.empty() == wish.capture.file.empty()) return wrong("explain wants one of --pcap and --live");
    if (wish.live.empty()) return explain_capture(context, wish.capture);
    const auto source = parse_prefix(wish.live);
    if (!source) return wrong("--live: got \"" + wish.live + "\", expected an address or a prefix");
    LiveWish live{*source, *wish.socket, {}, {}};
    if (!wish.duration.empty()) {
        live.limit = config::duration(wish.duration);
        if (!live.limit) return wrong("--for: got \"" + wish.duration + "\", expected a duration such as 30s or 2m");
    }
    if (wish.count > 0) live.count = wish.count;
    return explain_live(context, live);
}

}  // namespace

void add_explain(CLI::App& app, const Context& context, Exit& exit) {
    CLI::App* command = app.add_subcommand("explain", "why packets were let in or not: a capture, or as it happens");
    command->footer(footer);
    const auto wish = std::make_shared<Wish>();
    command->add_option("--pcap", wish->capture.file,
                        "a capture: pcap or pcapng of raw IP, Ethernet or Linux cooked; -: standard input");
    command->add_option("--local", wish->capture.local, "an address or prefix of the gateway itself; may be repeated")
        ->take_all();
    command->add_option("--behind", wish->capture.behind, "hosts that the gateway forwards for; may be repeated")
        ->take_all();
    command->add_option("--ipsec", wish->capture.ipsec, "sources whose packets came out of IPsec; may be repeated")
        ->take_all();
    command->add_option("--live", wish->live, "follow this address or prefix in the running daemon");
    command->add_option("--for", wish->duration, "how long to follow, such as 30s (default: until interrupted)");
    command->add_option("--count", wish->count, "how many verdicts to wait for (default: until interrupted)");
    wish->socket = add_socket_option(*command);
    command->callback([&context, &exit, wish] { exit = explain(context, *wish); });
}

}  // namespace postern::ctl
