#include "objects/xml.hpp"

#include <gtest/gtest.h>

namespace exchange::objects {
namespace {

TEST(Xml, reads_elements_text_and_entities)
{
    const auto good = parse_xml("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                "<a xmlns=\"http://x/\" y=''><b>one</b ><c/>\n<d>&lt;&amp;&gt;"
                                "&quot;&apos;&#65;&#x20AC;&#x1F600;&#xe9;</d></a>\n");
    ASSERT_TRUE(good);
    EXPECT_EQ(good->name, "a");
    EXPECT_EQ(good->text, "\n");
    ASSERT_EQ(good->children.size(), 3u);
    EXPECT_EQ(good->child_text("b"), "one");
    EXPECT_EQ(good->child_text("c"), "");
    EXPECT_EQ(good->child_text("d"), "<&>\"'A€😀é");
    EXPECT_EQ(good->child_text("e"), "");
}

TEST(Xml, refuses_everything_else)
{
    for (const std::string_view text : {"",
                                        " ",
                                        "text",
                                        "<",
                                        "<a",
                                        "<a>",
                                        "<a></b>",
                                        "<a></a",
                                        "<a></a>x",
                                        "<a/><b/>",
                                        "<a><b></a></b>",
                                        "<a>&unknown;</a>",
                                        "<a>&amp</a>",
                                        "<a>&#0;</a>",
                                        "<a>&#xD800;</a>",
                                        "<a>&#x110000;</a>",
                                        "<a>&#;</a>",
                                        "<a>&#x;</a>",
                                        "<a>&#-1;</a>",
                                        "<a>& b</a>",
                                        "<a b></a>",
                                        "<a b = 'c'></a>",
                                        "<a b=c></a>",
                                        "<a b='c></a>",
                                        "<a b='<'></a>",
                                        "<a b='c'd='e'></a>",
                                        "<a/ >",
                                        "< a/>",
                                        "<a><!-- no --></a>",
                                        "<a><![CDATA[no]]></a>",
                                        "<a><?no?></a>",
                                        "<?xml version='1.0'",
                                        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
                                        "<html><br></html>"})
        EXPECT_FALSE(parse_xml(text)) << text;
}

TEST(Xml, refuses_to_nest_without_end)
{
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "<a>";
    EXPECT_FALSE(parse_xml(deep));
}

}  // namespace
}  // namespace exchange::objects
