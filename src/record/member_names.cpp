#include "record/member_names.hpp"

#include <algorithm>
#include <functional>

namespace exchange::record {
namespace {

// Up to this many names a scan of neighbouring hashes is cheaper than anything cleverer.
constexpr std::size_t searched_max = 16;

}  // namespace

void MemberNames::open_object()
{
    scopes_.push_back({entries_.size(), text_.size()});
}

bool MemberNames::add(std::string_view name, std::uint32_t serial)
{
    const auto hash = static_cast<std::uint32_t>(std::hash<std::string_view>{}(name));
    const std::size_t first = scopes_.back().first_entry;
    if (entries_.size() - first <= searched_max) {
        for (std::size_t i = first; i < entries_.size(); ++i)
            if (entries_[i].hash == hash && name_of(entries_[i]) == name) return true;
    }
    entries_.push_back({hash, static_cast<std::uint32_t>(text_.size()),
                        static_cast<std::uint32_t>(name.size()), serial});
    text_ += name;
    return false;
}

std::vector<std::uint32_t> MemberNames::close_object()
{
    const Scope scope = scopes_.back();
    const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(scope.first_entry);
    std::vector<std::uint32_t> repeated;
    if (entries_.size() - scope.first_entry > searched_max) {
        std::sort(first, entries_.end(), [this](const Entry& left, const Entry& right) {
            if (left.hash != right.hash) return left.hash < right.hash;
            const int order = name_of(left).compare(name_of(right));
            return order != 0 ? order < 0 : left.serial < right.serial;
        });
        for (auto entry = first + 1; entry != entries_.end(); ++entry)
            if (entry[-1].hash == entry->hash && name_of(entry[-1]) == name_of(*entry))
                repeated.push_back(entry->serial);
        std::ranges::sort(repeated);
    }
    entries_.erase(first, entries_.end());
    text_.resize(scope.text_size);
    scopes_.pop_back();
    return repeated;
}

std::string_view MemberNames::name_of(const Entry& entry) const
{
    return std::string_view{text_}.substr(entry.at, entry.length);
}

}  // namespace exchange::record
