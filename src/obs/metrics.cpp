#include "obs/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>

namespace exchange::obs {

void Counter::add(double amount)
{
    static_cast<prometheus::Counter*>(series_)->Increment(amount);
}

void Gauge::set(double value)
{
    static_cast<prometheus::Gauge*>(series_)->Set(value);
}

void Gauge::add(double amount)
{
    static_cast<prometheus::Gauge*>(series_)->Increment(amount);
}

void Histogram::observe(double value)
{
    static_cast<prometheus::Histogram*>(series_)->Observe(value);
}

// The families by name: the registry itself would refuse a name that comes again with other help.
struct Metrics::Registry {
    template <class T>
    using Families = std::map<std::string, prometheus::Family<T>*>;

    template <class T>
    prometheus::Family<T>& family(Families<T>& families, prometheus::detail::Builder<T> builder,
                                  const std::string& name, const std::string& help)
    {
        const auto found = families.find(name);
        if (found != families.end()) return *found->second;
        prometheus::Family<T>& made = builder.Name(name).Help(help).Register(registry);
        families.emplace(name, &made);
        return made;
    }

    std::mutex mutex;
    prometheus::Registry registry;
    Families<prometheus::Counter> counters;
    Families<prometheus::Gauge> gauges;
    Families<prometheus::Histogram> histograms;
};

Metrics::Metrics() : registry_{std::make_unique<Registry>()} {}

Metrics::~Metrics() = default;

Counter Metrics::counter(const std::string& name, const std::string& help, Labels labels)
{
    const std::lock_guard lock{registry_->mutex};
    auto& family = registry_->family(registry_->counters, prometheus::BuildCounter(), name, help);
    return Counter{&family.Add(prometheus::Labels(labels))};
}

Gauge Metrics::gauge(const std::string& name, const std::string& help, Labels labels)
{
    const std::lock_guard lock{registry_->mutex};
    auto& family = registry_->family(registry_->gauges, prometheus::BuildGauge(), name, help);
    return Gauge{&family.Add(prometheus::Labels(labels))};
}

Histogram Metrics::histogram(const std::string& name, const std::string& help,
                             std::vector<double> bounds, Labels labels)
{
    const std::lock_guard lock{registry_->mutex};
    auto& family =
        registry_->family(registry_->histograms, prometheus::BuildHistogram(), name, help);
    return Histogram{&family.Add(prometheus::Labels(labels), std::move(bounds))};
}

std::string Metrics::expose() const
{
    return prometheus::TextSerializer{}.Serialize(registry_->registry.Collect());
}

}  // namespace exchange::obs
