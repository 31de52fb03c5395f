// posternctl rules apply: puts the rules in, and says what they guard less than their reader may think.
#include <fmt/format.h>

#include <array>

#include "base/bytes.h"
#include "config/numbers_file.h"
#include "io/boot.h"
#include "io/clock.h"
#include "io/random.h"
#include "posternctl/ask.h"
#include "posternctl/interfaces.h"
#include "posternctl/numbering.h"
#include "posternctl/rules_job.h"
#include "posternctl/rules_keep.h"

namespace postern::ctl {
namespace {

// What makes rules that stand guard less, or let in nothing.
void warn_about(const RulesJob& job) {
    for (const std::string& warning : interface_warnings(*job.policy)) warn(warning);
    if (nobody_listens(job.control_socket))
        warn(fmt::format("no daemon answers at {}: every new connection is dropped until posternd runs",
                         job.control_socket.string()));
}

std::string new_id() {
    std::array<std::uint8_t, 8> bytes{};
    io::fill_random(bytes);
    return to_hex(bytes);
}

std::string_view standing(const RulesJob& job, bool stood) {
    if (job.policy->gateway.observe) return stood ? "observing already" : "observing: everything is let in";
    return stood ? "guarded already" : "guarded";
}

// Numbers are given under the lock: whoever applied meanwhile may have taken the next one. Those that begin are written
// down before the rules are loaded.
Result<RulesPair> planned(const RulesJob& job) {
    const auto now = config::read_numbers(job.numbers_file);
    if (!now) return tl::make_unexpected(now.error());
    const auto plan = rules::plan_ruleset(*now, *job.policy, job.inputs);
    if (!plan) return tl::make_unexpected(plan.error());
    if (rules::to_text(plan->numbers) != rules::to_text(*now))
        if (const auto written = write_numbers(job.numbers_file, plan->numbers); !written)
            return tl::make_unexpected(written.error());
    rules::Loadable set = job.loader->loadable(*plan->policy, plan->inputs);
    set.parts.push_back(announcement({job.numbers_file, job.control_socket, plan->digest}));
    return RulesPair{std::move(set), emergency_set(*job.loader, *job.policy)};
}

// Back to the set on record. Where this loader had no rule of ours there shall be none; rules without a record stay.
Result<void> undo(const RulesStore& store, const RulesLoader& loader, const Result<Listing>& before) {
    const auto none_again = [&]() -> Result<void> {
        if (!before || loader.stands(*before)) return {};
        return loader.remove().map([](Removal) {});
    };
    const auto recorded = store.read(RulesStore::Set::applied);
    if (!recorded || !*recorded) return none_again();
    const auto old = loader_for(**recorded);
    const auto back = old->load(**recorded);
    return old->name() == loader.name() ? back : back.and_then(none_again);
}

// What is refused in the middle is undone: one family guarded and the other not is nothing that anybody asked for.
Result<bool> put_in_whole(const RulesStore& store, const RulesLoader& loader, const rules::Loadable& wanted) {
    const Result<Listing> before = loader.listing();
    Result<bool> stood = put_in(wanted);
    if (stood) return stood;
    if (const auto undone = undo(store, loader, before); !undone)
        return failure(stood.error().text + "; and what stood before is not put back: " + undone.error().text);
    return stood;
}

// Rules that stand as they should are not touched: their counters go on.
Result<bool> apply(const RulesStore& store, const RulesLoader& loader, const RulesPair& sets) {
    return put_in_whole(store, loader, sets.wanted).and_then([&](bool stood) {
        return record_confirmed(store, sets).map([stood] { return stood; });
    });
}

// What waits for its confirmation stays only by one: no reload of somebody else's makes it stay. Behind its deadline it
// is refused no longer: the process of the way back may be gone.
Result<void> none_pending(const RulesStore& store, const RulesOptions& options) {
    if (options.confirm) return {};
    const auto pending = store.pending();
    if (!pending) return tl::make_unexpected(pending.error());
    if (!*pending || (*pending)->deadline <= io::now().steady) return {};
    return failure(
        "an apply waits for its confirmation: say `posternctl rules confirm` over a new connection first, wait until "
        "it is taken back, or apply with --confirm");
}

// The way back is armed before the first rule changes.
Result<Pending> arm_way_back(const RulesStore& store, std::chrono::seconds time) {
    const auto confirmed = store.read(RulesStore::Set::confirmed);
    if (!confirmed) return tl::make_unexpected(confirmed.error());
    const Pending pending{new_id(), io::boot_id(), SteadyTime::max(), io::now().steady + time};
    return store.write(pending).and_then([&] { return arm(store, pending, *confirmed); }).map([&] { return pending; });
}

Result<bool> apply_for_now(const RulesStore& store, const RulesLoader& loader, const RulesPair& sets,
                           std::chrono::seconds time) {
    auto pending = arm_way_back(store, time);
    if (!pending) return tl::make_unexpected(pending.error());
    const Result<bool> stood = put_in_whole(store, loader, sets.wanted);
    if (!stood) return stood;
    pending->applied = io::now().steady;
    return store.write(RulesStore::Set::applied, sets.wanted)
        .and_then([&] { return store.write(RulesStore::Set::next_emergency, sets.emergency); })
        .and_then([&] { return store.write(*pending); })
        .map([&] { return *stood; });
}

// What has been done under the lock, to be told without it: a terminal that does not read must not keep the way back.
struct Applied {
    bool stood = false;
    Result<Removal> others;  // in other tables; these rules stand whatever became of those
    std::vector<std::string> warnings;
};

void tell(const RulesJob& job, const RulesOptions& options, const Applied& done) {
    fmt::print("{} ({})\n", standing(job, done.stood), job.loader->name());
    if (options.confirm)
        fmt::print(
            "taken back in {} s, unless somebody says `posternctl rules confirm` over a connection made from now "
            "on\n",
            options.confirm->count());
    if (done.others && *done.others == Removal::done)
        fmt::print("rules of another backend than {} are taken out\n", job.loader->name());
}

Result<Applied> apply_locked(const RulesStore& store, const RulesJob& job, const RulesOptions& options) {
    const Result<io::FileLock> lock = store.lock();
    if (!lock) return tl::make_unexpected(lock.error());
    if (const auto none = none_pending(store, options); !none) return tl::make_unexpected(none.error());
    const Result<RulesPair> sets = planned(job);
    if (!sets) return tl::make_unexpected(sets.error());
    const auto before = store.read(RulesStore::Set::applied).value_or(std::nullopt);
    // Where rules stood since this host started, what nothing tracks now came in while they were gone.
    const AdoptionTime time = store.applied_since_start() ? std::chrono::seconds{0} : options.adopt;
    const Result<void> adopted = adopt(job.loader->name(), options.iptables, time, options.quiet ? stderr : stdout);
    const Result<bool> stood =
        options.confirm ? apply_for_now(store, *job.loader, *sets, *options.confirm) : apply(store, *job.loader, *sets);
    if (!stood) return tl::make_unexpected(stood.error());
    Applied done{*stood, remove_others(sets->wanted, before, options.iptables), {}};
    if (!adopted)
        done.warnings.push_back("sessions older than the rules are not adopted and may stop: " + adopted.error().text);
    return done;
}

}  // namespace

Result<void> may_apply(const RulesJob& job, const RulesOptions& options) {
    const Result<RulesStore> store = RulesStore::open(job.state_directory);
    if (!store) return tl::make_unexpected(store.error());
    return store->lock().and_then([&](const io::FileLock&) { return none_pending(*store, options); });
}

Exit rules_apply(const RulesJob& job, const RulesOptions& options) {
    const Result<RulesStore> store = RulesStore::open(job.state_directory);
    if (!store) return failed(store.error());
    const Result<Applied> done = apply_locked(*store, job, options);
    if (!done) return failed(done.error());
    for (const std::string& warning : done->warnings) warn(warning);
    if (!options.quiet) tell(job, options, *done);
    warn_about(job);
    return done->others ? Exit::ok : failed(done->others.error());
}

}  // namespace postern::ctl
