#include "posternctl/daemon_user.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

namespace postern::ctl {

Result<io::Owner> daemon_owner(const std::string& user, const std::string& group) {
    const bool wanted = !user.empty() || !group.empty();
    if (!wanted && ::geteuid() != 0) return io::Owner{};
    io::Owner owner;
    // NOLINTBEGIN(concurrency-mt-unsafe): there is one thread
    if (const passwd* found = ::getpwnam(user.empty() ? "postern" : user.c_str()))
        owner = {found->pw_uid, found->pw_gid};
    else if (!user.empty())
        return failure(fmt::format("no user {} on this system", user));
    if (const struct group* found = ::getgrnam(group.empty() ? "postern" : group.c_str()))
        owner.group = group.empty() && !user.empty() ? owner.group : found->gr_gid;
    else if (!group.empty())
        return failure(fmt::format("no group {} on this system", group));
    // NOLINTEND(concurrency-mt-unsafe)
    return owner;
}

}  // namespace postern::ctl
