// A one-time list as a client has it: a file with a knock sequence on each line, of which the first that is not marked
// is the next. The gateway has a copy of it; postern.yaml(5) says how a line is written.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/lock.h"
#include "knock/step.h"

namespace postern::client {

// Holds the file while it lives: who sends the same line at the same time waits for the next one.
class OneTimeFile {
public:
    // Reads it up to the next line. An Error names file and line, and says what came and what was expected; also where
    // every line is marked.
    [[nodiscard]] static Result<OneTimeFile> open(const std::filesystem::path& file);

    [[nodiscard]] const std::vector<knock::Step>& steps() const noexcept { return steps_; }

    // Puts '#' in front of the line. When it returns, that is on the disk; other lines, mode and owner stay. An Error
    // also where somebody has changed the file since open().
    [[nodiscard]] Result<void> mark() const;

private:
    OneTimeFile(std::filesystem::path file, io::FileLock lock) : file_{std::move(file)}, lock_{std::move(lock)} {}
    [[nodiscard]] Result<void> read();
    [[nodiscard]] Result<void> read_line(std::string_view line, std::size_t number);

    std::filesystem::path file_;  // itself, not a link to it
    io::FileLock lock_;
    std::string text_;
    std::size_t at_ = 0;  // where the line begins in the text
    std::vector<knock::Step> steps_;
};

}  // namespace postern::client
