#include "reconcile/findings.hpp"

#include <algorithm>
#include <stdexcept>

namespace exchange::reconcile {

const KindInfo& info(Kind kind)
{
    const auto found = std::ranges::find(kinds, kind, &KindInfo::kind);
    if (found == kinds.end()) throw std::logic_error{"a kind of finding without description"};
    return *found;
}

void Findings::add(Finding finding)
{
    Counted& counted = counts_[finding.kind];
    if (known_.contains({info(finding.kind).name, finding.subject})) {
        ++counted.known;
        return;
    }
    ++counted.found;
    if (counted.kept.size() < kept_most) counted.kept.push_back(std::move(finding));
}

std::size_t Findings::count(Kind kind) const
{
    const auto found = counts_.find(kind);
    return found == counts_.end() ? 0 : found->second.found;
}

std::size_t Findings::known(Kind kind) const
{
    const auto found = counts_.find(kind);
    return found == counts_.end() ? 0 : found->second.known;
}

std::size_t Findings::total() const
{
    std::size_t sum = 0;
    for (const auto& [kind, counted] : counts_) sum += counted.found;
    return sum;
}

const std::vector<Finding>& Findings::of(Kind kind) const
{
    static const std::vector<Finding> none;
    const auto found = counts_.find(kind);
    return found == counts_.end() ? none : found->second.kept;
}

}  // namespace exchange::reconcile
