#include "outbox/admission.hpp"

#include <gtest/gtest.h>

namespace exchange::outbox {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{1000s};

AdmissionConfig limits()
{
    AdmissionConfig config;
    config.oldest_s = 100;
    config.rows = 1000;
    config.bytes = 0;
    config.database_bytes = 10'000;
    config.disk_free_bytes = 500;
    return config;
}

AdmissionReading calm()
{
    AdmissionReading reading;
    reading.oldest_s = 1;
    reading.rows = 1;
    reading.bytes = 1e15;
    reading.database_bytes = 1;
    reading.disk_free_bytes = 1e6;
    return reading;
}

std::string_view paused_by(const Admission& admission)
{
    return admission.paused_by() == nullptr ? "" : admission.paused_by()->setting;
}

TEST(Admission, takes_records_before_anything_was_read_and_while_all_is_below)
{
    Admission admission{limits()};
    EXPECT_EQ(paused_by(admission), "");
    admission.update(calm(), start);
    EXPECT_EQ(paused_by(admission), "");
    EXPECT_EQ(admission.status(), obs::Status{});
}

struct Passed {
    std::string_view setting;
    std::optional<double> AdmissionReading::* reading;
    double closes;
    double still_closed;
    double opens;
};

constexpr Passed passed[] = {
    {"ADMIT_OLDEST_SECONDS", &AdmissionReading::oldest_s, 100, 80, 79},
    {"ADMIT_ROWS", &AdmissionReading::rows, 1000, 800, 799},
    {"ADMIT_DATABASE_BYTES", &AdmissionReading::database_bytes, 10'000, 9'800, 9'799},
    {"ADMIT_DISK_FREE_BYTES", &AdmissionReading::disk_free_bytes, 500, 501, 527},
};

TEST(Admission, pauses_at_each_limit_by_name_and_goes_on_only_well_below)
{
    for (const Passed& one : passed) {
        Admission admission{limits()};
        AdmissionReading reading = calm();
        const auto tell = [&](double value) {
            reading.*one.reading = value;
            admission.update(reading, start);
            return paused_by(admission);
        };
        EXPECT_EQ(tell(one.still_closed), "") << one.setting;
        EXPECT_EQ(tell(one.closes), one.setting);
        EXPECT_EQ(admission.status().condition, obs::Condition::failed);
        EXPECT_NE(admission.status().cause.find(one.setting), std::string::npos);
        EXPECT_FALSE(admission.status().remedy.empty());
        EXPECT_EQ(admission.short_of_room(), one.reading == &AdmissionReading::database_bytes ||
                                                 one.reading == &AdmissionReading::disk_free_bytes);
        EXPECT_EQ(tell(one.still_closed), one.setting);
        EXPECT_EQ(tell(one.opens), "") << one.setting;
        EXPECT_EQ(tell(one.still_closed), "") << one.setting;
    }
}

TEST(Admission, says_the_same_while_a_reading_moves_beyond_its_limit)
{
    Admission admission{limits()};
    AdmissionReading reading = calm();
    reading.rows = 2000;
    admission.update(reading, start);
    const obs::Status first = admission.status();
    reading.rows = 3000;
    admission.update(reading, start + 1s);
    EXPECT_EQ(admission.status(), first);
}

TEST(Admission, ignores_a_limit_of_zero)
{
    AdmissionConfig config;
    config.oldest_s = config.rows = config.bytes = config.database_bytes = 0;
    Admission admission{config};
    AdmissionReading reading;
    reading.oldest_s = reading.rows = reading.bytes = reading.database_bytes = 1e18;
    reading.disk_free_bytes = 0;
    admission.update(reading, start);
    EXPECT_EQ(paused_by(admission), "");
}

TEST(Admission, stays_paused_while_another_limit_is_passed)
{
    Admission admission{limits()};
    AdmissionReading reading = calm();
    reading.rows = 2000;
    reading.database_bytes = 20'000;
    admission.update(reading, start);
    EXPECT_EQ(paused_by(admission), "ADMIT_ROWS");
    reading.rows = 0;
    admission.update(reading, start + 1s);
    EXPECT_EQ(paused_by(admission), "ADMIT_DATABASE_BYTES");
}

TEST(Admission, a_reading_that_fails_neither_opens_nor_blocks_for_ever)
{
    Admission admission{limits()};
    AdmissionReading reading = calm();
    reading.database_bytes = 20'000;
    admission.update(reading, start);
    reading.database_bytes.reset();
    admission.update(reading, start + 60s);
    EXPECT_EQ(paused_by(admission), "ADMIT_DATABASE_BYTES");
    admission.update(reading, start + 61s);
    EXPECT_EQ(paused_by(admission), "");
    EXPECT_EQ(admission.status().condition, obs::Condition::degraded);
    EXPECT_NE(admission.status().cause.find("ADMIT_DATABASE_BYTES"), std::string::npos);
}

TEST(Admission, a_reading_that_fails_does_not_close_an_open_gate)
{
    Admission admission{limits()};
    admission.update(calm(), start);
    admission.update(AdmissionReading{}, start + 1h);
    EXPECT_EQ(paused_by(admission), "");
}

}  // namespace
}  // namespace exchange::outbox
