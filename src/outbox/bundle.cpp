#include "outbox/window.hpp"

#include "base/hex.hpp"
#include "crypto/digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace exchange::outbox {
namespace {

void append_row(Bundle& bundle, const OutboxRow& row)
{
    if (!bundle.ids.empty()) bundle.bytes.push_back('\n');
    bundle.bytes.append(row.body);
    bundle.ids.push_back(row.id.value);
    bundle.lengths.push_back(static_cast<std::int32_t>(row.body.size()));
}

}  // namespace

std::string bundle_key(LaneId lane, const Bundle& bundle)
{
    return fmt::format("bundles/{:02}/{:019}-{}-{}-{}", number(lane), bundle.ids.front(),
                       bundle.ids.back(), bundle.source, to_hex(bundle.sha256));
}

std::vector<Bundle> make_bundles(const BundleTerms& terms, const Window& window)
{
    std::vector<Bundle> bundles;
    std::unordered_map<std::string_view, std::size_t> open;
    for (const OutboxRow& row : window.rows) {
        const auto found = open.find(row.source);
        const bool fits =
            found != open.end() &&
            bundles[found->second].bytes.size() + row.body.size() + 1 <= terms.bytes_max;
        if (!fits) {
            open[row.source] = bundles.size();
            bundles.emplace_back().source = row.source;
        }
        append_row(bundles[open[row.source]], row);
    }
    for (Bundle& bundle : bundles) {
        bundle.sha256 = crypto::sha256(bundle.bytes);
        bundle.size = bundle.bytes.size();
        bundle.bucket = terms.bucket;
        bundle.key = bundle_key(terms.lane, bundle);
        bundle.object_key = terms.key_prefix + bundle.key;
    }
    return bundles;
}

bool lie_there(const BundleTerms& terms, const std::vector<Bundle>& bundles)
{
    return std::ranges::all_of(bundles, [&](const Bundle& bundle) {
        return bundle.bucket == terms.bucket && bundle.object_key.starts_with(terms.key_prefix);
    });
}

void move_there(const BundleTerms& terms, std::vector<Bundle>& bundles)
{
    for (Bundle& bundle : bundles) {
        bundle.bucket = terms.bucket;
        bundle.object_key = terms.key_prefix + bundle_key(terms.lane, bundle);
    }
}

bool refill_bundles(const BundleTerms& terms, const Window& window, std::vector<Bundle>& bundles)
{
    std::unordered_map<std::int64_t, std::string_view> bodies;
    for (const OutboxRow& row : window.rows) bodies[row.id.value] = row.body;
    for (Bundle& bundle : bundles) {
        std::string bytes;
        bytes.reserve(bundle.size + 1);
        for (const std::int64_t id : bundle.ids) bytes.append(bodies[id]).push_back('\n');
        bytes.pop_back();
        if (crypto::sha256(bytes) != bundle.sha256) return false;
        bundle.bytes = std::move(bytes);
        bundle.key = bundle.object_key.substr(terms.key_prefix.size());
    }
    return true;
}

}  // namespace exchange::outbox
