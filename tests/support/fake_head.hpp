#pragma once

#include "net/http.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exchange::test {

// A request's head as a test writes it down; names of fields as the code under test asks for them.
struct FakeHead final : net::RequestHead {
    std::string path_of_it = "/v1/ingest";
    std::vector<std::pair<std::string, std::string>> fields{};

    FakeHead() = default;
    explicit FakeHead(std::vector<std::pair<std::string, std::string>> all) : fields{std::move(all)}
    {
    }

    std::string_view method() const override { return "POST"; }
    std::string_view path() const override { return path_of_it; }
    std::string_view query() const override { return {}; }
    std::string_view header(std::string_view name) const override
    {
        const auto found = std::ranges::find(
            fields, name, [](const auto& field) { return std::string_view{field.first}; });
        return found == fields.end() ? std::string_view{} : std::string_view{found->second};
    }
    std::size_t header_count(std::string_view name) const override
    {
        return static_cast<std::size_t>(std::ranges::count(
            fields, name, [](const auto& field) { return std::string_view{field.first}; }));
    }
    bool peer_is_loopback() const override { return true; }
};

}  // namespace exchange::test
