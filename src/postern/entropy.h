// The kernel's randomness, as spa::seal() wants it handed in.
#pragma once

#include "io/random.h"
#include "spa/postern.h"

namespace postern::client {

class KernelEntropy final : public spa::Entropy {
public:
    void fill(MutableBytes bytes) override { io::fill_random(bytes); }
};

}  // namespace postern::client
