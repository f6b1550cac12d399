#pragma once

namespace exchange::pg {

// One file of sql/migrations, embedded by the build in number order.
struct Migration {
    int number;
    const char* name;
    const char* text;
};

}  // namespace exchange::pg
