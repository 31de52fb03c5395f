#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cstdlib>
#include <cstring>
#include <thread>

#include "io/notify.h"
#include "io/poll.h"
#include "io/signals.h"
#include "scratch.h"

using namespace postern;
using namespace postern::test;
using namespace std::chrono_literals;

namespace {

// Runs the body in a child, whose signals and environment are its own; its exit code.
template <class Body>
int in_child(Body body) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) _exit(body());
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("a waker ends another thread's wait, and stays until it is reset", "[io]") {
    const auto waker = io::Waker::make().value();
    std::thread other{[&] { waker.wake(); }};
    CHECK(io::wait_readable<2>({-1, waker.descriptor()}, 60s) == std::array{false, true});
    other.join();
    waker.wake();
    CHECK(io::wait_readable<1>({waker.descriptor()}, 0ms)[0]);
    waker.reset();
    waker.reset();
    CHECK_FALSE(io::wait_readable<1>({waker.descriptor()}, 0ms)[0]);
}

TEST_CASE("blocked signals are read one by one", "[io]") {
    CHECK(in_child([] {
              const auto signals = io::Signals::block({SIGTERM, SIGHUP, SIGUSR1});
              if (!signals || signals->take()) return 1;
              raise(SIGTERM);
              raise(SIGUSR1);
              if (!io::wait_readable<1>({signals->descriptor()}, 10s)[0]) return 2;
              const auto first = signals->take();
              const auto second = signals->take();
              if (!first || !second || *first + *second != SIGTERM + SIGUSR1) return 3;
              return signals->take() ? 4 : 0;
          }) == 0);
}

TEST_CASE("the service manager is told what happens", "[io]") {
    const ScratchDirectory directory;
    const auto path = (directory / "notify").string();
    const io::Descriptor manager{socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    REQUIRE(bind(manager.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);

    CHECK(in_child([&] {
              setenv("NOTIFY_SOCKET", path.c_str(), 1);
              io::notify_ready("2 queues");
              io::notify_reloading();
              io::notify_alive();
              io::notify_stopping();
              setenv("WATCHDOG_USEC", "3000000", 1);
              return io::watchdog_period() == 3s ? 0 : 1;
          }) == 0);

    const auto next = [&] {
        std::string message(256, '\0');
        const auto size = recv(manager.get(), message.data(), message.size(), MSG_DONTWAIT);
        message.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        return message;
    };
    CHECK(next() == "READY=1\nSTATUS=2 queues");
    CHECK(next().find("RELOADING=1\nMONOTONIC_USEC=") == 0);
    CHECK(next() == "WATCHDOG=1");
    CHECK(next() == "STOPPING=1");
    CHECK(next().empty());
}

TEST_CASE("without a service manager nobody is told and nothing is watched", "[io]") {
    CHECK(in_child([] {
              unsetenv("NOTIFY_SOCKET");
              unsetenv("WATCHDOG_USEC");
              io::notify_ready("2 queues");
              return io::watchdog_period() ? 1 : 0;
          }) == 0);
}
