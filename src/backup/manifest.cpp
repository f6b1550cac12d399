#include "backup/manifest.hpp"

#include "backup/errors.hpp"
#include "base/hex.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>

namespace exchange::backup {
namespace {

namespace json = boost::json;

std::vector<std::string_view> split(std::string_view text, std::string_view separator)
{
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + separator.size());
    }
}

// As COPY writes text; control characters are in none of the columns that are read here.
std::string unescaped(std::string_view field)
{
    std::string text;
    for (std::size_t at = 0; at < field.size(); ++at) {
        if (field[at] == '\\' && at + 1 < field.size()) ++at;
        text += field[at];
    }
    return text;
}

}  // namespace

std::string to_line(const ManifestEntry& entry)
{
    // The key first: lines then sort as keys do.
    return json::serialize(json::object{
               {"key", entry.key}, {"size", entry.size}, {"sha256", to_hex(entry.sha256)}}) +
           "\n";
}

std::optional<ManifestEntry> parse_line(std::string_view line)
{
    boost::system::error_code error;
    const json::value parsed = json::parse(line, error);
    if (error || !parsed.is_object()) return std::nullopt;
    const json::object& members = parsed.get_object();
    const json::value* key = members.if_contains("key");
    const json::value* size = members.if_contains("size");
    const json::value* sha256 = members.if_contains("sha256");
    if (!key || !key->is_string() || !size || !size->is_int64() || size->get_int64() < 0 ||
        !sha256 || !sha256->is_string())
        return std::nullopt;
    ManifestEntry entry;
    entry.key = key->get_string();
    entry.size = static_cast<std::uint64_t>(size->get_int64());
    if (!from_hex(std::string_view{sha256->get_string()}, entry.sha256)) return std::nullopt;
    return entry;
}

CopiedTable::CopiedTable(std::vector<std::string> columns)
    : columns_{std::move(columns)}, values_(columns_.size())
{
}

// COPY public.bundles (first_id, last_id, …) FROM stdin;
void CopiedTable::read_head(std::string_view line)
{
    const std::size_t open = line.find('(');
    const std::size_t close = line.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open)
        throw Damaged{"the dump cannot be read: a table without columns. Hint: back up again"};
    const auto names = split(line.substr(open + 1, close - open - 1), ", ");
    places_.clear();
    for (const std::string& wanted : columns_) {
        const auto at = std::ranges::find(names, wanted);
        if (at == names.end())
            throw Damaged{"the dump cannot be read: it has no column " + wanted +
                          ". Hint: was it made by another version?"};
        places_.push_back(static_cast<std::size_t>(at - names.begin()));
    }
}

const std::vector<std::string>* CopiedTable::take(std::string_view line)
{
    if (!inside_) {
        if (!line.starts_with("COPY ") || !line.ends_with(" FROM stdin;")) return nullptr;
        read_head(line);
        inside_ = true;
        return nullptr;
    }
    if (line == "\\.") {
        inside_ = false;
        return nullptr;
    }
    const auto fields = split(line, "\t");
    for (std::size_t at = 0; at < places_.size(); ++at) {
        if (places_[at] >= fields.size())
            throw Damaged{"the dump cannot be read: a row is cut. Hint: back up again"};
        values_[at] = unescaped(fields[places_[at]]);
    }
    return &values_;
}

BundleRow bundle_of(const std::vector<std::string>& values)
{
    BundleRow row;
    row.bucket = values.at(0);
    row.entry.key = values.at(1);
    const std::string& size = values.at(2);
    const auto [end, error] =
        std::from_chars(size.data(), size.data() + size.size(), row.entry.size);
    const std::string_view digest{values.at(3)};
    const bool whole = error == std::errc{} && end == size.data() + size.size() &&
                       digest.starts_with("\\x") && from_hex(digest.substr(2), row.entry.sha256);
    if (!whole)
        throw Damaged{"the dump cannot be read: a bundle is not written as one. Hint: back up "
                      "again"};
    return row;
}

}  // namespace exchange::backup
