// The log's writer: takes events out of the workers' rings and writes lines, so that no verdict waits for a disk.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "io/log_file.h"
#include "log/event.h"
#include "log/ring.h"

namespace postern {

class Journal {
public:
    static constexpr std::size_t ring_capacity = 4096;  // events

    // One ring for each of `producers` threads.
    Journal(io::LogFile file, std::size_t producers);
    ~Journal();  // writes what is left

    // Thread: the one producer of that ring. Call wake() once after a batch.
    [[nodiscard]] bool push(std::size_t producer, log::Event&& event) noexcept {
        return rings_[producer]->push(std::move(event));
    }
    void wake() noexcept;

    void reopen() noexcept;  // before the next line; for logrotate

    // The last reopen() failed: lines go on into the file that was open before.
    [[nodiscard]] bool not_reopened() const noexcept { return not_reopened_.load(); }

    [[nodiscard]] std::uint64_t written() const noexcept { return written_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t lost() const noexcept;  // refused by a full ring or by the disk

private:
    void write_until_stopped(const std::stop_token& stop);
    bool write_some();

    io::LogFile file_;
    std::vector<std::unique_ptr<log::Ring>> rings_;
    std::atomic<std::uint32_t> calls_ = 0;
    std::atomic<bool> reopen_ = false;
    std::atomic<bool> not_reopened_ = false;
    std::atomic<std::uint64_t> written_ = 0;
    std::atomic<std::uint64_t> failed_ = 0;
    std::jthread writer_;
};

}  // namespace postern
