// From a command line to a daemon that judges packets, or to the reason why not.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "io/poll.h"
#include "io/signals.h"
#include "io/unix_socket.h"
#include "posternd/engine.h"
#include "posternd/options.h"

namespace postern {

// Why a start did not come about: one line per mistake.
struct Refused {
    Exit exit = Exit::failed;
    std::vector<std::string> lines;
};

// A running daemon. Members go in reverse order: first the threads of the engine, then what they used.
struct Daemon {
    io::Signals signals;
    io::Waker waker;  // gets the workers out of their waits
    io::UnixListener control;
    Names names;
    std::unique_ptr<Engine> engine;
};

// Everything that can be refused is asked for before the first queue is bound; a start that fails has changed nothing.
// On success the workers run, and one line on standard error says so.
[[nodiscard]] tl::expected<std::unique_ptr<Daemon>, Refused> start(const Options& options);

}  // namespace postern
