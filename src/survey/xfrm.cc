#include "survey/xfrm.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>

#include "survey/lines.h"
#include "survey/opening.h"

namespace postern::survey {
namespace {

bool uses(std::string_view text, std::string_view protocol) {
    return std::ranges::any_of(lines_of(text), [&](std::string_view line) {
        return behind(words_of(line), "proto") == protocol && line.starts_with('\t');
    });
}

}  // namespace

// A state is "src A dst B", then lines that begin with a tab: "proto esp spi ...", "encap type espinudp ...".
void find_ipsec(const Policy& policy, std::string_view states, std::string_view policies, Findings& findings) {
    struct Name {
        std::string_view word, name;
        std::uint8_t protocol;
    };
    constexpr Name names[] = {{"esp", "ESP", IPPROTO_ESP}, {"ah", "AH", IPPROTO_AH}};
    for (const Name& one : names) {
        if ((!uses(states, one.word) && !uses(policies, one.word)) || is_open(policy, one.protocol)) continue;
        findings.push_back(
            {"ipsec",
             fmt::format("IPsec is set up with {} (IP protocol {}): what a peer sends first to a guarded "
                         "interface is dropped",
                         one.name, one.protocol),
             open_advice(one.protocol)});
    }
}

}  // namespace postern::survey
