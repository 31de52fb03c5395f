#include "posternd/journal.h"

namespace postern {

Journal::Journal(io::LogFile file, std::size_t producers) : file_{std::move(file)} {
    for (std::size_t i = 0; i < producers; ++i) rings_.push_back(std::make_unique<log::Ring>(ring_capacity));
    writer_ = std::jthread{[this](const std::stop_token& stop) { write_until_stopped(stop); }};
}

Journal::~Journal() {
    writer_.request_stop();
    wake();
    writer_.join();
}

void Journal::wake() noexcept {
    calls_.fetch_add(1);
    calls_.notify_one();
}

void Journal::reopen() noexcept {
    reopen_.store(true);
    wake();
}

std::uint64_t Journal::lost() const noexcept {
    std::uint64_t sum = failed_.load(std::memory_order_relaxed);
    for (const auto& ring : rings_) sum += ring->lost();
    return sum;
}

void Journal::write_until_stopped(const std::stop_token& stop) {
    for (;;) {
        const std::uint32_t seen = calls_.load();
        const bool stopping = stop.stop_requested();
        if (reopen_.exchange(false)) not_reopened_.store(!file_.reopen());
        while (write_some()) {
        }
        if (stopping) return;
        calls_.wait(seen);
    }
}

bool Journal::write_some() {
    bool any = false;
    for (auto& ring : rings_) {
        auto event = ring->pop();
        if (!event) continue;
        any = true;
        const bool done = file_.write_line(log::to_json(*event));
        (done ? written_ : failed_).fetch_add(1, std::memory_order_relaxed);
    }
    return any;
}

}  // namespace postern
