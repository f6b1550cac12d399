#pragma once

#include "crypto/digest.hpp"
#include "objects/raw_store.hpp"
#include "support/run_coroutine.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

// What every raw store must do, the fake of the tests included. A store joins with
//
//     struct Backend { std::unique_ptr<RawStore> open(boost::asio::any_io_executor executor); };
//     INSTANTIATE_TYPED_TEST_SUITE_P(Name, RawStoreConformance, Backend);
//
// where each Backend object opens a store that is empty and no other test's.
namespace exchange::objects {

template <class Backend>
class RawStoreConformance : public ::testing::Test {
protected:
    static TimePoint soon() { return SteadyClock::now() + std::chrono::seconds{60}; }

    template <class T>
    T run(boost::asio::awaitable<T> operation)
    {
        return testing::run_coroutine(io, std::move(operation));
    }

    void put(const std::string& key, std::string_view body)
    {
        run(store->put(key, body, crypto::sha256(body), soon()));
    }
    std::string get(const std::string& key, std::uint64_t offset, std::uint64_t length)
    {
        return run(store->get(key, offset, length, soon()));
    }
    std::vector<std::string> list(const std::string& prefix, const std::string& after)
    {
        std::vector<std::string> keys;
        for (const ObjectInfo& object : run(store->list(prefix, after, soon())))
            keys.push_back(object.key);
        return keys;
    }

    // "none", or the fault that `operation` ended with.
    template <class T>
    std::string fault_of(boost::asio::awaitable<T> operation)
    {
        try {
            run(std::move(operation));
        } catch (const StoreError& error) {
            EXPECT_NE(std::string{error.what()}.find("Hint: "), std::string::npos) << error.what();
            switch (error.fault()) {
            case StoreFault::unavailable:
                return "unavailable";
            case StoreFault::denied:
                return "denied";
            case StoreFault::bucket_missing:
                return "bucket_missing";
            case StoreFault::object_missing:
                return "object_missing";
            case StoreFault::corrupted:
                return "corrupted";
            }
        }
        return "none";
    }

    boost::asio::io_context io;
    Backend backend;
    std::unique_ptr<RawStore> store = backend.open(io.get_executor());
};

TYPED_TEST_SUITE_P(RawStoreConformance);

TYPED_TEST_P(RawStoreConformance, gives_back_what_was_put_whole_and_in_ranges)
{
    this->put("a/b.json", "0123456789");
    EXPECT_EQ(this->get("a/b.json", 0, 10), "0123456789");
    EXPECT_EQ(this->get("a/b.json", 3, 4), "3456");
    EXPECT_EQ(this->get("a/b.json", 9, 1), "9");
    EXPECT_EQ(this->get("a/b.json", 0, 1), "0");
    EXPECT_EQ(this->get("a/b.json", 5, 0), "");
    EXPECT_EQ(this->get("a/b.json", 10, 0), "");
}

TYPED_TEST_P(RawStoreConformance, replaces_what_is_there)
{
    this->put("a", "first, and longer");
    this->put("a", "second");
    this->put("a", "second");
    EXPECT_EQ(this->get("a", 0, 6), "second");
    EXPECT_EQ(this->run(this->store->head("a", this->soon()))->size, 6u);
}

TYPED_TEST_P(RawStoreConformance, tells_size_and_time_of_an_object)
{
    const std::int64_t before = unix_ms_now();
    this->put("a/b", "1234567");
    const auto info = this->run(this->store->head("a/b", this->soon()));
    ASSERT_TRUE(info);
    EXPECT_EQ(info->key, "a/b");
    EXPECT_EQ(info->size, 7u);
    // S3 tells whole seconds, by the server's clock.
    EXPECT_LT(std::abs(info->modified_unix_ms - before), 60'000);
    EXPECT_FALSE(this->run(this->store->head("a", this->soon())));
    EXPECT_FALSE(this->run(this->store->head("a/b/c", this->soon())));
    EXPECT_FALSE(this->run(this->store->head("x", this->soon())));
}

TYPED_TEST_P(RawStoreConformance, lists_a_thousand_at_a_time_in_key_order)
{
    std::vector<std::string> keys;
    for (int i = 0; i < 1005; ++i) {
        const std::string number = std::to_string(100'000 + i).substr(1);
        keys.push_back("many/" + number);
        this->put(keys.back(), "x");
    }
    const std::vector<std::string> first = this->list("many/", "");
    ASSERT_EQ(first.size(), 1000u);
    EXPECT_EQ(first, std::vector(keys.begin(), keys.begin() + 1000));
    EXPECT_EQ(this->list("many/", first.back()), std::vector(keys.begin() + 1000, keys.end()));
    EXPECT_EQ(this->list("many/", keys.back()), std::vector<std::string>{});
    EXPECT_EQ(this->list("many/0001", keys[15]), std::vector(keys.begin() + 16, keys.begin() + 20));
    EXPECT_EQ(this->list("few/", ""), std::vector<std::string>{});
}

TYPED_TEST_P(RawStoreConformance, lists_across_folders_by_bytes)
{
    // '-' and '.' come before '/', '0' after it.
    const std::vector<std::string> keys{"a",   "b-c/x", "b.c/y", "b/a/1", "b/a/2",
                                        "b/c", "b0/z",  "c/d/e", "c/d0",  "é"};
    std::vector<std::string> shuffled = keys;
    std::ranges::reverse(shuffled);
    for (const std::string& key : shuffled) this->put(key, key);
    EXPECT_EQ(this->list("", ""), keys);
    for (std::size_t i = 0; i < keys.size(); ++i)
        EXPECT_EQ(this->list("", keys[i]),
                  std::vector(keys.begin() + static_cast<std::ptrdiff_t>(i) + 1, keys.end()))
            << keys[i];
    EXPECT_EQ(this->list("b/", ""), (std::vector<std::string>{"b/a/1", "b/a/2", "b/c"}));
    EXPECT_EQ(this->list("b", "b.c/y"),
              (std::vector<std::string>{"b/a/1", "b/a/2", "b/c", "b0/z"}));
    EXPECT_EQ(this->list("b/", "b/a"), (std::vector<std::string>{"b/a/1", "b/a/2", "b/c"}));
    EXPECT_EQ(this->list("b/a/1", ""), (std::vector<std::string>{"b/a/1"}));
    EXPECT_EQ(this->list("b/", "c"), std::vector<std::string>{});
    EXPECT_EQ(this->run(this->store->list("c/d/", "", this->soon())).at(0).size, 5u);
}

TYPED_TEST_P(RawStoreConformance, removes_what_is_there_and_does_not_mind_what_is_not)
{
    this->put("a/b", "x");
    this->put("a/c", "y");
    this->run(this->store->remove("a/b", this->soon()));
    this->run(this->store->remove("a/b", this->soon()));
    this->run(this->store->remove("never/there", this->soon()));
    EXPECT_EQ(this->list("", ""), std::vector<std::string>{"a/c"});
}

TYPED_TEST_P(RawStoreConformance, takes_odd_keys)
{
    const std::string keys[] = {"blank and+plus",
                                "per%41cent%",
                                "a=b&c;d,e@f:g",
                                "quote\"s'<&>",
                                "star*(paren)!",
                                "ü/日本/😀",
                                ".hidden/x",
                                "x../..y",
                                "back\\slash",
                                "~tilde/$dollar",
                                "#hash/?question",
                                "[a]{b}|c^d`e",
                                std::string(200, 'l') + "/" + std::string(200, 'm')};
    for (const std::string& key : keys) {
        this->put(key, key);
        EXPECT_EQ(this->get(key, 0, key.size()), key);
        ASSERT_TRUE(this->run(this->store->head(key, this->soon()))) << key;
        EXPECT_EQ(this->list(key, ""), std::vector<std::string>{key});
        this->run(this->store->remove(key, this->soon()));
        EXPECT_FALSE(this->run(this->store->head(key, this->soon()))) << key;
    }
}

TYPED_TEST_P(RawStoreConformance, refuses_keys_that_could_leave_their_place)
{
    for (const std::string& key : {std::string{}, std::string{"/a"}, std::string{"a/"},
                                   std::string{"a//b"}, std::string{"../a"}, std::string{"a/../b"},
                                   std::string{"a/./b"}, std::string{"a\0b", 3}}) {
        EXPECT_EQ(this->fault_of(this->store->put(key, "x", crypto::sha256("x"), this->soon())),
                  "denied");
        EXPECT_EQ(this->fault_of(this->store->get(key, 0, 1, this->soon())), "denied");
        EXPECT_EQ(this->fault_of(this->store->head(key, this->soon())), "denied");
        EXPECT_EQ(this->fault_of(this->store->remove(key, this->soon())), "denied");
    }
}

TYPED_TEST_P(RawStoreConformance, takes_an_empty_body_and_a_large_one)
{
    this->put("empty", "");
    EXPECT_EQ(this->get("empty", 0, 0), "");
    EXPECT_EQ(this->run(this->store->head("empty", this->soon()))->size, 0u);

    std::string large(8 * 1024 * 1024, '\0');
    for (std::size_t i = 0; i < large.size(); ++i)
        large[i] = static_cast<char>((i * 2654435761u) >> 13);
    this->put("large", large);
    EXPECT_TRUE(this->get("large", 0, large.size()) == large);
    EXPECT_TRUE(this->get("large", 5'000'000, 1000) == large.substr(5'000'000, 1000));
}

TYPED_TEST_P(RawStoreConformance, stores_nothing_whose_hash_is_wrong)
{
    EXPECT_EQ(this->fault_of(this->store->put("a", "body", crypto::sha256("other"), this->soon())),
              "corrupted");
    EXPECT_FALSE(this->run(this->store->head("a", this->soon())));
    this->put("a", "good");
    EXPECT_EQ(this->fault_of(this->store->put("a", "body", crypto::sha256("other"), this->soon())),
              "corrupted");
    EXPECT_EQ(this->get("a", 0, 4), "good");
    EXPECT_EQ(this->list("", ""), std::vector<std::string>{"a"});
}

TYPED_TEST_P(RawStoreConformance, tells_a_missing_object_from_a_short_one)
{
    this->put("a", "0123456789");
    EXPECT_EQ(this->fault_of(this->store->get("b", 0, 1, this->soon())), "object_missing");
    EXPECT_EQ(this->fault_of(this->store->get("b", 0, 0, this->soon())), "object_missing");
    EXPECT_EQ(this->fault_of(this->store->get("a", 0, 11, this->soon())), "corrupted");
    EXPECT_EQ(this->fault_of(this->store->get("a", 9, 2, this->soon())), "corrupted");
    EXPECT_EQ(this->fault_of(this->store->get("a", 10, 1, this->soon())), "corrupted");
    EXPECT_EQ(this->fault_of(this->store->get("a", 11, 0, this->soon())), "corrupted");
    EXPECT_EQ(this->fault_of(this->store->get("a", 1000, 1, this->soon())), "corrupted");
    EXPECT_EQ(this->fault_of(this->store->get("a", ~std::uint64_t{0}, 2, this->soon())),
              "corrupted");
    EXPECT_EQ(this->fault_of(this->store->get("a", 0, ~std::uint64_t{0}, this->soon())),
              "corrupted");
}

TYPED_TEST_P(RawStoreConformance, probes_without_leaving_a_trace)
{
    this->run(this->store->probe(this->soon()));
    this->run(this->store->probe(this->soon()));
    EXPECT_EQ(this->list("", ""), std::vector<std::string>{});
    EXPECT_FALSE(this->store->bucket().empty());
}

TYPED_TEST_P(RawStoreConformance, does_many_things_at_once)
{
    int finished = 0;
    const auto check = [&](std::exception_ptr failure) {
        EXPECT_FALSE(failure);
        ++finished;
    };
    std::vector<std::string> keys;
    for (int i = 0; i < 50; ++i) keys.push_back("k" + std::to_string(100 + i));
    for (const std::string& key : keys)
        boost::asio::co_spawn(this->io,
                              this->store->put(key, key, crypto::sha256(key), this->soon()), check);
    this->io.run();
    EXPECT_EQ(finished, 50);
    EXPECT_EQ(this->list("", ""), keys);
}

REGISTER_TYPED_TEST_SUITE_P(RawStoreConformance, gives_back_what_was_put_whole_and_in_ranges,
                            replaces_what_is_there, tells_size_and_time_of_an_object,
                            lists_a_thousand_at_a_time_in_key_order, lists_across_folders_by_bytes,
                            removes_what_is_there_and_does_not_mind_what_is_not, takes_odd_keys,
                            refuses_keys_that_could_leave_their_place,
                            takes_an_empty_body_and_a_large_one, stores_nothing_whose_hash_is_wrong,
                            tells_a_missing_object_from_a_short_one, probes_without_leaving_a_trace,
                            does_many_things_at_once);

}  // namespace exchange::objects
