// Random bytes as an argument: the core never draws them itself.
#pragma once

#include "base/bytes.h"

namespace postern::spa {

// Fit for keys. Each call site says how many bytes it takes.
class Entropy {
public:
    virtual ~Entropy() = default;
    virtual void fill(MutableBytes bytes) = 0;
};

}  // namespace postern::spa
