#pragma once

namespace exchange::pg {

// One SQL statement from a module's sql/ folder. The name is the file's name: the statement is
// prepared under it and appears under it in logs and metrics.
struct Statement {
    const char* name;
    const char* text;
};

}  // namespace exchange::pg
