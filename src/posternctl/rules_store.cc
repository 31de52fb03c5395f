#include "posternctl/rules_store.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>

#include "io/boot.h"
#include "io/files.h"

namespace postern::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds patience{30};     // for another `posternctl rules`
constexpr std::size_t longest_file = 16u << 20;  // bytes
constexpr mode_t secret = 0600;

constexpr const char* names[] = {"applied", "confirmed", "emergency", "emergency.next"};

Result<void> make_directory(const fs::path& directory) {
    std::error_code error;
    if (fs::exists(directory, error)) return {};
    if (geteuid() != 0) return failure(fmt::format("cannot make {}: run as root", directory.string()));
    fs::create_directories(directory.parent_path(), error);
    if (!error && mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) error = {errno, std::generic_category()};
    if (error) return failure(fmt::format("cannot make {}: {}", directory.string(), error.message()));
    return {};
}

// What others can write is loaded with our rights at boot.
Result<void> check_owner(const fs::path& path) {
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0)
        return failure(fmt::format("cannot look at {}: {}", path.string(), std::strerror(errno)));
    const bool ours = status.st_uid == geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
    if (ours && !S_ISLNK(status.st_mode)) return {};
    return failure(
        fmt::format("{} can be written by others than user {}: expected to be its alone; chown it, or run as "
                    "its owner",
                    path.string(), geteuid()));
}

// Who may rename a directory on the way could put another one in its place.
Result<void> check_way(const fs::path& directory) {
    std::error_code error;
    for (fs::path at = fs::weakly_canonical(directory, error); !error; at = at.parent_path()) {
        struct stat status {};
        if (lstat(at.c_str(), &status) != 0)
            return failure(fmt::format("cannot look at {}: {}", at.string(), std::strerror(errno)));
        const bool owned = status.st_uid == 0 || status.st_uid == geteuid();
        const bool kept = (status.st_mode & (S_IWGRP | S_IWOTH)) == 0 || (status.st_mode & S_ISVTX) != 0;
        if (!owned || !kept)
            return failure(
                fmt::format("{} can be changed by others than root, and what lies under it is loaded as "
                            "root: chown it to root and, where others write in it, chmod +t",
                            at.string()));
        if (at == at.parent_path()) return {};
    }
    return failure(fmt::format("cannot look at {}: {}", directory.string(), error.message()));
}

// What read_small() says of a file that is not there is no Error here.
Result<std::optional<std::string>> content_of(const fs::path& file) {
    if (access(file.c_str(), F_OK) != 0 && errno == ENOENT) return std::optional<std::string>{};
    return check_owner(file).and_then([&] { return io::read_small(file, longest_file); }).map([](std::string content) {
        return std::optional{std::move(content)};
    });
}

Result<void> erase(const fs::path& file) {
    return io::remove_and_sync(file).map([](bool) {});
}

std::int64_t count(SteadyTime time) { return time.time_since_epoch().count(); }

std::optional<Pending> parse_pending(const std::string& content) {
    Pending pending;
    std::int64_t applied = 0, deadline = 0;
    if (!(std::istringstream{content} >> pending.id >> pending.boot >> applied >> deadline)) return std::nullopt;
    pending.applied = SteadyTime{Duration{applied}};
    pending.deadline = SteadyTime{Duration{deadline}};
    return pending;
}

}  // namespace

Result<RulesStore> RulesStore::open(const fs::path& state_directory) {
    const fs::path directory = state_directory / "rules";
    return make_directory(directory)
        .and_then([&] { return check_owner(directory); })
        .and_then([&] { return check_way(state_directory); })
        .map([&] { return RulesStore{directory}; });
}

Result<std::optional<io::FileLock>> RulesStore::try_lock() const {
    return io::FileLock::take(directory_ / "lock", std::chrono::milliseconds{0});
}

Result<io::FileLock> RulesStore::lock() const {
    auto lock = io::FileLock::take(directory_ / "lock", patience);
    if (!lock) return tl::make_unexpected(lock.error());
    if (*lock) return std::move(**lock);
    return failure(fmt::format("another `posternctl rules` holds {} for {} s already; wait for its end, or end it",
                               (directory_ / "lock").string(), patience.count()));
}

fs::path RulesStore::file(Set set) const { return directory_ / names[static_cast<std::size_t>(set)]; }

Result<std::optional<rules::Loadable>> RulesStore::read(Set set) const {
    const auto content = content_of(file(set));
    if (!content) return tl::make_unexpected(content.error());
    if (!*content) return std::optional<rules::Loadable>{};
    auto loadable = rules::read_loadable(**content);
    if (!loadable) return failure(fmt::format("{}: {}", file(set).string(), loadable.error().text));
    return std::optional{std::move(*loadable)};
}

Result<void> RulesStore::write(Set set, const rules::Loadable& loadable) const {
    return io::replace_file(file(set), rules::to_file(loadable), secret).and_then([&]() -> Result<void> {
        if (set != Set::applied) return {};
        return io::replace_file(directory_ / "applied.boot", io::boot_id() + "\n", secret);
    });
}

bool RulesStore::applied_since_start() const {
    const auto applied = content_of(file(Set::applied));
    const auto boot = content_of(directory_ / "applied.boot");
    return applied && *applied && boot && *boot && **boot == io::boot_id() + "\n";
}

Result<std::optional<Pending>> RulesStore::pending() const {
    const auto content = content_of(directory_ / "pending");
    if (!content) return tl::make_unexpected(content.error());
    auto pending = *content ? parse_pending(**content) : std::nullopt;
    if (pending && pending->boot != io::boot_id()) pending.reset();
    return pending;
}

Result<void> RulesStore::write(const Pending& pending) const {
    return io::replace_file(
        directory_ / "pending",
        fmt::format("{} {} {} {}\n", pending.id, pending.boot, count(pending.applied), count(pending.deadline)),
        secret);
}

Result<void> RulesStore::forget_pending() const { return erase(directory_ / "pending"); }

// What is meant to stand goes first: whoever watches must not put back what is being taken out.
Result<void> RulesStore::forget_all() const {
    return forget_pending()
        .and_then([&] { return erase(file(Set::applied)); })
        .and_then([&] { return erase(file(Set::confirmed)); })
        .and_then([&] { return erase(file(Set::emergency)); })
        .and_then([&] { return erase(file(Set::next_emergency)); });
}

std::optional<WallTime> RulesStore::applied_at() const {
    struct stat status {};
    if (lstat(file(Set::applied).c_str(), &status) != 0) return {};
    return WallTime{std::chrono::seconds{status.st_mtim.tv_sec} + std::chrono::nanoseconds{status.st_mtim.tv_nsec}};
}

std::string RulesStore::version() const {
    struct stat status {};
    if (lstat(file(Set::applied).c_str(), &status) != 0) return {};
    return fmt::format("{} {} {}", status.st_ino, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

}  // namespace postern::ctl
