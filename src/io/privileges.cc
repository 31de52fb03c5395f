#include "io/privileges.h"

#include <cap-ng.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace postern::io {

bool may_administer_network() noexcept {
    return capng_get_caps_process() == 0 && capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN) != 0;
}

bool runs_as_root() noexcept { return geteuid() == 0; }

Result<void> as_user(const Owner& user, const std::function<Result<void>()>& body) {
    if (geteuid() != 0 || !user.given()) return body();
    const gid_t group = getegid();
    std::vector<gid_t> groups(static_cast<std::size_t>(std::max(getgroups(0, nullptr), 0)));
    const int count = getgroups(static_cast<int>(groups.size()), groups.data());
    const bool become = count >= 0 && setgroups(0, nullptr) == 0 && setegid(user.group) == 0 && seteuid(user.user) == 0;
    const Result<void> done =
        become ? body() : failure(fmt::format("cannot become user {}: {}", user.user, std::strerror(errno)));
    const bool back = seteuid(0) == 0 && setegid(group) == 0 && setgroups(groups.size(), groups.data()) == 0;
    if (back) return done;
    return failure((done ? "" : done.error().text + "; ") + std::string{"cannot become root again"});
}

Result<void> keep_only_network_administration() {
    if (!may_administer_network())
        return failure(
            "CAP_NET_ADMIN is missing, so no packet queue can be bound: start posternd as root, or with setpriv "
            "--ambient-caps +net_admin as posternd(8) shows");
    const bool may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
    capng_clear(CAPNG_SELECT_ALL);
    capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED), CAP_NET_ADMIN);
    const int set = CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT | (may_bound ? CAPNG_SELECT_BOUNDS : 0);
    if (const int error = capng_apply(static_cast<capng_select_t>(set)); error != 0)
        return failure(fmt::format("cannot give up capabilities (capng_apply: {})", error));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return failure(fmt::format("cannot set no_new_privs: {}", std::strerror(errno)));
    return {};
}

}  // namespace postern::io
