// Rules in nft's own table. One transaction puts them in; the table belongs to nobody else.
#include "io/process.h"
#include "io/scratch_network.h"
#include "posternctl/rules_loader.h"
#include "posternctl/rules_tool.h"
#include "rules/words.h"

namespace postern::ctl {
namespace {

const std::string table{rules::nft_table};

Result<void> load(const std::string& text) {
    return run_tool({"nft", "-f", "-"}, text).map([](const std::string&) {});
}

Result<std::string> listing() { return run_tool({"nft", "-s", "-t", "list", "table", "inet", table}); }

Result<bool> loaded() {
    return run_tool({"nft", "list", "tables", "inet"}).map([](const std::string& tables) {
        return tables.find("table inet " + table + '\n') != std::string::npos;
    });
}

class Nftables : public RulesLoader {
public:
    [[nodiscard]] std::string_view name() const override { return "nftables"; }

    [[nodiscard]] std::string render(const Policy& policy, const rules::Inputs& inputs, Families) const override {
        return rules::render_nftables(policy, inputs);
    }

    [[nodiscard]] Result<void> apply(const Policy& policy, const rules::Inputs& inputs) const override {
        return load(rules::render_nftables(policy, inputs));
    }

    [[nodiscard]] Result<rules::Findings> check(const Policy& policy, const rules::Inputs& inputs) const override {
        const Result<bool> there = loaded();
        if (!there) return tl::make_unexpected(there.error());
        if (!*there) return rules::Findings{"nftables: table inet " + table + " is missing"};
        const Result<std::string> found = listing();
        if (!found) return tl::make_unexpected(found.error());
        return expected(policy, inputs).map([&](const std::string& wanted) {
            rules::Findings findings;
            rules::compare("nftables", rules::nft_blocks(wanted), rules::nft_blocks(*found), findings);
            return findings;
        });
    }

    [[nodiscard]] Result<Removal> remove() const override {
        if (!io::installed("nft")) return Removal::no_tool;
        const Result<bool> there = loaded();
        if (!there) return tl::make_unexpected(there.error());
        if (!*there) return Removal::no_rules;
        return run_tool({"nft", "delete", "table", "inet", table}).map([](const std::string&) {
            return Removal::done;
        });
    }

private:
    // What nft says about our rules where nothing else is loaded.
    [[nodiscard]] Result<std::string> expected(const Policy& policy, const rules::Inputs& inputs) const {
        const Result<io::ScratchNetwork> scratch = io::ScratchNetwork::enter();
        if (!scratch) return tl::make_unexpected(scratch.error());
        if (const Result<void> done = apply(policy, inputs); !done) return tl::make_unexpected(done.error());
        return listing();
    }
};

}  // namespace

std::unique_ptr<RulesLoader> nftables_loader() { return std::make_unique<Nftables>(); }

bool nftables_can_queue() {
    constexpr std::string_view probe =
        "table inet postern_probe {\n"
        "    chain probe {\n"
        "        type filter hook prerouting priority -150; policy accept;\n"
        "        queue to jhash ip saddr mod 2 seed 0x1 offset 0\n"
        "    }\n"
        "}\n";
    return run_tool({"nft", "-c", "-f", "-"}, probe).has_value();
}

}  // namespace postern::ctl
