// Rules in the tables of iptables and ip6tables, among those of others, and the sets they name.
//
// Each table of each family changes at once. Putting in: sets, then per family raw (our marks are cleared) before
// mangle (they are believed). Taking out: mangle before raw, then the sets. The families never depend on each other.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "io/process.h"
#include "posternctl/rules_loader.h"
#include "posternctl/rules_tool.h"
#include "rules/saved.h"
#include "rules/words.h"

namespace postern::ctl {
namespace {

constexpr Family both[] = {Family::v4, Family::v6};

// "iptables-legacy" and v6: "ip6tables-legacy"
std::string tool_of(std::string tool, Family family) {
    if (family == Family::v6) tool.insert(2, "6");
    return tool;
}

std::string part_of(Family family) { return family == Family::v4 ? "v4" : "v6"; }

// Every table there is: to ask for one by name would make it.
Result<std::string> saved(const std::string& tool) { return run_tool({tool + "-save"}); }

Result<void> restore(const std::string& tool, const std::string& text) {
    return run_tool({tool + "-restore", "--wait", "10", "--noflush"}, text).map([](const std::string&) {});
}

Result<Removal> remove_with(const std::string& tool) {
    if (!io::installed(tool + "-save")) return Removal::no_tool;
    const Result<std::string> text = saved(tool);
    if (!text) return tl::make_unexpected(text.error());
    const rules::Saved before = rules::parse_saved(*text);
    if (!rules::present(before)) return Removal::no_rules;
    return restore(tool, rules::render_removal(before)).map([] { return Removal::done; });
}

Result<void> make_sets(std::string_view text) {
    return run_tool({"ipset", "-exist", "restore"}, text).map([](const std::string&) {});
}

// The kernel lets go of a set some time after the rules that named it are gone.
void destroy_sets() {
    for (const char* set : {"hostile4", "hostile6"}) {
        const std::string name = fmt::format("{}{}", rules::ipset_prefix, set);
        if (!run_tool({"ipset", "list", "-name", name})) continue;
        for (int tries = 100; tries > 0 && !run_tool({"ipset", "destroy", name}); --tries)
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
}

class Iptables : public RulesLoader {
public:
    explicit Iptables(std::string tool) : tool_{std::move(tool)} {}

    [[nodiscard]] std::string_view name() const override { return "iptables"; }

    [[nodiscard]] rules::Loadable loadable(const Policy& policy, const rules::Inputs& inputs) const override {
        rules::Loadable loadable{"iptables", tool_, {{"ipset", rules::render_ipsets()}}};
        for (const Family family : both)
            loadable.parts.push_back({part_of(family), rules::render_iptables(policy, inputs, family)});
        return loadable;
    }

    [[nodiscard]] Result<void> load(const rules::Loadable& loadable) const override {
        if (const Result<void> done = make_sets(loadable.text("ipset")); !done) return done;
        for (const Family family : both) {
            const std::string tool = tool_of(tool_, family);
            const Result<std::string> before = saved(tool);
            if (!before) return tl::make_unexpected(before.error());
            const std::string text = rules::with_repairs(loadable.text(part_of(family)), rules::parse_saved(*before));
            if (const Result<void> done = restore(tool, text); !done) return done;
        }
        return {};
    }

    // One text per family, in the order of `both`.
    [[nodiscard]] Result<Listing> listing() const override {
        Listing listing;
        for (const Family family : both) {
            Result<std::string> one = saved(tool_of(tool_, family));
            if (!one) return tl::make_unexpected(one.error());
            listing.push_back(std::move(*one));
        }
        return listing;
    }

    [[nodiscard]] bool stands(const Listing& loaded) const override {
        return std::ranges::any_of(loaded, [](const std::string& one) { return present(rules::parse_saved(one)); });
    }

    [[nodiscard]] rules::Findings differences(const Listing& expected, const Listing& loaded) const override {
        rules::Findings findings;
        for (std::size_t i = 0; i < std::size(both); ++i)
            rules::compare(tool_of("iptables", both[i]), rules::parse_saved(expected[i]), rules::parse_saved(loaded[i]),
                           findings);
        return findings;
    }

    // "iptables v1.8.9 (nf_tables)", or "(legacy)"; each family's tool may be another.
    [[nodiscard]] bool announced() const override {
        return std::ranges::all_of(both, [&](Family family) {
            const auto version = run_tool({tool_of(tool_, family), "--version"});
            return version && version->find("(nf_tables)") != std::string::npos;
        });
    }

    [[nodiscard]] Result<Removal> remove() const override {
        Removal most = Removal::no_tool;
        for (const Family family : both) {
            const Result<Removal> one = remove_with(tool_of(tool_, family));
            if (!one) return one;
            most = std::max(most, *one);
        }
        if (most == Removal::done) destroy_sets();
        return most;
    }

private:
    std::string tool_;
};

}  // namespace

std::unique_ptr<RulesLoader> iptables_loader(const std::string& tool) { return std::make_unique<Iptables>(tool); }

}  // namespace postern::ctl
