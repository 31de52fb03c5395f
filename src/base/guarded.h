// A value behind its lock: the only file of the core that names a mutex.
#pragma once

#include <mutex>
#include <utility>

namespace postern {

// Reachable only through with(), for the length of one short call: no system call, cryptography or log inside.
// Threads: any.
template <class T>
class Guarded {
public:
    template <class... Args>
    explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

    // What the body returns is passed on; it must not be a reference into the value.
    template <class Body>
    auto with(Body&& body) {
        const std::lock_guard lock{mutex_};
        return std::forward<Body>(body)(value_);
    }

private:
    std::mutex mutex_;
    T value_;
};

}  // namespace postern
