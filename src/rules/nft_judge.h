// The chain `judge` in nft's language: the static answers (ruleset.h).
#pragma once

#include "rules/nft_writer.h"
#include "rules/ruleset.h"

namespace postern::rules::nft {

void write_judge(Writer& write, const Policy& policy, const Inputs& inputs);

}  // namespace postern::rules::nft
