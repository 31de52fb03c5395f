// Rules in nft's own table. One transaction puts them in; the table belongs to nobody else.
#include "io/process.h"
#include "posternctl/rules_loader.h"
#include "posternctl/rules_tool.h"
#include "rules/words.h"

namespace postern::ctl {
namespace {

const std::string table{rules::nft_table};

Result<bool> loaded() {
    return run_tool({"nft", "list", "tables", "inet"}).map([](const std::string& tables) {
        return tables.find("table inet " + table + '\n') != std::string::npos;
    });
}

class Nftables : public RulesLoader {
public:
    [[nodiscard]] std::string_view name() const override { return "nftables"; }

    [[nodiscard]] rules::Loadable loadable(const Policy& policy, const rules::Inputs& inputs) const override {
        return {"nftables", "", {{"nft", rules::render_nftables(policy, inputs)}}};
    }

    [[nodiscard]] Result<void> load(const rules::Loadable& loadable) const override {
        return run_tool({"nft", "-f", "-"}, loadable.text("nft")).map([](const std::string&) {});
    }

    // Empty where the table is missing.
    [[nodiscard]] Result<Listing> listing() const override {
        const Result<bool> there = loaded();
        if (!there) return tl::make_unexpected(there.error());
        if (!*there) return Listing{};
        return run_tool({"nft", "-s", "-t", "list", "table", "inet", table}).map([](std::string text) {
            return Listing{std::move(text)};
        });
    }

    [[nodiscard]] bool stands(const Listing& loaded) const override { return !loaded.empty(); }

    [[nodiscard]] rules::Findings differences(const Listing& expected, const Listing& loaded) const override {
        if (loaded.empty()) return {"nftables: table inet " + table + " is missing"};
        rules::Findings findings;
        rules::compare("nftables", rules::nft_blocks(expected.front()), rules::nft_blocks(loaded.front()), findings);
        return findings;
    }

    [[nodiscard]] bool announced() const override { return true; }

    [[nodiscard]] Result<Removal> remove() const override {
        if (!io::installed("nft")) return Removal::no_tool;
        const Result<bool> there = loaded();
        if (!there) return tl::make_unexpected(there.error());
        if (!*there) return Removal::no_rules;
        return run_tool({"nft", "delete", "table", "inet", table}).map([](const std::string&) {
            return Removal::done;
        });
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
