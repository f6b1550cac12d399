#include "base/failpoint.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace exchange {
namespace {

// Each test's own file, removed at its end.
struct CountFile {
    std::string path = testing::TempDir() + "failpoints-" +
                       testing::UnitTest::GetInstance()->current_test_info()->name();
    ~CountFile() { std::remove(path.c_str()); }

    std::string text() const
    {
        std::ostringstream all;
        all << std::ifstream{path}.rdbuf();
        return all.str();
    }
};

TEST(Failpoint, does_nothing_unless_armed)
{
    EXPECT_NO_THROW(failpoint("relay/planned"));
    const ArmedFailpoints none{""};
    EXPECT_NO_THROW(failpoint("relay/planned"));
}

TEST(Failpoint, throws_at_the_named_hit_of_its_site_and_only_once)
{
    const ArmedFailpoints armed{"relay/planned=error@2"};
    EXPECT_NO_THROW(failpoint("relay/planned"));
    EXPECT_NO_THROW(failpoint("relay/sent"));
    EXPECT_THROW(failpoint("relay/planned"), InjectedFault);
    EXPECT_NO_THROW(failpoint("relay/planned"));
}

TEST(Failpoint, counts_the_hits_of_every_site)
{
    const CountFile file;
    {
        const ArmedFailpoints armed{"count=" + file.path + ",b/x=error"};
        failpoint("a/y");
        failpoint("a/y");
        EXPECT_THROW(failpoint("b/x"), InjectedFault);
    }
    EXPECT_EQ(file.text(), "a/y 2\nb/x 1\n");
    EXPECT_NO_THROW(failpoint("b/x"));
}

TEST(Failpoint, holds_its_thread_for_as_long_as_told)
{
    using namespace std::chrono;
    const ArmedFailpoints armed{"a/y=delay:30"};
    const auto begun = steady_clock::now();
    failpoint("a/y");
    EXPECT_GE(steady_clock::now() - begun, milliseconds{30});
}

TEST(FailpointDeathTest, ends_the_process_as_a_kill_does)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto crash = [] {
        const ArmedFailpoints armed{"a/y=crash@1"};
        failpoint("a/y");
    };
    EXPECT_EXIT(crash(), testing::ExitedWithCode(137), "");
}

TEST(Failpoint, refuses_what_makes_no_sense)
{
    for (const char* text :
         {"relay/planned", "=crash", "a/y=", "a/y=explode", "a/y=crash@", "a/y=crash@0",
          "a/y=crash@x", "a/y=delay", "a/y=delay:", "a/y=delay:x", "a/y=error,b"})
        EXPECT_THROW(ArmedFailpoints{text}, std::invalid_argument) << text;
}

TEST(Failpoint, is_armed_by_one_at_a_time)
{
    const ArmedFailpoints armed{"a/y=error"};
    EXPECT_THROW(ArmedFailpoints{"b/x=error"}, std::logic_error);
    EXPECT_THROW(failpoint("a/y"), InjectedFault);
}

}  // namespace
}  // namespace exchange
