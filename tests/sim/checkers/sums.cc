#include "checkers.h"

namespace postern::sim {
namespace {

class Sums : public Witness {
public:
    explicit Sums(Court& court) : court_{court} {}

    void tallied(const Tally& tally) override {
        if (tally.judged == tally.lines + tally.counted) return;
        court_.complain("sums: " + std::to_string(tally.judged) + " packets were judged, but the log has " +
                        std::to_string(tally.lines) + " lines and counts of " + std::to_string(tally.counted));
    }

private:
    Court& court_;
};

}  // namespace

std::shared_ptr<Witness> sums(Court& court) { return std::make_shared<Sums>(court); }

}  // namespace postern::sim
