#include "io/privileges.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "catch.h"
#include "skipped.h"
#include "unit/child.h"

using namespace postern;

namespace {

enum Outcome { fine, refused, no_capability, kept_too_much, kept_bounding, may_gain, no_hint };

struct Sets {
    std::array<__user_cap_data_struct, 2> halves{};
    Sets() {
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        syscall(SYS_capget, &header, halves.data());
    }
};

// In a user namespace of its own, whose root has every capability there.
template <class Body>
Outcome in_user_namespace(Body body) {
    const pid_t child = test::child_in_namespaces(CLONE_NEWUSER);
    if (child < 0) return refused;
    if (child == 0) _exit(body());
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    return static_cast<Outcome>(WEXITSTATUS(status));
}

void check_fine(Outcome outcome) {
    if (outcome == refused)
        test::skipped("this system allows no user namespaces here");
    else
        CHECK(outcome == fine);
}

Outcome keep_only() {
    if (!io::may_administer_network() || !io::keep_only_network_administration()) return no_capability;
    const Sets after;
    const __u32 net_admin = 1U << CAP_NET_ADMIN;
    const auto& [low, high] = after.halves;
    if (low.effective != net_admin || low.permitted != net_admin || low.inheritable != 0) return kept_too_much;
    if (high.effective != 0 || high.permitted != 0 || high.inheritable != 0) return kept_too_much;
    if (prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) != 0) return kept_bounding;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_ADMIN, 0, 0) != 0) return kept_too_much;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? fine : may_gain;
}

Outcome keep_only_twice() {
    const Outcome first = keep_only();
    return first == fine ? keep_only() : first;
}

Outcome without_capability() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const std::array<__user_cap_data_struct, 2> none{};
    syscall(SYS_capset, &header, none.data());
    if (io::may_administer_network()) return kept_too_much;
    const auto kept = io::keep_only_network_administration();
    return !kept && kept.error().text.find("CAP_NET_ADMIN") != std::string::npos ? fine : no_hint;
}

}  // namespace

TEST_CASE("CAP_NET_ADMIN is all that is kept, for good", "[io]") { check_fine(in_user_namespace(keep_only)); }

TEST_CASE("giving up again changes nothing", "[io]") { check_fine(in_user_namespace(keep_only_twice)); }

TEST_CASE("without CAP_NET_ADMIN the error says so", "[io]") { check_fine(in_user_namespace(without_capability)); }
