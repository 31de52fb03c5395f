// A name for a flow that needs no memory: its 5-tuple as text, without a character that a shell would take for itself.
#include "base/address.h"
#include "control/messages.h"

namespace postern::control {
namespace {

std::string endpoint(const IpAddress& address, std::uint16_t port) {
    const std::string text = address.family == Family::v6 ? '[' + to_text(address) + ']' : to_text(address);
    return text + ':' + std::to_string(port);
}

}  // namespace

std::string flow_name(const FlowKey& flow) {
    return std::string{flow.transport == Transport::udp ? "udp/" : "tcp/"} + endpoint(flow.source, flow.source_port) +
           '/' + endpoint(flow.destination, flow.destination_port);
}

}  // namespace postern::control
