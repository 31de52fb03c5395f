#include "posternd/state_thread.h"

#include "io/clock.h"

namespace postern {
namespace {

constexpr std::chrono::milliseconds patience{250};  // between two looks

}  // namespace

StateThread::StateThread(Keeper& keeper, Sessions& sessions)
    : keeper_{keeper}, sessions_{sessions}, thread_{[this](const std::stop_token& stop) { run(stop); }} {}

void StateThread::run(const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    while (!stop.stop_requested()) {
        (void)wake_.wait_for(lock, stop, patience, [] { return false; });
        keeper_.look(io::now());
        sessions_.look(io::now().steady);
    }
}

Result<void> StateThread::end() {
    thread_.request_stop();  // wakes it
    thread_.join();
    sessions_.end(io::now().steady);
    return keeper_.end();
}

}  // namespace postern
