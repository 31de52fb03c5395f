#include "postern/one_time_file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "io/files.h"
#include "knock/one_time.h"
#include "postern/knock_sockets.h"

namespace postern::client {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_file = (std::size_t{1} << 20) + knock::most_lines;  // bytes; with its marks
constexpr std::size_t longest_word = 60;
constexpr std::chrono::seconds patience{5};

}  // namespace

Result<OneTimeFile> OneTimeFile::open(const fs::path& file) {
    std::error_code error;
    const fs::path itself = fs::canonical(file, error);
    if (error) return failure(fmt::format("{}: {}", file.string(), error.message()));
    if (!fs::is_regular_file(itself, error) || fs::hard_link_count(itself, error) != 1)
        return failure(fmt::format("{}: got something else, expected a plain file of one name", file.string()));
    auto lock = io::FileLock::take(itself.string() + ".lock", patience);
    if (!lock) return tl::make_unexpected(lock.error());
    if (!*lock) return failure(fmt::format("{}: another postern holds it", file.string()));
    OneTimeFile opened{itself, std::move(**lock)};
    if (const auto read = opened.read(); !read) return tl::make_unexpected(read.error());
    return opened;
}

Result<void> OneTimeFile::read() {
    auto text = io::read_small(file_, longest_file);
    if (!text) return tl::make_unexpected(text.error());
    text_ = std::move(*text);
    for (std::size_t number = 1; at_ < text_.size(); ++number) {
        const std::size_t end = std::min(text_.find('\n', at_), text_.size());
        const std::string_view line = std::string_view{text_}.substr(at_, end - at_);
        if (!knock::is_skipped(line)) return read_line(line, number);
        at_ = end + 1;
    }
    return failure(fmt::format("{}: every line is used: get new lines, here and at the gateway", file_.string()));
}

Result<void> OneTimeFile::read_line(std::string_view line, std::size_t number) {
    const auto wrong = [&](const std::string& text) {
        return failure(fmt::format("{}:{}: {}", file_.string(), number, text));
    };
    for (const std::string_view word : knock::words_of(line)) {
        if (word.size() > longest_word)
            return wrong(fmt::format("got a word of {} characters, expected a step", word.size()));
        const auto step = read_step(std::string{word});
        if (!step) return wrong(step.error().text);
        steps_.push_back(*step);
    }
    if (steps_.size() > knock::most_steps)
        return wrong(fmt::format("got {} steps, expected at most {}", steps_.size(), knock::most_steps));
    return {};
}

Result<void> OneTimeFile::mark() const {
    const auto now = io::read_small(file_, longest_file);
    if (!now) return tl::make_unexpected(now.error());
    if (*now != text_) return failure(fmt::format("{}: was changed meanwhile; nothing was sent", file_.string()));
    struct stat status {};
    if (::stat(file_.c_str(), &status) != 0)
        return failure(fmt::format("{}: {}", file_.string(), std::generic_category().message(errno)));
    std::string marked = text_;
    marked.insert(at_, 1, '#');
    const bool ours = status.st_uid == ::geteuid() && status.st_gid == ::getegid();
    return io::replace_file(file_, marked, status.st_mode & 07777,
                            ours ? io::Owner{} : io::Owner{status.st_uid, status.st_gid});
}

}  // namespace postern::client
