// A policy half read: single values are sound, what they say to each other is not checked yet.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "config/place.h"
#include "gate/policy.h"

namespace postern::config {

using Written = Placed<std::string>;

struct ServiceDraft {
    Service service;  // without ports, forward_to, mark and id
    std::vector<Placed<TransportPorts>> ports;
    std::vector<Placed<ForwardTarget>> forward_to;
};

struct OpenDraft {
    Open open;
    Place place;
    std::string text;  // of its match
};

struct ClientDraft {
    Client client;  // without services, secrets and id
    Place place;    // of the name
    std::vector<Written> services;
    std::optional<Placed<noise::PublicKey>> public_key;
    std::optional<Written> preshared_key_file;
};

// A line of a one-time list that can be used.
struct LineDraft {
    int number = 0;  // in its file, from 1
    std::vector<knock::Step> steps;
    std::vector<int> columns;  // of the steps, from 1
};

struct KnockDraft {
    std::string name;
    Place place;  // of the name
    std::optional<Written> opens;
    std::vector<Placed<knock::Step>> steps;  // or a list
    std::optional<Written> one_time_list;
    std::uint8_t look_ahead = 0;
    std::optional<Place> look_ahead_at;  // nothing: it is the default
    std::vector<LineDraft> lines;        // of its file
    bool lines_read = false;
    std::vector<Placed<knock::Step>> closes_with;
    knock::Sequence sequence;  // without steps and id: what all have in common

    // Of a list: where a line stands, and a step of it.
    [[nodiscard]] Place at(const LineDraft& line, int column = 1) const;

    // The first line for which it holds; null: none.
    template <class Holds>
    [[nodiscard]] const LineDraft* first_line(const Holds& holds) const {
        const auto found = std::ranges::find_if(lines, holds);
        return found == lines.end() ? nullptr : &*found;
    }
};

struct Draft {
    Gateway gateway;  // without keys
    GrantLimits grants;
    std::vector<Written> private_key_files;
    std::vector<OpenDraft> open;
    std::vector<ServiceDraft> services;
    std::vector<ClientDraft> clients;
    std::vector<KnockDraft> knocks;
    Settings settings;
};

// A file name as the operator meant it: relative ones start at the file that names them.
[[nodiscard]] inline std::filesystem::path beside(const Place& place, const std::string& name) {
    return std::filesystem::path{place.file}.parent_path() / name;
}

inline Place KnockDraft::at(const LineDraft& line, int column) const {
    return {beside(one_time_list->place, one_time_list->value).string(), line.number, column};
}

}  // namespace postern::config
