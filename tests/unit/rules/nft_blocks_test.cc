// What `nft list table` shows, taken apart into chains and sets and compared.
#include "catch.h"
#include "rules/compare.h"

using namespace postern::rules;

namespace {

const std::string listing =
    "table inet postern {\n"
    "\tset hostile4 {\n"
    "\t\ttype ipv4_addr\n"
    "\t}\n"
    "\n"
    "\tchain gate {\n"
    "\t\ttype filter hook prerouting priority mangle; policy accept;\n"
    "\t\tct state related icmp type { time-exceeded } counter accept\n"
    "\t}\n"
    "}\n";

Findings findings(const std::string& loaded) {
    Findings found;
    compare("nftables", nft_blocks(listing), nft_blocks(loaded), found);
    return found;
}

}  // namespace

TEST_CASE("a listing is taken apart into its blocks", "[rules]") {
    const auto blocks = nft_blocks(listing);
    REQUIRE(blocks.size() == 3);
    CHECK(blocks[0].lines.empty());
    CHECK(blocks[1].name == "set hostile4");
    CHECK(blocks[2].name == "chain gate");
    CHECK(blocks[2].lines.size() == 2);
    CHECK(blocks[2].lines[1] == "ct state related icmp type { time-exceeded } counter accept");
}

TEST_CASE("every difference between two listings is said", "[rules]") {
    CHECK(findings(listing).empty());
    CHECK(findings("table inet postern {\n\tflags dormant\n" + listing.substr(listing.find('\n') + 1)) ==
          Findings{"nftables: table differs in line 1: got \"flags dormant\", expected nothing"});
    CHECK(findings("table inet postern {\n\tset hostile4 {\n\t\ttype ipv4_addr\n\t}\n\tchain mine {\n\t}\n}\n") ==
          Findings{"nftables: chain gate is missing", "nftables: chain mine is not expected"});
}
