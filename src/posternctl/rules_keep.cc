#include "posternctl/rules_keep.h"

#include <fmt/format.h>
#include <syslog.h>

#include <algorithm>
#include <thread>

#include "io/clock.h"
#include "io/detached.h"
#include "io/process.h"
#include "posternctl/numbering.h"

namespace postern::ctl {
namespace {

constexpr std::chrono::milliseconds pause{200};

// Says it where it is read when nobody is there any more.
void report(int priority, const std::string& text) {
    openlog("posternctl", LOG_PID, LOG_AUTHPRIV);
    syslog(priority, "%s", text.c_str());
}

Result<Removal> remove_with(const RulesLoader& loader) {
    const Result<Removal> removed = loader.remove();
    if (removed) return removed;
    return failure(fmt::format("rules of the backend {} may still stand: {}", loader.name(), removed.error().text));
}

// iptables-nft and iptables-legacy have tables of their own; "iptables" is one of the two under another name.
bool in_other_tables(const rules::Loadable& a, const rules::Loadable& b) {
    return a.backend == "iptables" && b.backend == "iptables" && !io::same_program(a.tool, b.tool);
}

// What cannot be read was not confirmed.
bool still_pending(const RulesStore& store, const Pending& pending) {
    const auto now = store.pending();
    return !now || (*now && (*now)->id == pending.id);
}

// False: it is to be tried again.
bool taken_back(const RulesStore& store, const Pending& pending, const std::optional<rules::Loadable>& confirmed) {
    const Result<io::FileLock> lock = store.lock();
    if (!lock) return false;
    if (!still_pending(store, pending)) return true;
    const Result<void> done = take_back(store, confirmed).and_then([&] { return store.forget_pending(); });
    if (!done) report(LOG_ERR, "the unconfirmed rules are not taken back yet: " + done.error().text);
    if (done)
        report(LOG_WARNING, confirmed
                                ? "nobody confirmed the new rules: the set confirmed last is back"
                                : "nobody confirmed the new rules: they are taken out, none were confirmed before");
    return done.has_value();
}

}  // namespace

rules::Loadable emergency_set(const RulesLoader& loader, const Policy& policy) {
    Policy bare;
    bare.gateway.interfaces = policy.gateway.interfaces;
    bare.gateway.break_glass = policy.gateway.break_glass;
    bare.gateway.mark = policy.gateway.mark;
    rules::Inputs inputs;
    inputs.kind = rules::Kind::emergency;
    return loader.loadable(bare, inputs);
}

Result<bool> put_in(const rules::Loadable& wanted) {
    const auto loader = loader_for(wanted);
    const Result<rules::Findings> found = differences_of(*loader, wanted);
    const bool stood = found && found->empty();
    if (!stood)
        if (const Result<void> done = loader->load(wanted); !done) return tl::make_unexpected(done.error());
    announce(wanted);
    return stood;
}

// The emergency set first: that it is there says that there was a confirmed one.
Result<void> record_confirmed(const RulesStore& store, const RulesPair& sets) {
    return store.write(RulesStore::Set::applied, sets.wanted)
        .and_then([&] { return store.write(RulesStore::Set::emergency, sets.emergency); })
        .and_then([&] { return store.write(RulesStore::Set::confirmed, sets.wanted); })
        .and_then([&] { return store.forget_pending(); });
}

Result<Removal> remove_others(const rules::Loadable& standing, const std::optional<rules::Loadable>& before,
                              const std::string& iptables) {
    const auto other = standing.backend == "nftables" ? iptables_loader(iptables) : nftables_loader();
    const Result<Removal> removed = remove_with(*other);
    if (!removed || !before || !in_other_tables(standing, *before)) return removed;
    return remove_with(*loader_for(*before)).map([&](Removal also) { return std::max(*removed, also); });
}

Result<void> take_back(const RulesStore& store, const std::optional<rules::Loadable>& confirmed) {
    const auto left = store.read(RulesStore::Set::applied);
    const std::string tool = left && *left && !(*left)->tool.empty() ? (*left)->tool : "iptables";
    if (confirmed)
        return loader_for(*confirmed)
            ->load(*confirmed)
            .map([&] { announce(*confirmed); })
            .and_then([&] { return store.write(RulesStore::Set::applied, *confirmed); })
            .and_then([&] { return remove_others(*confirmed, left.value_or(std::nullopt), tool); })
            .map([](Removal) {});
    const auto nftables = nftables_loader()->remove();
    const auto iptables = iptables_loader(tool)->remove();
    if (!nftables) return tl::make_unexpected(nftables.error());
    if (!iptables) return tl::make_unexpected(iptables.error());
    return store.forget_all();
}

Result<void> arm(const RulesStore& store, const Pending& pending, const std::optional<rules::Loadable>& confirmed) {
    return io::run_detached([&] {
        while (still_pending(store, pending) && io::now().steady < pending.deadline) std::this_thread::sleep_for(pause);
        while (still_pending(store, pending) && !taken_back(store, pending, confirmed))
            std::this_thread::sleep_for(pause);
    });
}

}  // namespace postern::ctl
