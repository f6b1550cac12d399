#include "backup/document.hpp"

#include "backup/errors.hpp"
#include "base/hex.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

namespace exchange::backup {
namespace {

namespace json = boost::json;

constexpr std::int64_t format = 1;

Damaged damaged()
{
    return Damaged{fmt::format("{} is damaged. Hint: take another backup; no file of this one can "
                               "be trusted",
                               document_name)};
}

std::string text_of(const json::object& from, const char* name)
{
    return std::string{from.at(name).as_string()};
}

std::uint64_t count_of(const json::object& from, const char* name)
{
    return from.at(name).to_number<std::uint64_t>();
}

Document read(const json::object& from)
{
    Document document;
    document.version = text_of(from, "exchange");
    document.schema = from.at("schema").to_number<int>();
    document.postgres = from.at("postgres").to_number<int>();
    document.made_at_unix_ms = from.at("made_at_unix_ms").to_number<std::int64_t>();
    const json::object& objects = from.at("objects").as_object();
    document.bucket = text_of(objects, "bucket");
    document.key_prefix = text_of(objects, "key_prefix");
    document.objects = count_of(objects, "count");
    document.object_bytes = count_of(objects, "bytes");
    document.objects_elsewhere = count_of(objects, "elsewhere");
    document.objects_copied = objects.at("copied").as_bool();
    for (const json::value& each : from.at("files").as_array()) {
        FileFacts facts;
        facts.name = text_of(each.as_object(), "name");
        facts.size = count_of(each.as_object(), "size");
        if (!from_hex(text_of(each.as_object(), "sha256"), facts.sha256)) throw damaged();
        document.files.push_back(std::move(facts));
    }
    return document;
}

}  // namespace

std::string to_json(const Document& document)
{
    json::array files;
    for (const FileFacts& facts : document.files)
        files.push_back(json::object{
            {"name", facts.name}, {"size", facts.size}, {"sha256", to_hex(facts.sha256)}});
    const json::object objects{{"bucket", document.bucket},
                               {"key_prefix", document.key_prefix},
                               {"count", document.objects},
                               {"bytes", document.object_bytes},
                               {"elsewhere", document.objects_elsewhere},
                               {"copied", document.objects_copied}};
    return json::serialize(json::object{{"format", format},
                                        {"exchange", document.version},
                                        {"schema", document.schema},
                                        {"postgres", document.postgres},
                                        {"made_at_unix_ms", document.made_at_unix_ms},
                                        {"objects", objects},
                                        {"files", std::move(files)}}) +
           "\n";
}

Document parse_document(std::string_view text)
{
    boost::system::error_code error;
    const json::value parsed = json::parse(text, error);
    if (error || !parsed.is_object()) throw damaged();
    try {
        const std::int64_t found = parsed.get_object().at("format").to_number<std::int64_t>();
        if (found != format)
            throw Damaged{fmt::format("this backup is of format {}, and format {} is known. Hint: "
                                      "use the version that made it",
                                      found, format)};
        return read(parsed.get_object());
    } catch (const Damaged&) {
        throw;
    } catch (const std::exception&) {
        throw damaged();
    }
}

}  // namespace exchange::backup
