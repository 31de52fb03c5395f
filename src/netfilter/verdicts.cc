#include "netfilter/verdicts.h"

#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>

namespace postern::netfilter {

void Verdicts::accept(std::uint32_t id, std::uint32_t mark) noexcept {
    auto* message = reinterpret_cast<nlmsghdr*>(buffer_.data() + used_);
    put(NFQNL_MSG_VERDICT, id, NF_REPEAT);
    const auto before = message->nlmsg_len;
    nfq_nlmsg_verdict_put_mark(message, mark);
    used_ += message->nlmsg_len - before;
    ++accepts_;
}

void Verdicts::drop(std::uint32_t id) noexcept {
    newest_ = (newest_ + 1) % ballast;
    if (waiting_count_ == ballast) {  // the oldest of the ring makes room
        due_ = waiting_[newest_];
        is_due_ = true;
    } else {
        ++waiting_count_;
    }
    waiting_[newest_] = id;
}

Bytes Verdicts::take(Ballast wanted) noexcept {
    if (wanted == Ballast::release && waiting_count_ > 0) {
        due_ = waiting_[newest_];
        is_due_ = true;
        waiting_count_ = 0;
    }
    if (is_due_) put(NFQNL_MSG_VERDICT_BATCH, due_, NF_DROP);
    const Bytes messages{reinterpret_cast<const std::uint8_t*>(buffer_.data()), used_};
    is_due_ = false;
    used_ = accepts_ = 0;
    return messages;
}

void Verdicts::put(int type, std::uint32_t id, int verdict) noexcept {
    nlmsghdr* message = nfq_nlmsg_put(buffer_.data() + used_, type, queue_);
    nfq_nlmsg_verdict_put(message, static_cast<int>(id), verdict);
    used_ += message->nlmsg_len;
}

}  // namespace postern::netfilter
