#include "posternd/keeping.h"

#include <algorithm>

#include "io/clock.h"

namespace postern {
namespace {

constexpr std::chrono::milliseconds patience{250};

}  // namespace

Keeping::Keeping(Keeper& keeper, Sessions& sessions, const io::Waker& waker)
    : keeper_{keeper}, sessions_{sessions}, waker_{waker}, thread_{[this](const std::stop_token& stop) {
          keep(stop);
      }} {}

void Keeping::keep(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (io::wait_readable(std::array{waker_.descriptor()}, patience)[0]) waker_.reset();
        keeper_.look(io::now());
        const SteadyTime began = io::now().steady;
        sessions_.look(began);
        const SteadyTime done = io::now().steady;
        std::this_thread::sleep_for(std::min<Duration>(patience, 4 * (done - began)));  // so it never fills a core
    }
}

Result<void> Keeping::end() {
    thread_.request_stop();
    waker_.wake();
    thread_.join();
    sessions_.end(io::now().steady);
    return keeper_.end();
}

}  // namespace postern
