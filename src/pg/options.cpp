#include "pg/options.hpp"

#include "pg/errors.hpp"

#include <boost/asio/ip/address.hpp>

#include <fmt/format.h>
#include <libpq-fe.h>

namespace exchange::pg {
namespace {

using Parsed = std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)>;

void overlay(Options& options, const PQconninfoOption* parsed)
{
    for (; parsed->keyword != nullptr; ++parsed)
        if (parsed->val != nullptr) options[parsed->keyword] = parsed->val;
}

// The environment's value where the string has none. Only for what we look at ourselves: libpq does
// the rest, and lets a service file speak before the environment.
void fill_from_environment(Options& options)
{
    if (options.contains("service")) return;
    const Parsed defaults{PQconndefaults(), &PQconninfoFree};
    if (!defaults) return;
    Options values;
    overlay(values, defaults.get());
    for (const char* keyword : {"host", "hostaddr", "port", "options"})
        if (const auto at = values.find(keyword); at != values.end()) options.insert(*at);
}

Parsed parse(const std::string& conninfo)
{
    char* complaint = nullptr;
    Parsed parsed{PQconninfoParse(conninfo.c_str(), &complaint), &PQconninfoFree};
    PQfreemem(complaint);
    if (!parsed)
        throw Unavailable{"the Postgres connection string cannot be read. Hint: write it as "
                          "postgresql://user@host:5432/database or host=… dbname=…"};
    return parsed;
}

// Lists may be shorter than the hosts: an empty list means the default, a single port means all.
std::vector<std::string> split(const std::string& list)
{
    std::vector<std::string> parts(1);
    for (const char c : list) {
        if (c == ',') parts.emplace_back();
        else parts.back() += c;
    }
    return parts;
}

std::string value_of(const Options& options, const std::string& keyword)
{
    const auto at = options.find(keyword);
    return at == options.end() ? std::string{} : at->second;
}

// Every statement of ours reads by an index and is prepared once. New partitions have no
// statistics, and a plan made while one was empty would scan it for ever; planning anew each time
// costs more than the statements do, and compiling them even more.
constexpr const char* planner_options = "-c plan_cache_mode=force_generic_plan -c "
                                        "enable_seqscan=off -c enable_bitmapscan=off -c jit=off";

}  // namespace

Options make_options(const ConnectConfig& config)
{
    Options options{
        // A peer that vanished without a word is noticed within about half a minute, and within
        // ten seconds when bytes of ours wait for it.
        {"keepalives", "1"},       {"keepalives_idle", "15"},     {"keepalives_interval", "5"},
        {"keepalives_count", "3"}, {"tcp_user_timeout", "10000"},
    };
    overlay(options, parse(config.conninfo).get());
    fill_from_environment(options);
    options["application_name"] = config.application_name;
    options["client_encoding"] = "UTF8";
    // At connection time, so that no round trip is spent; the later of two equal settings wins.
    options["options"] = fmt::format(
        "-c lock_timeout={} -c statement_timeout={} -c idle_in_transaction_session_timeout={} "
        "-c client_min_messages=warning {} {}",
        config.lock_timeout.count(), config.statement_timeout.count(),
        config.idle_in_transaction_timeout.count(), planner_options, value_of(options, "options"));
    return options;
}

std::map<std::string, std::string> environment_of(const std::string& conninfo)
{
    const Parsed parsed = parse(conninfo);
    std::map<std::string, std::string> variables;
    for (const PQconninfoOption* at = parsed.get(); at->keyword != nullptr; ++at)
        if (at->val != nullptr && at->envvar != nullptr) variables[at->envvar] = at->val;
    return variables;
}

bool Host::needs_lookup() const
{
    // '@' begins a socket in the abstract namespace.
    if (name.empty() || name.front() == '/' || name.front() == '@') return false;
    boost::system::error_code not_an_address;
    boost::asio::ip::make_address(name, not_an_address);
    return not_an_address.failed();
}

std::vector<Host> hosts_of(const Options& options)
{
    const std::string names = value_of(options, "host");
    if (names.empty() || !value_of(options, "hostaddr").empty()) return {};
    const std::vector<std::string> ports = split(value_of(options, "port"));
    std::vector<Host> hosts;
    for (const std::string& name : split(names)) {
        const std::size_t at = ports.size() == 1 ? 0 : std::min(hosts.size(), ports.size() - 1);
        hosts.push_back({name, ports[at]});
    }
    return hosts;
}

}  // namespace exchange::pg
