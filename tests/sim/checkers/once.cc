#include <map>

#include "checkers.h"

namespace postern::sim {
namespace {

class Once : public Witness {
public:
    explicit Once(Court& court) : court_{court} {}

    void lived(Instant, const Policy&, End) override { ++lives_; }

    void judged(const Judged& judged) override {
        if (judged.decision.reason != Reason::spa_accepted || !judged.packet.message) return;
        const auto [first, is_first] = granted_.try_emplace(judged.packet.message->number, lives_);
        if (is_first) return;
        court_.complain("once: message " + std::to_string(first->first) + " of " + judged.packet.message->client +
                        " made a grant in life " + std::to_string(first->second) + " and again in life " +
                        std::to_string(lives_));
    }

private:
    Court& court_;
    unsigned lives_ = 0;
    std::map<std::uint64_t, unsigned> granted_;  // message, in which life
};

}  // namespace

std::shared_ptr<Witness> once(Court& court) { return std::make_shared<Once>(court); }

}  // namespace postern::sim
