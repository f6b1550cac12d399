#include "objects/object_key.hpp"

#include <gtest/gtest.h>
#include <string>

namespace exchange::objects {
namespace {

TEST(ObjectKey, may_be_odd_but_stays_below_its_root)
{
    const std::string longest(1024, 'k');
    const std::string_view good[] = {"a",      "a/b/c.json", "a b+c=%2e", ".hidden/..x/x..",
                                     "ü/日本", "\"<&>'",     "C:\\x",     "-",
                                     longest};
    for (const std::string_view key : good) EXPECT_TRUE(is_object_key(key)) << key;

    const std::string too_long(1025, 'k');
    const std::string_view bad[] = {
        "",       "/",        "/a",       "a/",    "a//b", ".",     "..",
        "../a",   "a/..",     "a/../b",   "a/./b", "a\nb", "a\x7f", std::string_view{"a\0b", 3},
        ".put-x", "a/.put-x", ".put-x/a", too_long};
    for (const std::string_view key : bad) EXPECT_FALSE(is_object_key(key)) << key;
}

}  // namespace
}  // namespace exchange::objects
