// What posternctl and the daemon say to each other, from either side: any line is answered, what is taken means the
// same when it is written again, and neither a line nor a terminal ever gets a raw byte of a stranger.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/kernel_queues.h"
#include "control/messages.h"
#include "control/service.h"
#include "control/text.h"
#include "fuzz/choices.h"
#include "fuzz/demand.h"

using namespace postern;
using namespace postern::control;
using postern::test::Choices;
using postern::test::demand;

namespace {

bool is_ascii(const std::string& line) {
    return std::ranges::all_of(line, [](char byte) { return byte >= 0x20 && byte < 0x7f; });
}
bool is_for_terminals(const std::string& text) {
    return std::ranges::all_of(text, [](char byte) { return byte == '\n' || (byte >= 0x20 && byte < 0x7f); });
}

// A daemon whose every text and number is a stranger's.
class Strange : public Service {
public:
    explicit Strange(Choices choices) : choices_{choices} {}

    Status status() override {
        Status status;
        status.version = text();
        status.started = wall_time(choices_.u16());
        status.policy_file = text();
        status.policy_stale = {text()};
        status.queues = {{choices_.u16(), number(), number(), number(), 0, 0, number(), {{text(), number()}}}};
        status.verdicts = {{text(), number()}, {text(), number()}};
        status.log.file = text();
        status.guarded = text();
        status.warnings = {text(), text()};
        return status;
    }
    std::vector<GrantRow> grants() override {
        GrantRow row{number(), text(), text(), text(), choices_.u16(), 0, choices_.u16(), text()};
        row.expires_in_ms = static_cast<std::int64_t>(number());
        return {row, row};
    }
    std::vector<FlowRow> flows() override {
        FlowRow row{text(), number(), text(), text(), text(), text(), choices_.u16(), text(), choices_.u16(), 0, 0};
        row.age_ms = static_cast<std::int64_t>(number());
        return {row};
    }
    Result<RevokeReport> revoke(const RevokeRequest& request) override {
        ++asked;
        if (choices_.flip()) return failure(request.name + text());
        return RevokeReport{request.grant, number(), {request.name, text()}};
    }
    Result<ReloadReport> reload() override {
        if (choices_.flip()) return failure(text());
        return ReloadReport{choices_.flip() ? std::vector{text(), text()} : std::vector<std::string>{}, 1, 2, {text()}};
    }
    void guard(const GuardReport& report) override { told = report.text; }
    Result<RulesetReport> ruleset() override { return RulesetReport{number(), 1, 2, 1}; }
    Result<std::string> state() override { return std::string{"{}"}; }

    int asked = 0;
    std::string told;

private:
    std::string text() { return choices_.text(choices_.below(12)); }
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (const std::uint8_t byte : choices_.take(choices_.below(9))) value = value << 8 | byte;
        return value;
    }

    Choices choices_;
};

// A report that can be read can be written, means the same then, and can be shown.
template <class Read>
void judge_report(const std::string& result, Read read) {
    const auto report = read(result);
    if (!report) return demand(is_ascii(report.error().text), "a refusal is one line");
    const std::string written = to_json(*report);
    const auto again = read(written);
    demand(is_ascii(written), "a report is ASCII");
    demand(again.has_value() && to_json(*again) == written, "a report that is read again is the same");
    if constexpr (requires { to_text(*report); }) demand(is_for_terminals(to_text(*report)), "a terminal gets text");
}

void judge_result(const std::string& result) {
    judge_report(result, read_status);
    judge_report(result, read_grants);
    judge_report(result, read_flows);
    judge_report(result, read_revoke_report);
    judge_report(result, read_reload_report);
    judge_report(result, read_ruleset_report);
}

void judge_reply(const std::string& line) {
    const auto reply = parse_reply(line);
    if (!reply) return;
    const std::string written = to_line(*reply);
    demand(is_ascii(written), "a reply is ASCII");
    const auto again = parse_reply(written);
    demand(again.has_value() && to_line(*again) == written, "a reply that is read again is the same");
    if (reply->ok) judge_result(reply->result);
}

void judge_request(const std::string& line, Choices choices) {
    const auto request = parse_request(line);
    Strange service{choices};
    const std::string reply = answer(line, service);
    demand(is_ascii(reply), "an answer is one line of ASCII");
    const auto object = nlohmann::json::parse(reply, nullptr, false);
    demand(object.is_object() && object.at("v") == 1 && object.at("ok").is_boolean(), "an answer is JSON");
    demand(parse_reply(reply).has_value(), "an answer is a reply");
    if (!request) {
        demand(!object.at("ok").get<bool>() && service.asked == 0, "what is no request asks nobody");
        demand(!followed(line), "nor does it follow anybody");
        return;
    }
    const std::string written = to_line(*request);
    const auto again = parse_request(written);
    demand(is_ascii(written), "a request is ASCII");
    demand(again.has_value() && to_line(*again) == written, "a request that is read again is the same");
    demand(followed(line).has_value() == (request->command == Command::follow), "only follow follows");
    judge_reply(reply);
}

void judge_kernel_counts(const std::string& text) {
    Status status;
    status.queues.resize(2);
    status.queues[1].number = 1;
    add_kernel_counts(status, text);
    demand(is_for_terminals(to_text(status)), "the kernel's numbers are numbers");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Choices choices{{data, size}};
    const std::size_t kind = choices.below(4);
    const std::string line = choices.text(kind == 0 ? choices.u8() : size);
    switch (kind) {
        case 0: judge_request(line, choices); break;
        case 1: judge_reply(line); break;
        case 2: judge_result(line); break;
        default: judge_kernel_counts(line); break;
    }
    return 0;
}
