// The keeper over lives of a gate: processes that end in order, that are killed, disks that refuse, clocks that are
// set.
#include "posternd/keeper.h"

#include <filesystem>
#include <fstream>
#include <memory>

#include "catch.h"
#include "scratch.h"
#include "unit/posternd/life.h"

using namespace postern;
using namespace postern::test;
using namespace std::chrono_literals;

TEST_CASE("a first start with a new key refuses nothing, one without a marker what is fresh", "[posternd]") {
    const ScratchDirectory directory, another;
    Life first{directory.path(), dawn, fresh};
    CHECK(first.keeper->report().warning.empty());
    CHECK(refused_for(first) == 0s);
    Life moved{another.path(), dawn};
    CHECK(moved.keeper->report().warning == "there is no state in " + another.path().string());
    CHECK(moved.keeper->report().refused_until == dawn.wall + 30s);
    CHECK(refused_for(moved) == 31s);
}

TEST_CASE("after an end in order nothing is accepted twice and nothing else refused", "[posternd]") {
    const ScratchDirectory directory;
    auto before = std::make_unique<Life>(directory.path(), dawn, fresh);
    const Datagram used = before->sealed(), unused = before->sealed();
    REQUIRE(before->send(used) == Reason::spa_accepted);
    REQUIRE(before->keeper->end());
    CHECK(before->send(unused) == Reason::spa_not_durable);
    const Instant end = before->now();
    before.reset();
    Life after{directory.path(), end};
    CHECK(after.keeper->report().refused_until == WallTime::min());
    CHECK(after.send(used) == Reason::spa_replayed);
    CHECK(after.send(unused) == Reason::spa_accepted);
}

TEST_CASE("after a kill nothing is accepted twice, and members wait no longer than is said", "[posternd]") {
    for (const Duration lived : {0s, 3s, 5s, 1000s})
        for (const Duration dead : {0s, 10s, 3600s}) {
            const ScratchDirectory directory;
            auto before = std::make_unique<Life>(directory.path(), dawn, fresh);
            before->pass_and_look(lived);
            const Datagram used = before->sealed();
            REQUIRE(before->send(used) == Reason::spa_accepted);
            Instant now = before->now();
            before.reset();  // no end()
            now.steady += dead, now.wall += dead;
            Life after{directory.path(), now};
            CHECK(after.send(used) != Reason::spa_accepted);
            CHECK(refused_for(after) <= promised - 30s);
            CHECK(after.send(used) != Reason::spa_accepted);
        }
}

TEST_CASE("the horizon is moved on before it runs out, and stays when nobody moves it", "[posternd]") {
    const ScratchDirectory directory;
    Life life{directory.path(), dawn, fresh};
    for (int second = 0; second < 200; ++second) {
        life.pass_and_look(1s);
        auto ahead = life.claims("ssh", life.home);
        ahead.time += 30s;  // as far as a client's clock may be ahead
        REQUIRE(life.deliver(life.seal(life.alice, ahead), life.home).reason == Reason::spa_accepted);
    }
    life.pass(Keeper::lead + 1s);  // nobody looks
    auto ahead = life.claims("ssh", life.home);
    ahead.time += 30s;
    CHECK(life.deliver(life.seal(life.alice, ahead), life.home).reason == Reason::spa_not_durable);
    life.pass(31s);
    CHECK(life.send_new() == Reason::spa_not_durable);
    life.keeper->look(life.now());
    CHECK(life.send_new() == Reason::spa_accepted);
}

TEST_CASE("a clock that is set while the gate runs reopens nothing and locks nobody out", "[posternd]") {
    for (const Duration step : {-3600s, -86'400s, -20s, 20s, 3600s, 86'400s}) {
        INFO("step " << step.count());
        const ScratchDirectory directory;
        Life life{directory.path(), dawn, fresh};
        const Datagram first = life.sealed();
        REQUIRE(life.send(first) == Reason::spa_accepted);
        life.set_clock(step);
        CHECK(refused_for(life) <= 1s);
        const Datagram second = life.sealed();
        REQUIRE(life.send(second) == Reason::spa_accepted);
        life.set_clock(-step);
        CHECK(life.send(first) != Reason::spa_accepted);
        CHECK(life.send(second) != Reason::spa_accepted);
        CHECK(refused_for(life) <= promised);
    }
}

TEST_CASE("a clock that is set before, between and after kills reopens nothing and locks nobody out", "[posternd]") {
    for (const Duration step : {-3600s, -86'400s, 3600s, 86'400s})
        for (const bool back : {false, true}) {
            INFO("step " << step.count() << ", back " << back);
            const ScratchDirectory directory;
            auto life = std::make_unique<Life>(directory.path(), dawn, fresh);
            std::vector<Datagram> used;
            const auto use_one = [&] {
                used.push_back(life->sealed());
                REQUIRE(life->send(used.back()) == Reason::spa_accepted);
            };
            const auto kill = [&](Duration meanwhile) {
                Instant now = life->now();
                life.reset();
                now.wall += meanwhile;
                life = std::make_unique<Life>(directory.path(), now);
                for (const Datagram& datagram : used) CHECK(life->send(datagram) != Reason::spa_accepted);
                CHECK(refused_for(*life) <= promised);
                for (const Datagram& datagram : used) CHECK(life->send(datagram) != Reason::spa_accepted);
            };
            use_one();
            life->set_clock(step);  // while it runs
            use_one();
            kill(0s);
            use_one();
            kill(back ? -step : step);  // while nobody runs
            use_one();
            kill(0s);
        }
}

TEST_CASE("a clock set back an hour behind a kill locks nobody out who was not there in that hour", "[posternd]") {
    const ScratchDirectory directory;
    auto life = std::make_unique<Life>(directory.path(), dawn, fresh);
    life->pass_and_look(2h);
    const Datagram used = life->sealed();
    REQUIRE(life->send(used) == Reason::spa_accepted);
    Instant now = life->now();
    life.reset();
    now.wall -= 1h;
    Life back{directory.path(), now};
    CHECK(refused_for(back) <= promised);
    back.set_clock(1h);
    CHECK(back.send(used) != Reason::spa_accepted);
}

TEST_CASE("a directory that cannot be used refuses SPA until it can, and forgets nothing", "[posternd]") {
    const ScratchDirectory directory;
    const auto place = directory / "state";
    Datagram used;
    {
        std::filesystem::create_directory(place);
        Life before{place, dawn, fresh};
        used = before.sealed();
        REQUIRE(before.send(used) == Reason::spa_accepted);
        REQUIRE(before.keeper->end());
    }
    std::filesystem::rename(place, directory / "moved");
    Life life{place, dawn};
    CHECK(life.keeper->report().trouble == (place / "state.db").string() + ": No such file or directory");
    CHECK(life.send_new() == Reason::spa_not_durable);
    std::filesystem::rename(directory / "moved", place);
    life.pass_and_look(2s);
    CHECK(life.keeper->report().trouble.empty());
    CHECK(life.send(used) == Reason::spa_replayed);
    CHECK(life.send_new() == Reason::spa_accepted);
}

TEST_CASE("a damaged state is set aside, and what is fresh counts as used", "[posternd]") {
    const ScratchDirectory directory;
    std::ofstream{directory / "state.db"} << std::string(5000, '?');
    Life life{directory.path(), dawn};
    CHECK(life.keeper->report().warning ==
          (directory / "state.db").string() + ": file is not a database, and is state.db.damaged now");
    CHECK(std::filesystem::exists(directory / "state.db.damaged"));
    CHECK(refused_for(life) == 31s);
}

TEST_CASE("a gateway key that the state has not seen may be in use elsewhere, unless it is new", "[posternd]") {
    const auto life_with_another_key = [](SpentMarkers markers) {
        const ScratchDirectory directory;
        {
            auto file = store::StateFile::open(directory.path());
            store::State state;
            state.gateway_keys = {store::Bytes32{1, 2, 3}};
            REQUIRE((file && file->save(state)));
        }
        Life life{directory.path(), dawn, std::move(markers)};
        return refused_for(life);
    };
    CHECK(life_with_another_key({}) == 31s);
    CHECK(life_with_another_key(fresh) == 0s);
}

TEST_CASE("a reload takes nothing from anybody, and its keys are known to the next process", "[posternd]") {
    const ScratchDirectory directory;
    Datagram used;
    {
        Life life{directory.path(), dawn, fresh};
        used = life.sealed();
        REQUIRE(life.send(used) == Reason::spa_accepted);
        Policy nobody = life.draft();
        nobody.clients.clear();
        life.use(std::move(nobody));
        life.current->publish(life.shared_policy());
        life.keeper->look(life.now());
        REQUIRE(life.keeper->end());
    }
    Life again{directory.path(), {dawn.steady + 1s, dawn.wall + 1s}};  // its dice are those of the life before
    CHECK(again.send(used) == Reason::spa_replayed);
    CHECK(again.send_new() == Reason::spa_accepted);
}
