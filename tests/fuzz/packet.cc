// parse(): whatever bytes come, there is a view of them; it points inside of them and does not contradict itself.
#include "packet/parse.h"

#include <algorithm>

#include "fuzz/demand.h"

using namespace postern;
using postern::test::demand;

namespace {

bool inside(Bytes part, Bytes whole) {
    return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

bool is_cut_v4(const IpAddress& address) {
    const Bytes behind{address.octets.data() + 4, 12};
    return std::ranges::all_of(behind, [](std::uint8_t byte) { return byte == 0; });
}

void judge_malformed(const PacketView& view) {
    demand(view.transport == Transport::none, "a malformed packet has no transport");
    demand(view.payload.empty(), "a malformed packet has no payload");
}

void judge_fragment(const PacketView& view) {
    demand(view.fragment_offset % 8 == 0, "offsets of fragments count in units of 8");
    demand(view.fragmented || (view.fragment_offset == 0 && !view.more_fragments), "only fragments have an offset");
    if (view.fragment_offset > 0) demand(view.transport == Transport::none, "a later fragment has no transport header");
}

// The header's own length lies between the IP headers and the payload, and what trails lies behind that.
void judge_lengths(const PacketView& view, Bytes packet) {
    const std::size_t fixed = view.family == Family::v4 ? 20 : 40;
    demand(view.header_length >= fixed, "the IP header has its fixed part");
    demand(view.header_length + view.payload.size() + view.trailing <= packet.size(), "no byte is counted twice");
    demand(inside(view.payload, packet), "the payload lies inside of the packet");
    if (view.payload.empty()) return;
    demand(view.payload.data() >= packet.data() + view.header_length, "the payload lies behind the headers");
    demand(view.payload.data() + view.payload.size() + view.trailing <= packet.data() + packet.size(),
           "the payload ends before what trails");
}

void judge_transport(const PacketView& view) {
    const bool tcp = view.transport == Transport::tcp;
    const bool icmp = view.transport == Transport::icmp || view.transport == Transport::icmpv6;
    const bool ports = tcp || view.transport == Transport::udp || view.transport == Transport::udplite ||
                       view.transport == Transport::sctp;
    demand(ports || (view.source_port == 0 && view.destination_port == 0), "only what has ports has a port");
    demand(tcp || (view.sequence == 0 && view.acknowledgement == 0 && view.tcp_flags == 0), "only TCP has flags");
    demand(icmp || (view.icmp_type == 0 && view.icmp_code == 0), "only ICMP has a type");
    if (tcp) demand(view.protocol == 6, "TCP is protocol 6");
    if (view.transport == Transport::udp) demand(view.protocol == 17, "UDP is protocol 17");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes packet{data, size};
    const PacketView view = parse(packet);
    demand(!view.local && !view.observing, "marks are not parse()'s to know");
    if (view.malformed) return judge_malformed(view), 0;
    demand(view.source.family == view.family && view.destination.family == view.family, "both ends are of one family");
    demand(view.family == Family::v6 || (is_cut_v4(view.source) && is_cut_v4(view.destination)),
           "an IPv4 address has four bytes");
    judge_fragment(view);
    judge_lengths(view, packet);
    judge_transport(view);

    // What the IP header does not count is no part of the packet.
    PacketView again = parse(packet.first(size - view.trailing));
    demand(!again.malformed && again.trailing == 0, "a packet without its trailer is a packet");
    demand(again.payload.size() == view.payload.size() && again.transport == view.transport, "and the same one");
    return 0;
}
