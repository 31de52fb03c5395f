// posternctl rules confirm: makes what `rules apply --confirm` has put in the set that stays.
//
// An established session goes on under any rules, so it proves nothing about new ones. What counts is a connection that
// was made under them, or a seat at the machine.
#include <fmt/format.h>

#include <algorithm>

#include "io/clock.h"
#include "io/session.h"
#include "posternctl/rules_job.h"
#include "posternctl/rules_keep.h"

namespace postern::ctl {
namespace {

// Why this session cannot confirm; nothing where it can.
std::optional<std::string> objection(const io::Session& session, const Pending& pending) {
    using Kind = io::Session::Kind;
    if (session.kind == Kind::console) return std::nullopt;
    if (session.kind == Kind::unknown)
        return "this session has neither a network connection nor a console of this machine behind it";
    if (session.began > pending.applied) return std::nullopt;
    return fmt::format("the connection from {} (process {}) is older than the rules and proves nothing about new ones",
                       session.peer, session.process);
}

std::string seconds_left(const Pending& pending) {
    const auto left = std::chrono::floor<std::chrono::seconds>(pending.deadline - io::now().steady);
    return std::to_string(std::max<std::int64_t>(left.count(), 0));
}

Exit refused(const Pending& pending, const std::string& why) {
    return failed({fmt::format("not confirmed: {}; log in anew, or go to a console, and confirm there: {} s are left",
                               why, seconds_left(pending))});
}

Result<void> confirm(const RulesStore& store) {
    const auto applied = store.read(RulesStore::Set::applied);
    const auto emergency = store.read(RulesStore::Set::next_emergency);
    if (!applied) return tl::make_unexpected(applied.error());
    if (!emergency) return tl::make_unexpected(emergency.error());
    if (!*applied || !*emergency)
        return failure("the rules that were applied are no longer on record; apply them again");
    return record_confirmed(store, {**applied, **emergency});
}

}  // namespace

Exit rules_confirm(const std::filesystem::path& state_directory) {
    const Result<RulesStore> store = RulesStore::open(state_directory);
    if (!store) return failed(store.error());
    const Result<io::FileLock> lock = store->lock();
    if (!lock) return failed(lock.error());
    const auto pending = store->pending();
    if (!pending) return failed(pending.error());
    if (!*pending) return failed({"nothing waits for a confirmation: it was given, or the rules were taken back"});
    if (const auto why = objection(io::own_session(), **pending)) return refused(**pending, *why);
    if (const Result<void> done = confirm(*store); !done) return failed(done.error());
    fmt::print("confirmed: these rules stay; at boot postern-rules.service loads them, where it is enabled\n");
    return Exit::ok;
}

}  // namespace postern::ctl
