// The shipped rules are what the shipped policy renders to, letter by letter.
//
// After a change on purpose: POSTERN_WRITE_GOLDEN=1 unit [golden] writes them anew; read the difference before it is
// committed.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "catch.h"
#include "config/load.h"
#include "rules/numbers.h"

using namespace postern;
namespace fs = std::filesystem;

namespace {

const fs::path source = POSTERN_SOURCE_DIR;
constexpr rules::Inputs inputs{.steering_seed = 0x5eed1234};  // a seed of a gateway that is no secret

std::string text_of(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream{file}.rdbuf();
    return text.str();
}

void compare(const std::string& rendered, const fs::path& file) {
    if (std::getenv("POSTERN_WRITE_GOLDEN")) std::ofstream{file} << rendered;
    CHECK(rendered == text_of(file));
}

}  // namespace

TEST_CASE("the shipped policy renders to the shipped rules", "[rules][golden]") {
    Names names;
    const auto loaded = config::load(source / "config/postern.yaml", names, {.secrets = false});
    REQUIRE(loaded.has_value());
    const auto plan = rules::plan_ruleset({}, *loaded->policy, inputs);
    REQUIRE(plan.has_value());
    const Policy& policy = *plan->policy;
    compare(rules::render_nftables(policy, inputs), source / "rules/postern.nft");
    compare(rules::render_iptables(policy, inputs, Family::v4), source / "rules/postern.v4");
    compare(rules::render_iptables(policy, inputs, Family::v6), source / "rules/postern.v6");
}
