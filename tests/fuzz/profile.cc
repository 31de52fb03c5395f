// A client's profile: any file is read or refused, each mistake is one line with its place, and no secret is in one.
#include "postern/profile.h"

#include <algorithm>

#include "fuzz/demand.h"
#include "fuzz/memory_file.h"
#include "noise/keys.h"
#include "spa/payload.h"

using namespace postern;
using namespace postern::client;
using postern::test::demand;
using postern::test::MemoryFile;

namespace {

// The private and the preshared key of the corpus; both public to the world (RFC 7748, section 6.1).
constexpr std::string_view secrets[] = {"dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqwXf7pR25LCo",
                                        "XasIfmJKikt54X+Lg4AO5m87sSkmGLb9HC+LJ/+I4Os"};

// Whether every secret of the text is a value of its own where secrets belong. Quotes could make it part of anything.
bool in_place(std::string_view text) {
    if (text.find_first_of("\"'|>?") != std::string_view::npos) return false;
    for (const std::string_view secret : secrets)
        for (auto at = text.find(secret); at != std::string_view::npos; at = text.find(secret, at + 1))
            if (!text.substr(0, at).ends_with("_key: ")) return false;
    return true;
}

void judge_mistakes(const Mistakes& mistakes, const std::string& file, bool secrets_in_place) {
    demand(!mistakes.empty(), "a refusal has a mistake");
    for (const std::string& mistake : mistakes) {
        demand(mistake.starts_with(file + ":"), "a mistake names its file");
        demand(std::ranges::all_of(mistake, [](char byte) { return byte >= 0x20 && byte < 0x7f; }), "and is a line");
        for (const std::string_view secret : secrets)
            demand(!secrets_in_place || mistake.find(secret) == std::string::npos, "no secret is in a mistake");
    }
}

void judge(const Profile& profile) {
    demand(!profile.sender.gateway_name.empty() && profile.sender.gateway_name.size() <= 253, "a gateway has a name");
    demand(!profile.host.empty() && profile.port != 0, "a gateway can be asked");
    demand(!profile.sender.client.private_key.is_zero(), "a client has a key");
    demand(noise::is_canonical(profile.sender.gateway) && noise::is_contributory(profile.sender.gateway),
           "the gateway's key is usable");
    demand(!profile.services.empty(), "there is a service");
    for (const Service& service : profile.services) {
        demand(profile.service(service.name) != nullptr, "services are found by name");
        for (const PortRange& ports : service.ports) {
            demand(ports.first > 0 && ports.first <= ports.last, "ports are in order");
            demand(profile.service(ports.transport, ports.last) != nullptr, "services are found by port");
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const MemoryFile file{{data, size}};
    const auto profile = load_profile(file.path());
    if (profile)
        judge(*profile);
    else
        judge_mistakes(profile.error(), file.path(), in_place({reinterpret_cast<const char*>(data), size}));
    return 0;
}
