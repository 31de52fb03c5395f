#include "netfilter/verdicts.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include <vector>

#include "catch.h"

using namespace postern;
using namespace postern::netfilter;

namespace {

struct Sent {
    bool batch = false;
    std::uint32_t id = 0;
    std::uint32_t verdict = 0;
    std::uint32_t mark = 0;
    bool operator==(const Sent&) const = default;
};

int read_attribute(const nlattr* attribute, void* into) {
    auto& sent = *static_cast<Sent*>(into);
    if (mnl_attr_get_type(attribute) == NFQA_MARK) sent.mark = ntohl(mnl_attr_get_u32(attribute));
    if (mnl_attr_get_type(attribute) != NFQA_VERDICT_HDR) return MNL_CB_OK;
    const auto* header = static_cast<const nfqnl_msg_verdict_hdr*>(mnl_attr_get_payload(attribute));
    sent.id = ntohl(header->id);
    sent.verdict = ntohl(header->verdict);
    return MNL_CB_OK;
}

std::vector<Sent> read(Bytes messages) {
    std::vector<Sent> all;
    const auto* message = reinterpret_cast<const nlmsghdr*>(messages.data());
    int left = static_cast<int>(messages.size());
    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
        Sent sent;
        sent.batch = (message->nlmsg_type & 0xff) == NFQNL_MSG_VERDICT_BATCH;
        REQUIRE(mnl_attr_parse(message, sizeof(nfgenmsg), read_attribute, &sent) == MNL_CB_OK);
        all.push_back(sent);
    }
    REQUIRE(left == 0);
    return all;
}

Sent accepted(std::uint32_t id, std::uint32_t mark) { return {false, id, NF_REPEAT, mark}; }
Sent dropped_to(std::uint32_t id) { return {true, id, NF_DROP, 0}; }

}  // namespace

TEST_CASE("nothing said, nothing sent", "[netfilter]") {
    Verdicts verdicts{7};
    CHECK(verdicts.take(Ballast::keep).empty());
    CHECK(verdicts.take(Ballast::release).empty());
}

TEST_CASE("accepts go singly, before the drops", "[netfilter]") {
    Verdicts verdicts{7};
    verdicts.drop(1);
    verdicts.accept(2, 0x05000000);
    verdicts.drop(3);
    verdicts.accept(4, 0x05000001);
    CHECK(read(verdicts.take(Ballast::release)) ==
          std::vector<Sent>{accepted(2, 0x05000000), accepted(4, 0x05000001), dropped_to(3)});
    CHECK(verdicts.take(Ballast::release).empty());
}

TEST_CASE("the newest drops stay as ballast until it is released", "[netfilter]") {
    Verdicts verdicts{7};
    for (std::uint32_t id = 1; id <= Verdicts::ballast; ++id) verdicts.drop(id);
    CHECK(verdicts.take(Ballast::keep).empty());

    for (std::uint32_t id = 97; id <= 97 + 63; ++id) verdicts.drop(id);
    CHECK(read(verdicts.take(Ballast::keep)) == std::vector<Sent>{dropped_to(64)});
    CHECK(verdicts.take(Ballast::keep).empty());
    CHECK(read(verdicts.take(Ballast::release)) == std::vector<Sent>{dropped_to(160)});
    CHECK(verdicts.take(Ballast::release).empty());
}

TEST_CASE("after a release the ballast builds up anew", "[netfilter]") {
    Verdicts verdicts{7};
    verdicts.drop(0xffffffff);
    CHECK(read(verdicts.take(Ballast::release)) == std::vector<Sent>{dropped_to(0xffffffff)});
    for (std::uint32_t id = 0; id < Verdicts::ballast; ++id) verdicts.drop(id);
    CHECK(verdicts.take(Ballast::keep).empty());
    verdicts.drop(96);
    CHECK(read(verdicts.take(Ballast::keep)) == std::vector<Sent>{dropped_to(0)});
}

TEST_CASE("a full batch of accepts and its drops fit", "[netfilter]") {
    Verdicts verdicts{7};
    verdicts.drop(1);
    for (std::uint32_t id = 2; !verdicts.full(); ++id) verdicts.accept(id, id);
    const auto sent = read(verdicts.take(Ballast::release));
    CHECK(sent.size() == Verdicts::max_accepts + 1);
    CHECK(sent.back() == dropped_to(1));
    CHECK_FALSE(verdicts.full());
}
