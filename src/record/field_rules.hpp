#pragma once

#include <string_view>

// What the text of a single member may be. Each takes well-formed UTF-8 and keeps nothing of it.
// valid_source and the header rules are in submission.hpp.
namespace exchange::record {

// 1–200 code points, not only white space, no control characters (Unicode category Cc).
bool valid_person_name(std::string_view name);

// YYYY-MM-DD, a day the Gregorian calendar has, from 1850 to 2199. Not compared with today: that
// would make the verdict on the same bytes depend on when they are read.
bool valid_birth_date(std::string_view date);

// NNNNNNNNN or NNN-NN-NNNN. Whether the number was ever issued is not judged.
bool valid_ssn(std::string_view ssn);

}  // namespace exchange::record
