// A ruleset as a file: what is written is what is read, and nothing else is a ruleset.
#include "rules/loadable.h"
#include "catch.h"

using namespace postern;
using rules::Loadable;

namespace {

const Loadable sample{
    "iptables", "iptables-nft", {{"ipset", "create a hash:ip\n"}, {"v4", "*raw\npart v6 3\nCOMMIT\n"}, {"v6", ""}}};

}  // namespace

TEST_CASE("a ruleset comes back from its file as it was, whatever its texts hold", "[rules]") {
    CHECK(rules::read_loadable(rules::to_file(sample)).value() == sample);
    CHECK(sample.text("v4") == "*raw\npart v6 3\nCOMMIT\n");
    CHECK(sample.text("nft").empty());
    const Loadable nft{"nftables", "", {{"nft", "table inet postern {}\n"}}};
    CHECK(rules::read_loadable(rules::to_file(nft)).value() == nft);
}

TEST_CASE("a file that is cut anywhere, or has one byte changed, is no ruleset", "[rules]") {
    const std::string file = rules::to_file(sample);
    for (std::size_t size = 0; size < file.size(); ++size) CHECK_FALSE(rules::read_loadable(file.substr(0, size)));
    for (std::size_t at = 0; at < file.size(); ++at) {
        std::string altered = file;
        altered[at] ^= 1;
        CHECK_FALSE(rules::read_loadable(altered));
    }
    CHECK_FALSE(rules::read_loadable(file + "x"));
}

TEST_CASE("a backend that is not known is said", "[rules]") {
    Loadable odd = sample;
    odd.backend = "pf";
    CHECK(rules::read_loadable(rules::to_file(odd)).error().text ==
          "got the backend pf, expected nftables or iptables");
}

TEST_CASE("a file chooses among the tools for rules and names no other program", "[rules]") {
    for (const std::string tool : {"", "/tmp/iptables", "iptables-nft-x"}) {
        Loadable odd = sample;
        odd.tool = tool;
        CHECK(rules::read_loadable(rules::to_file(odd)).error().text ==
              "got the tool \"" + tool + "\", expected iptables, iptables-nft or iptables-legacy");
    }
    CHECK_FALSE(rules::read_loadable(rules::to_file({"nftables", "nft", {}})));
}
