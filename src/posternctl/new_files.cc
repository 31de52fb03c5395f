#include "posternctl/new_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "io/descriptor.h"

namespace postern::ctl {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> refused(std::string_view what, const fs::path& path) {
    return failure(fmt::format("cannot {} {}: {}", what, path.string(), std::generic_category().message(errno)));
}

}  // namespace

NewFiles::~NewFiles() {
    for (auto path = made_.rbegin(); path != made_.rend(); ++path) {
        std::error_code ignored;
        fs::remove(*path, ignored);
    }
}

Result<void> NewFiles::make_directory(const fs::path& path, mode_t mode, Owner owner) {
    std::error_code error;
    if (path.empty() || fs::is_directory(path, error)) return {};
    if (const auto above = make_directory(path.parent_path(), 0755); !above) return above;
    if (::mkdir(path.c_str(), 0700) != 0) return refused("make", path);
    made_.push_back(path);
    const io::Descriptor made{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!made || ::fchown(made.get(), owner.user, owner.group) != 0 || ::fchmod(made.get(), mode) != 0)
        return refused("make", path);
    return {};
}

Result<void> NewFiles::make_file(const fs::path& path, std::string_view content, mode_t mode, Owner owner) {
    if (auto written = io::write_new_file(path, content, mode, owner); !written) return written;
    made_.push_back(path);
    return {};
}

}  // namespace postern::ctl
