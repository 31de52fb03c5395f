#include "postern/knock_sockets.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace postern::client {
namespace {

std::string reason() { return std::generic_category().message(errno); }

Result<Socket> open_ping(Family family) {
    constexpr int kind = SOCK_DGRAM | SOCK_CLOEXEC;
    Socket socket{family == Family::v4 ? ::socket(AF_INET, kind, IPPROTO_ICMP)
                                       : ::socket(AF_INET6, kind, IPPROTO_ICMPV6)};
    if (socket) return socket;
    if (errno != EACCES) return failure(fmt::format("cannot open a ping socket: {}", reason()));
    return failure(
        "icmp/echo-request: this system gives this user no ping sockets; as root: sysctl -w "
        "net.ipv4.ping_group_range='0 2147483647'");
}

Result<void> send_syn(const Endpoint& target) {
    const auto local = source_toward(target);
    if (!local) return tl::make_unexpected(local.error());
    const auto socket = bind_tcp(target, *local, 0);
    if (!socket) return tl::make_unexpected(socket.error());
    const auto started = start_connect(*socket, target);
    return started || errno == ECONNREFUSED ? Result<void>{} : started;  // refused: it has arrived
}

Result<void> send_empty(const Endpoint& target) {
    const auto local = source_toward(target);
    return local ? send_datagram(*local, target, {}) : tl::make_unexpected(local.error());
}

}  // namespace

Result<knock::Step> read_step(const std::string& text) {
    const auto step = knock::parse_step_or_port(text);
    if (!step)
        return failure(
            fmt::format("got \"{}\", expected a step such as tcp/7000, udp/8000 or icmp/echo-request", text));
    if (step->transport == Transport::tcp && step->flags != tcp_flag::syn)
        return failure(
            fmt::format("got \"{}\", expected tcp/{}: only a SYN leaves from an ordinary socket", text, step->port));
    return *step;
}

Result<Knocker> Knocker::at(const Endpoint& gateway, bool with_echo) {
    if (const auto way = source_toward(gateway); !way) return tl::make_unexpected(way.error());
    if (!with_echo) return Knocker{gateway, {}};
    auto ping = open_ping(gateway.address.family);
    if (!ping) return tl::make_unexpected(ping.error());
    if (const auto connected = start_connect(*ping, gateway); !connected) return tl::make_unexpected(connected.error());
    return Knocker{gateway, std::move(*ping)};
}

Result<void> Knocker::send(const knock::Step& step) {
    Endpoint target = gateway_;
    target.port = step.port;
    if (step.transport == Transport::tcp) return send_syn(target);
    if (step.transport == Transport::udp) return send_empty(target);
    const std::uint8_t type = target.address.family == Family::v4 ? 8 : 128;    // RFC 792, RFC 4443: echo request
    const std::array<std::uint8_t, 8> echo{type, 0, 0, 0, 0, 0, 0, ++echoes_};  // the kernel does the rest
    const auto sent = ::send(ping_.get(), echo.data(), echo.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(echo.size())) return {};
    return failure(fmt::format("cannot send to {}: {}", to_text(target.address), reason()));
}

}  // namespace postern::client
