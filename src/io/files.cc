#include "io/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "io/descriptor.h"

namespace postern::io {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> refused(const char* what, const fs::path& path, int error = errno) {
    return failure(fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(error)));
}

fs::path directory_of(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : fs::path{"."}; }

// Makes the names of a directory durable.
Result<void> sync_directory(const fs::path& directory) {
    const Descriptor descriptor{open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!descriptor || fsync(descriptor.get()) != 0) return refused("sync", directory);
    return {};
}

// Writes everything; 0 or an errno.
int write_all(int descriptor, std::string_view content) noexcept {
    while (!content.empty()) {
        const auto wrote = write(descriptor, content.data(), content.size());
        if (wrote < 0 && errno != EINTR) return errno;
        if (wrote > 0) content.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return 0;
}

// A complete, durable file under a name of its own, which goes with the object.
class Temporary {
public:
    explicit Temporary(const fs::path& directory) : name_{(directory / ".postern-XXXXXX").string()} {
        descriptor_.reset(mkostemp(name_.data(), O_CLOEXEC));
        if (!descriptor_) name_.clear();
    }
    ~Temporary() {
        if (!name_.empty()) unlink(name_.c_str());
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;

    [[nodiscard]] bool made() const noexcept { return !name_.empty(); }

    // 0 or an errno, as the following one.
    [[nodiscard]] int fill(std::string_view content, mode_t mode, const Owner& owner) const noexcept {
        if (const int error = write_all(descriptor_.get(), content); error != 0) return error;
        // Before the mode: it may take bits. Without an owner not at all: the daemon's sandbox refuses the call itself.
        if (owner.given() && fchown(descriptor_.get(), owner.user, owner.group) != 0) return errno;
        return fchmod(descriptor_.get(), mode) == 0 && fsync(descriptor_.get()) == 0 ? 0 : errno;
    }
    [[nodiscard]] int replace(const fs::path& file) noexcept {
        if (rename(name_.c_str(), file.c_str()) != 0) return errno;
        name_.clear();
        return 0;
    }
    [[nodiscard]] int become_new(const fs::path& file) const noexcept {
        return link(name_.c_str(), file.c_str()) == 0 ? 0 : errno;
    }

private:
    std::string name_;
    Descriptor descriptor_;
};

}  // namespace

Result<std::string> read_small(const fs::path& file, std::size_t limit) {
    // Without O_NONBLOCK the open of a pipe would wait for its writer.
    const Descriptor descriptor{open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (!descriptor) return refused("read", file);
    struct stat status {};
    if (fstat(descriptor.get(), &status) != 0) return refused("read", file);
    if (!S_ISREG(status.st_mode)) return failure(fmt::format("cannot read {}: not a plain file", file.string()));

    std::string content(limit + 1, '\0');  // one more than allowed shows that there is more
    std::size_t size = 0;
    while (size < content.size()) {
        const auto got = read(descriptor.get(), content.data() + size, content.size() - size);
        if (got < 0 && errno != EINTR) return refused("read", file);
        if (got == 0) break;
        if (got > 0) size += static_cast<std::size_t>(got);
    }
    if (size > limit) return failure(fmt::format("{} is too long: expected at most {} bytes", file.string(), limit));
    content.resize(size);
    return content;
}

Result<void> write_new_file(const fs::path& file, std::string_view content, mode_t mode, const Owner& owner) {
    const Temporary temporary{directory_of(file)};
    if (!temporary.made()) return refused("write in", directory_of(file));
    if (const int error = temporary.fill(content, mode, owner); error != 0) return refused("write", file, error);
    const int error = temporary.become_new(file);
    if (error == EEXIST) return failure(fmt::format("{} exists already and is left as it is", file.string()));
    if (error != 0) return refused("write", file, error);
    return sync_directory(directory_of(file));
}

Result<void> replace_file(const fs::path& file, std::string_view content, mode_t mode, const Owner& owner) {
    Temporary temporary{directory_of(file)};
    if (!temporary.made()) return refused("write in", directory_of(file));
    if (const int error = temporary.fill(content, mode, owner); error != 0) return refused("write", file, error);
    if (const int error = temporary.replace(file); error != 0) return refused("replace", file, error);
    return sync_directory(directory_of(file));
}

Result<bool> remove_and_sync(const fs::path& file) {
    if (unlink(file.c_str()) != 0) {
        if (errno == ENOENT) return false;
        return refused("remove", file);
    }
    if (const auto synced = sync_directory(directory_of(file)); !synced) return tl::make_unexpected(synced.error());
    return true;
}

}  // namespace postern::io
