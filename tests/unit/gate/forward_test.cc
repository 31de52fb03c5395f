// Which destination a service has, and where its packets go from there.
#include "catch.h"
#include "unit/gate/world.h"

using namespace postern;
using namespace postern::test;

namespace {

const ForwardTarget inner4{address("10.0.0.7"), 443}, inner6{address("2001:db8:9::7"), 443};

// ssh on the gateway itself, pg on port 22 of routed hosts, admin forwarded.
struct Forwarding : World {
    Forwarding() {
        Policy policy = draft();
        Service pg = service("pg", Transport::tcp, ssh_port);
        pg.to = {*parse_prefix("198.51.100.5"), *parse_prefix("203.0.113.0/28")};
        policy.services.push_back(pg);
        Service admin = service("admin", Transport::tcp, 8443);
        admin.forward_to = {inner4};
        admin.mark = forward_mark(3);
        policy.services.push_back(admin);
        policy.clients = {client(alice, {"ssh", "admin"}), client(bob, {"pg", "admin"})};
        use(std::move(policy));
    }

    void mark_admin(Mark mark) {
        Policy policy = draft();
        policy.services.back().mark = mark;
        use(std::move(policy));
    }

    [[nodiscard]] PacketView routed(const std::string& host, std::uint16_t sport) const {
        PacketView packet = syn(home, sport);
        packet.destination = address(host);
        packet.local = false;
        return packet;
    }
};

}  // namespace

TEST_CASE("a grant for the gateway's own port opens no routed host, and the other way round", "[gate]") {
    Forwarding world;
    CHECK(world.open(world.alice, "ssh", world.home).reason == Reason::spa_accepted);
    CHECK(world.judge(world.routed("198.51.100.5", 40000)).reason == Reason::no_grant);
    CHECK(world.judge(world.syn(world.home, 40001)).reason == Reason::grant_active);

    CHECK(world.open(world.bob, "pg", world.elsewhere).reason == Reason::spa_accepted);
    PacketView own = world.syn(world.elsewhere, 40002);
    CHECK(world.judge(own).reason == Reason::no_grant);
    PacketView host = world.routed("203.0.113.15", 40002);
    host.source = world.elsewhere;
    const Decision decision = world.judge(host);
    CHECK(decision.reason == Reason::grant_active);
    CHECK(decision.mark == Mark::accepted);
}

TEST_CASE("what is sent to no destination of a service is no_service", "[gate]") {
    Forwarding world;
    for (const char* host : {"198.51.100.4", "203.0.113.16", "192.0.2.77"})
        CHECK(world.judge(world.routed(host, 40000)).reason == Reason::no_service);
    PacketView datagram = world.routed("198.51.100.5", 40000);
    datagram.transport = Transport::udp;
    CHECK(world.judge(datagram).reason == Reason::no_service);
    datagram.destination_port = World::spa_port;  // of somebody else: no SPA for us
    CHECK(world.judge(datagram).reason == Reason::no_service);
}

TEST_CASE("a forwarded flow gets its service's mark, and so does its repeated first packet", "[gate]") {
    Forwarding world;
    CHECK(world.open(world.alice, "admin", world.home).reason == Reason::spa_accepted);
    const PacketView first = world.syn(world.home, 40000, 8443);
    CHECK(world.judge(first).mark == forward_mark(3));
    const Decision again = world.judge(first);
    CHECK(again.reason == Reason::flow_again);
    CHECK(again.mark == forward_mark(3));
}

TEST_CASE("a service is forwarded in the families of its targets alone", "[gate]") {
    Forwarding world;
    const PacketView six = world.syn(world.home6, 40000, 8443);
    CHECK(world.judge(six).reason == Reason::no_service);
    Policy policy = world.draft();
    policy.services.back().forward_to.push_back(inner6);
    world.use(std::move(policy));
    CHECK(world.judge(six).reason == Reason::no_grant);
}

TEST_CASE("a forward_to that the rules in force do not know consumes no grant", "[gate]") {
    Forwarding world;
    CHECK(world.open(world.alice, "admin", world.home).reason == Reason::spa_accepted);
    world.mark_admin(Mark::none);
    const Decision refused = world.judge(world.syn(world.home, 40000, 8443));
    CHECK(refused.verdict == Verdict::drop);
    CHECK(refused.reason == Reason::forward_not_applied);
    world.mark_admin(forward_mark(4));
    CHECK(world.judge(world.syn(world.home, 40000, 8443)).mark == forward_mark(4));
}

TEST_CASE("the first packet of a flow is not repeated to another host", "[gate]") {
    Forwarding world;
    CHECK(world.open(world.alice, "admin", world.home).reason == Reason::spa_accepted);
    const PacketView first = world.syn(world.home, 40000, 8443);
    CHECK(world.judge(first).reason == Reason::grant_active);
    for (const Mark mark : {forward_mark(4), Mark::none}) {
        world.mark_admin(mark);
        const Decision refused = world.judge(first);
        CHECK(refused.verdict == Verdict::drop);
        CHECK(refused.reason == Reason::forward_not_applied);
    }
}

TEST_CASE("where two services have one destination, the grant that is used says where its flow goes", "[gate]") {
    Forwarding world;
    Policy policy = world.draft();
    Service twin = world.service("twin", Transport::tcp, 8443);
    policy.services.push_back(twin);
    policy.clients = {world.client(world.alice, {"admin", "twin"})};
    world.use(std::move(policy));
    CHECK(world.open(world.alice, "twin", world.home).reason == Reason::spa_accepted);
    CHECK(world.open(world.alice, "admin", world.home).reason == Reason::spa_accepted);
    CHECK(world.judge(world.syn(world.home, 40000, 8443)).mark == Mark::accepted);  // the older grant
    CHECK(world.judge(world.syn(world.home, 40001, 8443)).mark == forward_mark(3));
}

TEST_CASE("a decision that nobody made carries no mark that lets in", "[gate]") {
    CHECK_FALSE(is_accepted(Decision{}.mark));
}
