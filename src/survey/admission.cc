#include "survey/admission.h"

#include <fmt/format.h>

#include <algorithm>

#include "survey/opening.h"

namespace postern::survey {
namespace {

bool by_break_glass(const Policy& policy, const Caller& caller) {
    return caller.port == 22 && std::ranges::any_of(policy.gateway.break_glass, [&](const Prefix& prefix) {
               return prefix.contains(caller.address);
           });
}

Admission answer(const Caller& caller, bool admitted, std::string_view by, std::string_view why) {
    return {admitted, by,
            fmt::format("a new connection from {} to tcp/{} {}: {}", to_text(caller.address), caller.port,
                        admitted ? "is let in" : "is not let in", why)};
}

}  // namespace

Admission admission(const Policy& policy, const Caller& caller) {
    if (!guards_interface(policy, caller.interface))
        return answer(caller, true, "not_guarded", fmt::format("{} is not guarded", caller.interface));
    if (by_break_glass(policy, caller))
        return answer(caller, true, "break_glass", "its address is in gateway.break_glass");
    if (is_open_to(policy, caller.address, caller.port))
        return answer(caller, true, "open", "gateway.open names the port");
    if (const Service* service = service_at(policy, Transport::tcp, caller.port))
        return answer(
            caller, false, "needs_grant",
            fmt::format("it needs a grant for the service {0}: `postern open {0}@GATEWAY` first", service->name));
    if (policy.gateway.unmatched == Unmatched::pass)
        return answer(caller, true, "unmatched", "no service names the port, and gateway.unmatched is pass");
    return answer(caller, false, "no_service",
                  fmt::format("no service and no `open` names tcp/{}; add one, or the address to gateway.break_glass",
                              caller.port));
}

}  // namespace postern::survey
