#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// Metrics in Prometheus' model. Making a series takes the registry's lock; using one takes none (a
// histogram: its own, for nanoseconds). Every series lives as long as the registry; asking again
// for the same name and labels gives the same series.
namespace exchange::obs {

using Labels = std::initializer_list<std::pair<const std::string, std::string>>;

class Counter {
public:
    void add(double amount = 1);

private:
    friend class Metrics;
    explicit Counter(void* series) : series_{series} {}
    void* series_;
};

class Gauge {
public:
    void set(double value);
    void add(double amount);

private:
    friend class Metrics;
    explicit Gauge(void* series) : series_{series} {}
    void* series_;
};

class Histogram {
public:
    void observe(double value);

private:
    friend class Metrics;
    explicit Histogram(void* series) : series_{series} {}
    void* series_;
};

class Metrics {
public:
    Metrics();
    ~Metrics();

    Counter counter(const std::string& name, const std::string& help, Labels labels = {});
    Gauge gauge(const std::string& name, const std::string& help, Labels labels = {});
    // `bounds` rise; in seconds for durations.
    Histogram histogram(const std::string& name, const std::string& help,
                        std::vector<double> bounds, Labels labels = {});

    // Text exposition format 0.0.4.
    std::string expose() const;

private:
    struct Registry;
    std::unique_ptr<Registry> registry_;
};

}  // namespace exchange::obs
