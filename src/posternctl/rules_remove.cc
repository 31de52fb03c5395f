// posternctl rules remove: takes the rules out, of every backend that may have loaded some.
#include <fmt/format.h>

#include <algorithm>

#include "posternctl/rules_job.h"
#include "posternctl/rules_store.h"

namespace postern::ctl {
namespace {

std::string no_tool(const RulesOptions& options) {
    if (options.backend.empty()) return "neither nft nor iptables is installed";
    return fmt::format("the tool of the backend {0} is not installed; the package {0} brings it", options.backend);
}

// The set on record; nothing where there is none, or none that can be read.
std::optional<rules::Loadable> on_record(const Result<RulesStore>& store) {
    return store ? store->read(RulesStore::Set::applied).value_or(std::nullopt) : std::nullopt;
}

// Nothing is to be put back, now or at the next boot. Where that cannot be recorded the rules go all the same.
void forget(const Result<RulesStore>& store) {
    const Result<void> done = store ? store->forget_all() : tl::make_unexpected(store.error());
    if (!done) warn("a set that was confirmed may come back at the next boot: " + done.error().text);
}

Exit take_out(const std::vector<Loader>& loaders, const RulesOptions& options) {
    Exit exit = Exit::ok;
    Removal most = Removal::no_tool;
    for (const Loader& loader : loaders) {
        const Result<Removal> removed = loader->remove();
        if (!removed) exit = may_stand(*loader, removed.error());
        most = std::max(most, removed.value_or(Removal::no_rules));
    }
    if (most == Removal::no_tool) return failed({no_tool(options)});
    if (exit == Exit::ok) fmt::print("{}\n", most == Removal::done ? "no longer guarded" : "there were no rules");
    return exit;
}

}  // namespace

Exit rules_remove(const Context& context, const RulesOptions& options) {
    const Result<RulesStore> store = RulesStore::open(state_directory(context, options));
    std::optional<io::FileLock> held;
    if (store) {
        auto lock = store->lock();
        if (!lock) return failed(lock.error());
        held = std::move(*lock);
    }
    const auto applied = on_record(store);
    const bool concerned = options.backend.empty() || !applied || applied->backend == options.backend;
    if (concerned) forget(store);
    std::vector<Loader> loaders = suspects(options);
    if (concerned && applied) loaders.push_back(loader_for(*applied));  // of iptables' two kinds maybe the other one
    return take_out(loaders, options);
}

}  // namespace postern::ctl
