#include "posternctl/host_survey.h"

#include "io/files.h"
#include "io/process.h"
#include "posternctl/listening.h"
#include "posternctl/rules_tool.h"
#include "survey/conntrack.h"
#include "survey/lines.h"
#include "survey/links.h"
#include "survey/marks.h"
#include "survey/programs.h"
#include "survey/sockets.h"
#include "survey/xfrm.h"

namespace postern::ctl {
namespace {

constexpr std::size_t longest = 1u << 20;  // bytes of a file of /proc; sysctls refuse a buffer of 4 MiB

std::string read(const char* file) { return io::read_small(file, longest).value_or(""); }

class Survey {
public:
    Survey(const Policy& policy, const std::string& iptables) : policy_{policy}, iptables_{iptables} {}

    survey::Findings run() {
        links();
        listeners();
        protocols();
        marks();
        rules_of_others();
        survey::find_ipsec(policy_, output({"ip", "xfrm", "state"}), output({"ip", "xfrm", "policy"}), findings_);
        survey::find_conntrack(read("/proc/sys/net/netfilter/nf_conntrack_events"), findings_);
        return std::move(findings_);
    }

private:
    void unread(const Error& error) {
        findings_.push_back({"unread", "this host was not looked at in full: " + error.text,
                             "what guarding would hurt there is not known"});
    }
    std::string output(const std::vector<std::string>& argv) {
        const Result<std::string> text = run_tool(argv);
        if (!text) unread(text.error());
        return text.value_or("");
    }

    void links() {
        const std::string text = output({"ip", "-json", "-details", "address", "show"});
        if (text.empty()) return;
        const Result<survey::Links> read = survey::parse_links(text);
        if (!read) return unread(read.error());
        links_ = *read;
        survey::find_enslaved(policy_, links_, findings_);
        survey::find_tunnels(policy_, links_, findings_);
    }

    void listeners() {
        std::vector<survey::Listener> all;
        for (const Transport transport : {Transport::tcp, Transport::udp})
            if (const auto done = add_listeners(all, transport); !done) unread(done.error());
        name_programs(all);
        survey::find_listeners(policy_, links_, all, chosen_ports(), findings_);
    }

    void protocols() {
        std::vector<std::uint8_t> found;
        for (const char* file : {"/proc/thread-self/net/raw", "/proc/thread-self/net/raw6"})
            for (const std::uint8_t protocol : survey::raw_protocols(read(file))) found.push_back(protocol);
        survey::find_protocols(policy_, std::move(found), findings_);
        survey::find_sctp(policy_, survey::sctp_ports(read("/proc/thread-self/net/sctp/eps")), findings_);
    }

    void marks() {
        for (const char* family : {"-4", "-6"}) {
            const std::string text = output({"ip", family, "-json", "rule", "show"});
            if (text.empty()) continue;
            const std::string name = family[1] == '4' ? "ip" : "ip -6";
            if (const auto done = survey::find_mark_routes(policy_, name, text, findings_); !done) unread(done.error());
        }
    }

    // Without nft there is no ruleset of nft's; the same goes for iptables.
    void rules_of_others() {
        const std::string listing = io::installed("nft") ? output({"nft", "-s", "list", "ruleset"}) : "";
        rules::Saved all;
        for (const std::string& tool : {iptables_, "ip6" + iptables_.substr(2)}) {
            if (!io::installed(tool + "-save")) continue;
            const rules::Saved saved = rules::parse_saved(output({tool + "-save"}));
            survey::find_iptables_marks(policy_, tool, saved, findings_);
            all.insert(all.end(), saved.begin(), saved.end());
        }
        survey::find_nft_marks(policy_, listing, findings_);
        survey::find_programs(all, listing, findings_);
        survey::find_published(policy_, all, findings_);
    }

    const Policy& policy_;
    const std::string& iptables_;
    survey::Links links_;
    survey::Findings findings_;
};

}  // namespace

survey::Findings survey_host(const Policy& policy, const std::string& iptables) {
    return Survey{policy, iptables}.run();
}

}  // namespace postern::ctl
