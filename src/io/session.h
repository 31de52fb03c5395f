// Where the person who runs this program sits: behind a network connection, or at the machine itself.
#pragma once

#include <string>

#include "base/time.h"

namespace postern::io {

struct Session {
    enum class Kind {
        console,  // the terminal is a screen's or a serial line's, and no connection stands behind it
        remote,   // one of the processes we descend from serves an established TCP connection
        unknown,  // neither: a terminal multiplexer, a job of cron, a service
    };
    Kind kind = Kind::unknown;
    SteadyTime began;  // remote: when the process that serves the connection was started, to 10 ms
    int process = 0;   // remote: that process
    std::string peer;  // remote: the address at the other end
};

// Of the calling process, by its ancestors and the sockets they hold: nothing that the caller's environment says
// counts. Only a connection counts that another host made, to a port that somebody
// listens on. Reads /proc, whole only for root. Threads: any.
[[nodiscard]] Session own_session();

}  // namespace postern::io
