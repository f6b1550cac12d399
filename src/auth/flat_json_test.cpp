#include "auth/flat_json.hpp"

#include <gtest/gtest.h>

namespace exchange::auth {
namespace {

TEST(FlatJson, keeps_integers_strings_and_arrays_of_strings)
{
    const auto object = FlatObject::parse(
        R"( {"n":-7,"s":"\u0061b","a":["x","y"],"e":[],"o":{"n":1,"n":2},"m":["x",1],"t":true,
            "d":1.0,"z":null,"aa":[["x"]],"u":18446744073709551615,"ao":["x",{"k":["y"]}]} )");
    ASSERT_TRUE(object);
    EXPECT_EQ(std::get<std::int64_t>(*object->find("n")), -7);
    EXPECT_EQ(std::get<std::string>(*object->find("s")), "ab");
    EXPECT_EQ(std::get<std::vector<std::string>>(*object->find("a")),
              (std::vector<std::string>{"x", "y"}));
    EXPECT_TRUE(std::get<std::vector<std::string>>(*object->find("e")).empty());
    for (const std::string_view name : {"o", "m", "t", "d", "z", "aa", "u", "ao"})
        EXPECT_TRUE(std::holds_alternative<OtherValue>(*object->find(name))) << name;
    EXPECT_EQ(object->find("k"), nullptr);
}

TEST(FlatJson, refuses_all_but_one_object_with_distinct_members)
{
    std::string many = "{\"m\":0";
    for (int i = 0; i < 100; ++i) many += ",\"m" + std::to_string(i) + "\":0";
    many += '}';
    const std::string texts[] = {
        "",
        " ",
        "[]",
        "1",
        "\"x\"",
        "null",
        "true",
        "[{\"a\":1}]",
        "{",
        "{\"a\":1",
        "{\"a\":1}x",
        "{\"a\":1}{}",
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"a\":\"\xff\"}",
        "{\"a\":1,}",
        "\xef\xbb\xbf{}",
        many,
    };
    for (const std::string& text : texts) EXPECT_FALSE(FlatObject::parse(text)) << text;
    EXPECT_TRUE(FlatObject::parse("{}"));
}

}  // namespace
}  // namespace exchange::auth
