// A capture file, through libpcap and the explainer: any bytes are read to an end or refused, every packet has a word,
// and the sums are the packets of the file.
#include "capture/file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "explain/explainer.h"
#include "explain/report.h"
#include "explain/sums.h"
#include "fuzz/demand.h"
#include "fuzz/memory_file.h"
#include "packet/parse.h"

using namespace postern;
using postern::test::demand;
using postern::test::MemoryFile;

namespace {

// One of everything that the rules look at; nobody has a key, so nothing that comes opens anything but the knock.
std::shared_ptr<const Policy> some_policy() {
    Policy policy;
    policy.gateway.name = "gw1";
    policy.gateway.interfaces = {"wan0"};
    policy.gateway.spa = {{62201, 62201}};
    policy.gateway.break_glass = {*parse_prefix("192.0.2.0/28")};
    policy.gateway.open = {{{{6, {}, PortRange{443, 443}, {}}}, {}, {}}};
    Service ssh;
    ssh.id = static_cast<ServiceId>(0);
    ssh.name = "ssh";
    ssh.ports = {{Transport::tcp, {22, 22}}, {Transport::udp, {53, 53}}};
    policy.services = {ssh};
    Knock knock;
    knock.identity.id = static_cast<ClientId>(0);
    knock.identity.name = "office";
    knock.identity.services = {ssh.id};
    knock.opening.steps = {*knock::parse_step("tcp/7000"), *knock::parse_step("udp/8000")};
    policy.knocks = {knock};
    policy.index();
    return std::make_shared<const Policy>(std::move(policy));
}

bool is_text(const std::string& text) {
    return std::ranges::all_of(text, [](char byte) { return byte == '\n' || (byte >= 0x20 && byte < 0x7f); });
}

void judge_line(const std::string& line) {
    demand(nlohmann::json::parse(line, nullptr, false).is_object(), "a line is JSON");
    demand(is_text(line) && line.find('\n') == std::string::npos, "and one line");
    demand(is_text(explain::with_reasons(line)), "a terminal gets text");
}

void judge_record(const capture::Record& record, Bytes found) {
    demand(record.found.packet.empty() || record.length >= found.size(), "a packet is no longer than on the wire");
    (void)parse(found);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto policy = some_policy();
    const MemoryFile file{{data, size}};
    auto capture = capture::File::open(file.path());
    if (!capture) return 0;
    explain::Explainer explainer{policy, {}};
    explain::Sums sums;
    std::uint64_t packets = 0;
    while (packets < 200) {
        const auto record = capture->next();
        if (!record || !*record) break;
        ++packets;
        judge_record(**record, (*record)->found.packet);
        const auto explained = explainer.explain(
            {(*record)->time, (*record)->found.packet, (*record)->length, (*record)->found.direction});
        demand(explained.number == packets, "packets are counted");
        demand(!explained.word().empty(), "every packet has a word");
        judge_line(explain::to_json(explained));
        sums.count(explained);
    }
    demand(sums.packets() == packets, "the sums are the packets of the file");
    demand(is_text(explain::to_text(sums)), "a terminal gets text");
    demand(nlohmann::json::parse(explain::to_json(sums), nullptr, false).is_object(), "the sums are JSON");
    (void)explainer.take_ends();
    return 0;
}
