// Who was let in, over lives of a daemon in one boot: flows are known again however a life ended, grants only behind an
// end in order, and nothing of it is good for more than before.
#include "posternd/sessions.h"

#include <filesystem>
#include <memory>

#include "catch.h"
#include "gate/entitled.h"
#include "scratch.h"
#include "unit/gate/world.h"

using namespace postern;
using namespace postern::test;
using namespace std::chrono_literals;

namespace {

struct Life : World {
    Life(const std::filesystem::path& directory, Instant from, const std::function<void(Life&)>& policy = {}) {
        begin_at(from);
        if (policy) policy(*this);
        current = std::make_unique<CurrentPolicy>(shared_policy());
        sessions = std::make_unique<Sessions>(tables(), *current);
        sessions->begin(directory, names(), now().steady);
    }
    std::unique_ptr<CurrentPolicy> current;
    std::unique_ptr<Sessions> sessions;

    void let_in(const Person& who, const IpAddress& from, std::uint16_t port = 4000) {
        REQUIRE(open(who, "ssh", from).reason == Reason::spa_accepted);
        REQUIRE(judge(syn(from, port)).reason == Reason::grant_active);
    }
    void look() { sessions->look(now().steady); }
    // Of a reload: without this client.
    void remove(const Person& who) {
        Policy without = draft();
        std::erase_if(without.clients, [&](const Client& client) { return client.name == who.name; });
        use(std::move(without));
        if (current) current->publish(shared_policy());
    }
    [[nodiscard]] std::vector<NamedFlow> flows() { return flows_in(tables()); }
};

const Instant dawn{SteadyTime{1h}, wall_time(1'800'000'000)};
const Instant later_on{dawn.steady + 5s, dawn.wall + 5s};

}  // namespace

TEST_CASE("flows are known behind a kill, as they were, and grants count on", "[posternd]") {
    const ScratchDirectory directory;
    Life before{directory.path(), dawn};
    before.let_in(before.alice, before.home);
    before.look();  // and no end()
    const auto flow = before.flows().at(0);
    before.sessions.reset();
    Life after{directory.path(), later_on};
    REQUIRE(after.flows().size() == 1);
    CHECK(after.flows()[0].key == flow.key);
    CHECK(after.flows()[0].flow.opened == flow.flow.opened);
    CHECK(after.flows()[0].flow.grant == flow.flow.grant);
    CHECK(after.policy().client(after.flows()[0].flow.client)->name == "alice");
    CHECK(ending_of(after.flows()[0], after.now(), after.policy()) == Ending::none);
    CHECK(after.open(after.bob, "ssh", after.elsewhere).grant > flow.flow.grant);
}

TEST_CASE("what was over is not known again; what was ended still is, as ended", "[posternd]") {
    const ScratchDirectory directory;
    Life before{directory.path(), dawn};
    before.let_in(before.alice, before.home);
    before.let_in(before.bob, before.elsewhere);
    before.look();
    const auto gone = before.flows()[0].flow.client == ClientId{0} ? before.flows()[0] : before.flows()[1];
    REQUIRE(take_flow(before.tables(), gone.key, gone.flow.opened));
    REQUIRE(end_flows(before.tables(), Ending::revoked, [](const NamedFlow&) { return true; }) == 1);
    before.look();
    before.sessions.reset();
    Life after{directory.path(), later_on};
    REQUIRE(after.flows().size() == 1);
    CHECK(after.flows()[0].flow.ending == Ending::revoked);
}

TEST_CASE("a flow whose client has left keeps his name until the kernel is told, and is withdrawn", "[posternd]") {
    const ScratchDirectory directory;
    Life before{directory.path(), dawn};
    before.let_in(before.alice, before.home);
    before.look();
    before.remove(before.alice);
    (void)end_flows(before.tables(),
                    [&](const NamedFlow& named) { return ending_of(named, before.now(), before.policy()); });
    before.look();
    before.sessions.reset();
    Life after{directory.path(), later_on, [](Life& life) { life.remove(life.alice); }};
    REQUIRE(after.flows().size() == 1);
    CHECK(ending_of(after.flows()[0], after.now(), after.policy()) == Ending::withdrawn);
}

TEST_CASE("grants are handed over by an end in order, once, and not to a policy without their client", "[posternd]") {
    const ScratchDirectory directory;
    {
        Life life{directory.path(), dawn};
        REQUIRE(life.open(life.alice, "ssh", life.home).reason == Reason::spa_accepted);
        REQUIRE(life.open(life.bob, "ssh", life.elsewhere).reason == Reason::spa_accepted);
        life.sessions->end(life.now().steady);
    }
    {
        Life second{directory.path(), later_on, [](Life& life) { life.remove(life.bob); }};
        CHECK(second.judge(second.syn(second.home, 4000)).reason == Reason::grant_active);
        CHECK(second.judge(second.syn(second.elsewhere, 4000)).reason == Reason::no_grant);
    }  // killed
    Life third{directory.path(), later_on};
    CHECK(grants_in(third.tables()).empty());
}

TEST_CASE("where nothing can be kept that is said, and tried again", "[posternd]") {
    const ScratchDirectory directory;
    const auto nowhere = directory.path() / "later";
    Life life{nowhere, dawn};
    CHECK(life.sessions->trouble() == (nowhere / "sessions.db").string() + ": No such file or directory");
    life.let_in(life.alice, life.home);
    life.look();
    std::filesystem::create_directory(nowhere);
    life.pass(3s);
    life.look();
    CHECK(life.sessions->trouble().empty());
    life.sessions.reset();
    Life after{nowhere, later_on};
    CHECK(after.flows().size() == 1);
}
