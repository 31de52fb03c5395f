// Every word that a rule's comment can have is explained in posternctl-rules(8), and every chain is named there.
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "catch.h"
#include "rules/words.h"
#include "unit/rules/sample.h"

using namespace postern;
using namespace postern::test;

namespace {

std::string manual() {
    std::ifstream file{POSTERN_SOURCE_DIR "/man/posternctl-rules.8"};
    REQUIRE(file);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// The words behind "postern" in every comment of every ruleset.
std::set<std::string> words() {
    const Policy policy = full_policy();
    const std::string ordinary = rules::render_nftables(policy, sample_inputs) +
                                 rules::render_iptables(policy, sample_inputs, Family::v4) +
                                 rules::render_iptables(policy, sample_inputs, Family::v6);
    rules::Inputs emergency = sample_inputs;
    emergency.kind = rules::Kind::emergency;
    Policy observing = sample_policy();
    observing.gateway.observe = true;
    const std::string all =
        ordinary + rules::render_nftables(observing, sample_inputs) + rules::render_nftables(policy, emergency);
    const std::regex comment{"\"postern ([a-z-]+)\""};
    std::set<std::string> found;
    for (std::sregex_iterator at{all.begin(), all.end(), comment}; at != std::sregex_iterator{}; ++at)
        found.insert((*at)[1]);
    return found;
}

}  // namespace

TEST_CASE("the manual explains every comment word and names every chain", "[rules]") {
    const std::string text = manual();
    CHECK(words().size() == 34);
    for (const std::string& word : words()) {
        INFO(word);
        CHECK(std::regex_search(text, std::regex{"\n\\.It ([a-z-]+ , )*" + word + "( ,|\n)"}));
    }
    for (const std::string_view chain : rules::iptables_chains) {
        INFO(chain);
        CHECK(text.find("POSTERN-" + std::string{chain}) != std::string::npos);
    }
}
