// A copy of the state that was put back behind the daemon's back: nothing is accepted twice where the anchor tells.
#include <filesystem>
#include <memory>

#include "catch.h"
#include "scratch.h"
#include "store/anchor.h"
#include "store/document.h"
#include "unit/posternd/life.h"

using namespace postern;
using namespace postern::test;
using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;

struct Host {
    ScratchDirectory directory, backup, outside;
    Instant now = dawn;
    SpentMarkers markers = fresh;

    [[nodiscard]] fs::path anchor() const { return outside / "anchor"; }
    std::unique_ptr<Life> start() {
        return std::make_unique<Life>(directory.path(), now, std::exchange(markers, {}), std::vector<std::string>{},
                                      anchor());
    }
    void end(std::unique_ptr<Life> life) {
        REQUIRE(life->keeper->end());
        now = {life->now().steady + second, life->now().wall + second};
    }
    void copy() const { copy(directory.path(), backup.path()); }
    void put_back() const { copy(backup.path(), directory.path()); }

    // A message that was accepted, and behind that the state of before put back.
    Datagram use_one_and_put_back() {
        end(start());
        copy();
        auto life = start();
        Datagram used = life->sealed();
        REQUIRE(life->send(used) == Reason::spa_accepted);
        end(std::move(life));
        put_back();
        return used;
    }

    static void copy(const fs::path& from, const fs::path& to) {
        for (const auto& file : fs::directory_iterator{to}) fs::remove(file);
        fs::copy(from, to);
    }
};

}  // namespace

TEST_CASE("an older copy of the state is recognised by its anchor, and opens nothing twice", "[posternd]") {
    Host host;
    const Datagram used = host.use_one_and_put_back();
    const auto after = host.start();
    CHECK(after->keeper->report().warning.find("an older copy of it was put back") != std::string::npos);
    CHECK(after->send(used) == Reason::spa_old);
    CHECK(refused_for(*after) == 31s);
}

TEST_CASE("a copy from within a life is the state of a crash", "[posternd]") {
    Host host;
    auto life = host.start();
    life->pass_and_look(20s);
    host.copy();
    const Datagram used = life->sealed();
    REQUIRE(life->send(used) == Reason::spa_accepted);
    host.now = life->now();
    life.reset();  // no end()
    host.put_back();
    const auto after = host.start();
    CHECK(after->keeper->report().warning == "the process before did not end in order");
    CHECK(after->send(used) == Reason::spa_old);
    CHECK(refused_for(*after) <= promised - 30s);
}

TEST_CASE("the state that the anchor knows is believed; so is one whose anchor is lost", "[posternd]") {
    Host host;
    for (const bool lost : {false, true}) {
        auto life = host.start();
        CHECK(life->send_new() == Reason::spa_accepted);
        host.end(std::move(life));
        if (lost) fs::remove(host.anchor());
    }
    const auto after = host.start();
    CHECK(after->keeper->report().warning.empty());
    CHECK(after->send_new() == Reason::spa_accepted);
    CHECK(fs::exists(host.anchor()));
}

TEST_CASE("another state in place of the last one is not believed", "[posternd]") {
    Host host, other;
    host.end(host.start());
    other.end(other.start());
    Host::copy(other.directory.path(), host.directory.path());
    const auto after = host.start();
    CHECK(after->keeper->report().warning.find("another state was put in its place") != std::string::npos);
    CHECK(after->send_new() == Reason::spa_old);
}

TEST_CASE("an anchor that cannot be written is said, and keeps nobody out", "[posternd]") {
    const ScratchDirectory directory;
    Life life{directory.path(), dawn, fresh, {}, directory.path() / "nowhere" / "anchor"};
    CHECK(life.keeper->report().anchor_trouble.find("nowhere") != std::string::npos);
    CHECK(life.send_new() == Reason::spa_accepted);
}

TEST_CASE("what a running keeper says of its state is what an end would write", "[posternd]") {
    Host host;
    auto life = host.start();
    REQUIRE(life->send_new() == Reason::spa_accepted);
    auto said = life->keeper->exact();
    REQUIRE(said);
    host.end(std::move(life));
    auto file = store::StateFile::open(host.directory.path());
    REQUIRE(file);
    const auto written = file->read();
    REQUIRE((written && *written));
    said->sequence = (*written)->sequence;
    CHECK(store::to_document(*said) == store::to_document(**written));
}

TEST_CASE("behind a start that knows nothing of before, a clock that was behind opens nothing when it is set right",
          "[posternd]") {
    Host host;
    const Datagram used = host.use_one_and_put_back();
    host.now.steady += 10s, host.now.wall += 10s - 600s;  // the machine keeps no time while it is off
    const auto after = host.start();
    CHECK(after->send(used) != Reason::spa_accepted);
    after->pass_and_look(5s);
    after->set_clock(600s);
    CHECK(after->send(used) == Reason::spa_old);
    CHECK(refused_for(*after) <= 31s);
    CHECK(after->send_new() == Reason::spa_accepted);
}

TEST_CASE("what was covered stays used where the state is doubted, however far ahead the clock was", "[posternd]") {
    Host host;
    host.end(host.start());
    auto life = host.start();
    life->set_clock(3600s);
    const Datagram used = life->sealed();
    REQUIRE(life->send(used) == Reason::spa_accepted);
    host.now = life->now();
    life.reset();  // no end()
    host.now.wall -= 3600s;
    const auto known = store::read_anchor(host.anchor()).value().value();
    REQUIRE(store::write_anchor(host.anchor(), {known.id, known.sequence + 1}));
    const auto after = host.start();
    CHECK(after->keeper->report().warning.find("an older copy") != std::string::npos);
    after->set_clock(3600s);
    CHECK(after->send(used) == Reason::spa_old);
}
