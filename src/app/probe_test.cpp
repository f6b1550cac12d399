#include "app/probe.hpp"

#include "app/config.hpp"

#include <gtest/gtest.h>

namespace exchange::app {
namespace {

TEST(Probe, asks_at_the_address_that_is_served)
{
    EXPECT_EQ(origin_of_listener("127.0.0.1:8080"), "http://127.0.0.1:8080");
    EXPECT_EQ(origin_of_listener("localhost:81"), "http://localhost:81");
    EXPECT_EQ(origin_of_listener("[fe80::1]:8080"), "http://[fe80::1]:8080");
}

TEST(Probe, asks_over_loopback_when_every_address_is_served)
{
    EXPECT_EQ(origin_of_listener("0.0.0.0:8080"), "http://127.0.0.1:8080");
    EXPECT_EQ(origin_of_listener(":8080"), "http://127.0.0.1:8080");
    EXPECT_EQ(origin_of_listener("[::]:8080"), "http://[::1]:8080");
    EXPECT_EQ(origin_of_listener(":::8080"), "http://[::1]:8080");
}

TEST(Probe, refuses_an_address_that_names_no_port)
{
    EXPECT_THROW(origin_of_listener("127.0.0.1:0"), ConfigError);
    EXPECT_THROW(origin_of_listener("localhost"), ConfigError);
}

}  // namespace
}  // namespace exchange::app
