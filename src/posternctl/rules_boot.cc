// posternctl rules boot and emergency: what is loaded before the network comes up, and what is where all else is lost.
//
// The confirmed set is a file of texts: no policy is read for it, so that a broken one is no trap. Where the file is
// lost or broken, an emergency set drops all that is new but what break-glass admits; established connections, the
// essentials and the gateway's own connections go on.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/load.h"
#include "posternctl/numbering.h"
#include "posternctl/rules_job.h"
#include "posternctl/rules_keep.h"

namespace postern::ctl {
namespace {

using Set = RulesStore::Set;

// Made of what is still known: of the policy, if it can be read; otherwise every interface and nobody's glass.
rules::Loadable built_in(const Context& context, const RulesLoader& loader) {
    Names names;
    const auto loaded = config::load(context.policy_file, names, {.secrets = false, .lists = false});
    Policy unknown;
    unknown.gateway.interfaces = {"*"};
    return emergency_set(loader, loaded ? *loaded->policy : unknown);
}

// Null: there is no store to record it in. What the kernel has taken stands, also where a full disk takes no record.
Result<void> load_and_record(const RulesStore* store, const rules::Loadable& set) {
    if (auto loaded = loader_for(set)->load(set); !loaded) return loaded;
    announce(set);
    if (const auto written = store ? store->write(Set::applied, set) : Result<void>{}; !written)
        warn("the rules stand, but are not on record for `rules watch`: " + written.error().text);
    return {};
}

// The last known emergency set, then one made here for either backend: the first that the kernel takes.
Result<void> load_emergency(const RulesStore* store, const Context& context, const RulesOptions& options) {
    const Result<std::optional<rules::Loadable>> known =
        store ? store->read(Set::emergency) : std::optional<rules::Loadable>{};
    if (known && *known && load_and_record(store, **known)) return {};
    Result<void> done = failure("no tool for rules is installed: neither nft nor iptables");
    for (const Loader& loader : suspects(options)) {
        done = load_and_record(store, built_in(context, *loader));
        if (done) return done;
    }
    return done;
}

Exit emergency(const RulesStore* store, const Context& context, const RulesOptions& options, const std::string& why) {
    complain(why);
    const Result<void> done = load_emergency(store, context, options);
    if (!done) return failed({"not even the emergency set can be loaded, the gateway is open: " + done.error().text});
    return failed(
        {"an emergency set stands: all new connections are dropped, but for break-glass; `posternctl rules "
         "apply` ends that"});
}

// A set was confirmed once: its emergency set is there, or something that is no set any more.
bool was_confirmed(const RulesStore& store) {
    std::error_code error;
    return std::filesystem::exists(store.file(Set::emergency), error) ||
           std::filesystem::exists(store.file(Set::confirmed), error);
}

// A policy that cannot be read may have named another directory, in a way that nobody can guess.
Exit nothing(const Context& context, const RulesOptions& options) {
    Names names;
    std::error_code error;
    fmt::print("no rules were ever confirmed here ({}): nothing is loaded, and the gateway is open\n",
               state_directory(context, options).string());
    if (!options.state.empty() || !std::filesystem::exists(context.policy_file, error)) return Exit::ok;
    if (config::load(context.policy_file, names, {.secrets = false, .lists = false})) return Exit::ok;
    return failed({fmt::format("{} has mistakes: if that is not its state.directory, say --state",
                               context.policy_file.string())});
}

Exit boot(const RulesStore& store, const Context& context, const RulesOptions& options) {
    const auto confirmed = store.read(Set::confirmed);
    if (!confirmed)
        return emergency(&store, context, options, "the confirmed set is broken: " + confirmed.error().text);
    if (*confirmed) {
        const Result<void> done = load_and_record(&store, **confirmed);
        if (!done) return emergency(&store, context, options, "the confirmed set is refused: " + done.error().text);
        fmt::print("guarded ({}), by the set confirmed last\n", (*confirmed)->backend);
        return Exit::ok;
    }
    if (was_confirmed(store))
        return emergency(&store, context, options,
                         fmt::format("the confirmed set is lost: there is no {}", store.file(Set::confirmed).string()));
    // What was applied and not confirmed before the host went down: the watch must not put it back.
    if (const Result<void> done = store.forget_all(); !done) return failed(done.error());
    return nothing(context, options);
}

// Somebody has spoilt the directory: once confirmed, the gate does not stay open for it. What is not root's proves
// nothing: the daemon's user can make a directory of that name before root does.
Exit boot_without_store(const Context& context, const RulesOptions& options, const Error& why) {
    std::error_code error;
    const auto directory = state_directory(context, options) / "rules";
    struct stat status {};
    const bool ours = ::lstat(directory.c_str(), &status) == 0 && status.st_uid == ::geteuid();
    if (!ours || (!std::filesystem::exists(directory / "confirmed", error) &&
                  !std::filesystem::exists(directory / "emergency", error)))
        return failed(why);
    return emergency(nullptr, context, options, why.text);
}

// Somebody holds the lock for too long, or the disk gives none.
Exit boot_without_lock(const RulesStore& store, const Context& context, const RulesOptions& options, const Error& why) {
    if (!was_confirmed(store)) return failed(why);
    warn(why.text);
    return boot(store, context, options);
}

Exit leave() {
    fmt::print("rules were put in since this host started: they are left as they are\n");
    return Exit::ok;
}

}  // namespace

Exit rules_boot(const Context& context, const RulesOptions& options) {
    const Result<RulesStore> store = RulesStore::open(state_directory(context, options));
    if (!store) return boot_without_store(context, options, store.error());
    // Before the lock, too: an apply may hold it for as long as it adopts.
    const auto left_alone = [&] { return options.once && store->applied_since_start(); };
    if (left_alone()) return leave();
    const Result<io::FileLock> lock = store->lock();
    if (left_alone()) return leave();
    if (!lock) return boot_without_lock(*store, context, options, lock.error());
    (void)store->forget_pending();
    return boot(*store, context, options);
}

Exit rules_emergency(const Context& context, const RulesOptions& options) {
    const Result<RulesStore> store = RulesStore::open(state_directory(context, options));
    if (!store) return failed(store.error());
    const Result<io::FileLock> lock = store->lock();
    if (!lock) return failed(lock.error());
    const Result<void> done = load_emergency(&*store, context, options);
    if (!done) return failed(done.error());
    fmt::print("all new connections are dropped, but for break-glass\n");
    return Exit::ok;
}

}  // namespace postern::ctl
