#include "push/input.hpp"

#include "push/push.hpp"
#include "push/push_test_files.hpp"
#include "support/run_coroutine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>

namespace exchange::push {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::run_coroutine;
namespace asio = boost::asio;

asio::awaitable<std::vector<std::string>> read_all(Input& input)
{
    std::vector<std::string> lines;
    while (const std::optional<Line> line = co_await input.next())
        lines.push_back(std::to_string(line->file) + "/" + std::to_string(line->number) + " " +
                        line->bytes);
    co_return lines;
}

std::vector<std::string> lines_of(std::vector<std::string> files)
{
    asio::io_context io;
    Input input{io.get_executor(), std::move(files), 100};
    return run_coroutine(io, read_all(input));
}

TEST(Input, reads_files_one_after_the_other_and_numbers_each_from_one)
{
    const TestFiles files;
    EXPECT_THAT(
        lines_of({files.write("a", "x\n\ny"), files.write("b", ""), files.write("c", "z\n")}),
        ElementsAre("0/1 x", "0/3 y", "2/1 z"));
}

TEST(Input, counts_the_blank_lines_of_all_files)
{
    const TestFiles files;
    asio::io_context io;
    Input input{io.get_executor(), {files.write("a", "x\n\ny"), files.write("b", "\n")}, 100};
    run_coroutine(io, read_all(input));
    EXPECT_EQ(input.blank_lines(), 2u);
    EXPECT_EQ(input.bytes_total(), 5u);
}

TEST(Input, waits_for_a_pipe_without_holding_up_the_loop)
{
    const TestFiles files;
    const std::string pipe = files.path("pipe");
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    asio::io_context io;
    Input input{io.get_executor(), {pipe}, 100};
    EXPECT_FALSE(input.bytes_total());
    // Opening a FIFO waits for its other end, so this thread opens both.
    std::thread writer{[&] { std::ofstream{pipe} << "x\n" << std::flush << "y\n"; }};
    EXPECT_THAT(run_coroutine(io, read_all(input)), ElementsAre("0/1 x", "0/2 y"));
    writer.join();
}

TEST(Input, ends_when_stopped_while_a_pipe_is_silent)
{
    const TestFiles files;
    const std::string pipe = files.path("pipe");
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    std::ofstream keeps_it_open;
    std::thread opener{[&] { keeps_it_open.open(pipe); }};
    asio::io_context io;
    Input input{io.get_executor(), {pipe}, 100};
    asio::steady_timer later{io, std::chrono::milliseconds{20}};
    later.async_wait([&](boost::system::error_code) { input.stop(); });
    EXPECT_THAT(run_coroutine(io, read_all(input)), IsEmpty());
    opener.join();
}

TEST(Input, says_which_name_is_no_readable_file)
{
    const TestFiles files;
    asio::io_context io;
    const auto refused = [&](std::vector<std::string> names) {
        EXPECT_THROW((Input{io.get_executor(), names, 100}), PushUsageError) << names.front();
    };
    refused({files.path("missing")});
    refused({files.path(".")});
    refused({"-", "-"});
}

}  // namespace
}  // namespace exchange::push
