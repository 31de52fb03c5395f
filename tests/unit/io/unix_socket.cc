#include "io/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <optional>
#include <thread>

#include "io/poll.h"
#include "scratch.h"

using namespace postern;
using namespace postern::test;
using namespace std::chrono_literals;
using io::LineStream;
using io::UnixListener;

namespace {

struct Pair {
    LineStream client;
    LineStream server;
};

Pair pair_over(const UnixListener& listener, const std::filesystem::path& path) {
    auto client = LineStream::connect(path);
    REQUIRE(client);
    auto server = listener.accept();
    REQUIRE(server);
    return {std::move(*client), std::move(*server)};
}

struct Served {
    ScratchDirectory directory;
    std::filesystem::path path = directory / "socket";
    UnixListener listener = UnixListener::open(path, 0660).value();
    Pair ends = pair_over(listener, path);

    void raw(const std::string& bytes) const {
        REQUIRE(send(ends.client.descriptor(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    }
};

}  // namespace

TEST_CASE("lines go both ways", "[io]") {
    Served served;
    auto& [client, server] = served.ends;
    REQUIRE(client.write_line("question", 1s));
    CHECK(server.read_line(100, 1s).value() == "question");
    REQUIRE(server.write_line("answer", 1s));
    CHECK(client.read_line(100, 1s).value() == "answer");
}

TEST_CASE("lines are framed whatever way their bytes arrive", "[io]") {
    Served served;
    LineStream& server = served.ends.server;
    served.raw("one\n\ntwo\nthr");
    CHECK(server.read_line(100, 1s).value() == "one");
    CHECK(server.read_line(100, 1s).value().empty());
    CHECK(server.read_line(100, 1s).value() == "two");
    served.raw("ee\n");
    CHECK(server.read_line(100, 1s).value() == "three");
}

TEST_CASE("a newline is found behind whatever was read before it", "[io]") {
    Served served;
    const std::string line(4096, 'x');  // as much as one read takes
    served.raw(line);
    served.raw("\n\n" + line + "\nend");
    served.raw("\n");
    LineStream& server = served.ends.server;
    CHECK(server.read_line(5000, 1s).value() == line);
    CHECK(server.read_line(5000, 1s).value().empty());
    CHECK(server.read_line(5000, 1s).value() == line);
    CHECK(server.read_line(5000, 1s).value() == "end");
}

TEST_CASE("a line has a longest length", "[io]") {
    Served served;
    LineStream& server = served.ends.server;
    served.raw("12345\n123456\n");
    CHECK(server.read_line(5, 1s).value() == "12345");
    CHECK(server.read_line(5, 1s).error().text.find("expected at most 5 bytes") != std::string::npos);

    Served endless;
    endless.raw(std::string(6, 'x'));  // no newline yet, and already too long
    CHECK(endless.ends.server.read_line(5, 60s).error().text.find("too long") != std::string::npos);
}

TEST_CASE("a silent or half-spoken line ends with its time", "[io]") {
    Served served;
    served.raw("hal");
    CHECK(served.ends.server.read_line(100, 20ms).error().text.find("in time") != std::string::npos);
}

TEST_CASE("who waits for a next line and gets none in time goes on where it stopped", "[io]") {
    Served served;
    LineStream& server = served.ends.server;
    served.raw("hal");
    CHECK_FALSE(server.next_line(100, 20ms).value());
    served.raw("f\n");
    CHECK(server.next_line(100, 1s).value() == "half");
}

TEST_CASE("what fits is written without waiting, and who leaves or interrupts is noticed", "[io]") {
    Served served;
    auto& [client, server] = served.ends;
    CHECK_FALSE(server.ended());
    const std::string much(8'000'000, 'x');
    const std::size_t first = server.write_some(much).value();
    CHECK((first > 0 && first < much.size()));
    CHECK(server.write_some(much).value() == 0);
    served.raw("?");
    CHECK(server.ended());
    Served gone;
    shutdown(gone.ends.client.descriptor(), SHUT_RDWR);
    CHECK(gone.ends.server.ended());
    CHECK_FALSE(gone.ends.server.write_some("line"));
}

TEST_CASE("the end of the stream is said, also within a line", "[io]") {
    Served served;
    served.raw("hal");
    shutdown(served.ends.client.descriptor(), SHUT_WR);
    CHECK(served.ends.server.read_line(100, 1s).error().text.find("closed") != std::string::npos);
}

TEST_CASE("a long line reaches a reader who starts late; one who never reads is given up", "[io]") {
    Served served;
    const std::string line(2'000'000, 'x');
    auto& [client, server] = served.ends;
    CHECK(client.write_line(line, 20ms).error().text.find("does not read") != std::string::npos);

    Served fresh;
    std::optional<std::string> read;
    std::thread reader{[&] {
        if (auto got = fresh.ends.server.read_line(line.size(), 20s)) read = std::move(*got);
    }};
    const auto written = fresh.ends.client.write_line(line, 20s);
    reader.join();
    CHECK(written);
    CHECK((read == line));
}

TEST_CASE("writing to somebody who left is an error and no signal", "[io]") {
    Served served;
    { const LineStream gone = std::move(served.ends.client); }
    CHECK_FALSE(served.ends.server.write_line("answer", 1s));
}

TEST_CASE("the socket's file has its mode and goes with the listener", "[io]") {
    const ScratchDirectory directory;
    const auto path = directory / "socket";
    {
        const auto listener = UnixListener::open(path, 0660);
        REQUIRE(listener);
        struct stat status {};
        REQUIRE(stat(path.c_str(), &status) == 0);
        CHECK((status.st_mode & 0777) == 0660);
        CHECK_FALSE(listener->accept());
    }
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a socket that answers is not taken over", "[io]") {
    const ScratchDirectory directory;
    const auto path = directory / "socket";
    const auto first = UnixListener::open(path, 0660);
    const auto second = UnixListener::open(path, 0660);
    REQUIRE_FALSE(second);
    CHECK(second.error().text.find("socket in use") != std::string::npos);
    CHECK(LineStream::connect(path));
}

TEST_CASE("a socket whose process died is replaced", "[io]") {
    const ScratchDirectory directory;
    const auto path = directory / "socket";
    {
        UnixListener dead = UnixListener::open(path, 0660).value();
        std::filesystem::rename(path, directory / "kept");  // so that its end does not remove it
    }
    std::filesystem::rename(directory / "kept", path);
    CHECK_FALSE(LineStream::connect(path));
    const auto listener = UnixListener::open(path, 0660);
    REQUIRE(listener);
    CHECK(LineStream::connect(path));
}

TEST_CASE("a listener does not remove a successor's file", "[io]") {
    const ScratchDirectory directory;
    const auto path = directory / "socket";
    std::optional<UnixListener> first = UnixListener::open(path, 0660).value();
    std::filesystem::remove(path);
    const auto second = UnixListener::open(path, 0660);
    REQUIRE(second);
    first.reset();
    CHECK(LineStream::connect(path));
}

TEST_CASE("a file that is no socket is left alone", "[io]") {
    const ScratchDirectory directory;
    put_text(directory / "socket", "precious");
    const auto listener = UnixListener::open(directory / "socket", 0660);
    REQUIRE_FALSE(listener);
    CHECK(listener.error().text.find("no socket") != std::string::npos);
    CHECK(read_whole(directory / "socket") == "precious");
}

TEST_CASE("nobody there and a path that does not fit are errors that help", "[io]") {
    const ScratchDirectory directory;
    CHECK(LineStream::connect(directory / "none").error().text.find("is posternd running?") != std::string::npos);
    const auto path = directory / std::string(108, 'x').c_str();
    CHECK(UnixListener::open(path, 0660).error().text.find("expected 1 to 107") != std::string::npos);
}

TEST_CASE("a listener is readable when somebody waits", "[io]") {
    const ScratchDirectory directory;
    const auto path = directory / "socket";
    const auto listener = UnixListener::open(path, 0660);
    REQUIRE(listener);
    const auto waker = io::Waker::make().value();
    CHECK(io::wait_readable<2>({listener->descriptor(), waker.descriptor()}, 0ms) == std::array{false, false});
    const auto client = LineStream::connect(path);
    CHECK(io::wait_readable<2>({listener->descriptor(), waker.descriptor()}, 10s) == std::array{true, false});
}
