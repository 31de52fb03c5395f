#include "survey/admission.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include "rules/admits.h"
#include "rules/passed.h"
#include "survey/opening.h"

namespace postern::survey {
namespace {

// To some address of the gateway's own.
PacketView first_packet(const Caller& caller) {
    PacketView packet;
    packet.malformed = false;
    packet.family = caller.address.family;
    packet.source = caller.address;
    packet.destination.family = caller.address.family;
    packet.protocol = IPPROTO_TCP;
    packet.transport = Transport::tcp;
    packet.destination_port = caller.port;
    packet.local = true;
    return packet;
}

Admission answer(const Caller& caller, bool admitted, std::string_view by, std::string_view why) {
    return {admitted, by,
            fmt::format("a new connection from {} to tcp/{} {}: {}", to_text(caller.address), caller.port,
                        admitted ? "is let in" : "is not let in", why)};
}

}  // namespace

Admission admission(const Policy& policy, const Caller& caller) {
    if (!rules::guards_interface(policy, caller.interface))
        return answer(caller, true, "not_guarded", fmt::format("{} is not guarded", caller.interface));
    const auto passed = rules::passed(policy, first_packet(caller), rules::Origin::wire);
    if (passed == rules::Passed::break_glass)
        return answer(caller, true, "break_glass", "its address is in gateway.break_glass");
    if (passed == rules::Passed::open) return answer(caller, true, "open", "gateway.open names the port");
    if (passed == rules::Passed::unmatched)
        return answer(caller, true, "unmatched", "no service names the port, and gateway.unmatched is pass");
    if (const Service* service = service_at(policy, Transport::tcp, caller.port))
        return answer(caller, false, "needs_grant",
                      fmt::format("it needs a grant for the service {0}: its client says `postern open {0}` first",
                                  service->name));
    return answer(caller, false, "no_service",
                  fmt::format("no service and no `open` names tcp/{}; add one, or the address to gateway.break_glass",
                              caller.port));
}

}  // namespace postern::survey
