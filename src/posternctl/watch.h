// Sees that the rules on record stand: puts them back where somebody took them away, ends what came in meanwhile, tells
// the daemon.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "io/clock.h"
#include "posternctl/guard_reports.h"
#include "posternctl/rules_gap.h"
#include "posternctl/rules_job.h"
#include "posternctl/rules_store.h"

namespace postern::ctl {

// The set on record, and what the tools say about it where it stands.
struct Standard {
    std::string version;
    rules::Loadable set;
    Loader loader;
    Listing listing;
    bool announced;
};

// Threads: one.
class Watch {
public:
    Watch(RulesStore store, Gap gap, std::filesystem::path policy_file);

    // The kernel told of a change somewhere in the tables of nftables.
    void changed() { listed_ = false; }

    // One look at the rules, with whatever it leads to. `now` is read before the news: what came later nobody vouches
    // for.
    void look(Instant now);

private:
    [[nodiscard]] Result<void> take_back_overdue(SteadyTime now);
    [[nodiscard]] Result<bool> take_standard();
    void unknown(const std::string& why);
    void open_now();
    void read_policy();
    [[nodiscard]] rules::Findings differences() const;
    void stands(Instant now);
    void put_back(const rules::Findings& found, Instant now);
    void unmended(const std::string& why);
    void not_yet(const rules::Findings& left, const rules::Findings& found, Instant now);
    [[nodiscard]] Result<void> load();
    std::size_t end_intruders(WallTime since);
    void remember();
    void report(control::GuardReport now);
    void complain_once(const std::string& text);

    RulesStore store_;
    Gap gap_;
    std::filesystem::path policy_file_;
    std::shared_ptr<const Policy> policy_;  // null: none without mistakes was there yet
    std::filesystem::path socket_;
    std::optional<Standard> standard_;
    bool new_ = false;                 // it was not seen standing yet
    bool replaced_ = false;            // another set stood before, and whoever loaded this one may have closed a gap
    WallTime stood_ = io::now().wall;  // when the rules were last seen standing
    bool listed_ = false;              // they were listed then, and no change was told since
    std::optional<WallTime> late_;     // look once more for what came in since then
    GuardReports reports_;
    int in_vain_ = 0;     // how often in a row loading has mended nothing
    SteadyTime again_{};  // it mended nothing: not before then
    std::string complained_;
};

}  // namespace postern::ctl
