#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/exit_code.hpp"
#include "app/run_async.hpp"
#include "app/topic_contract.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace exchange::app {
namespace {

constexpr std::chrono::seconds patience{30};

int apply(const Globals& globals)
{
    const LoadedConfig loaded = load_config_from_process(globals.config_path);
    const auto created = run_async([&](auto) {
        return kafka::create_topics(loaded.config.kafka, topic_contract(loaded.config.topic_prefix),
                                    SteadyClock::now() + patience);
    });
    if (globals.json) {
        const boost::json::object body{
            {"created", boost::json::array(created.begin(), created.end())}};
        fmt::print("{}\n", boost::json::serialize(body));
        return exit_ok;
    }
    for (const std::string& name : created) fmt::print("created {}\n", name);
    if (created.empty()) fmt::print("all topics exist\n");
    return exit_ok;
}

int list(const Globals& globals)
{
    const LoadedConfig loaded = load_config_from_process(globals.config_path);
    const auto contract = topic_contract(loaded.config.topic_prefix);
    const kafka::ClusterState cluster = run_async([&](auto) {
        return kafka::cluster_state(loaded.config.kafka, topic_names(contract),
                                    SteadyClock::now() + patience);
    });
    boost::json::array topics;
    bool missing = false;
    for (const kafka::TopicSpec& spec : contract) {
        const auto found = cluster.topics.find(spec.name);
        const std::int32_t there = found == cluster.topics.end() ? 0 : found->second.partitions;
        missing |= there != spec.partitions;
        topics.push_back(boost::json::object{
            {"name", spec.name}, {"partitions", there}, {"wanted_partitions", spec.partitions}});
        if (!globals.json)
            fmt::print("{}  {} partitions, {} wanted\n", spec.name, there, spec.partitions);
    }
    if (globals.json) {
        const boost::json::object body{{"cluster_id", cluster.cluster_id},
                                       {"topics", std::move(topics)}};
        fmt::print("{}\n", boost::json::serialize(body));
    }
    return missing ? exit_difference : exit_ok;
}

}  // namespace

void add_topics(CLI::App& app, Globals& globals)
{
    CLI::App* noun = app.add_subcommand("topics", "The Kafka topics this exchange publishes to");
    noun->require_subcommand(1);
    noun->footer("Examples:\n  exchange topics list\n  exchange topics apply");
    CLI::App* apply_verb = noun->add_subcommand("apply", "Create the topics that are missing");
    apply_verb->footer("Examples:\n  exchange topics apply\n  exchange topics apply --json");
    apply_verb->callback([&globals] { globals.exit_code = apply(globals); });
    CLI::App* list_verb =
        noun->add_subcommand("list", "Compare topics with the contract; exit 4 when they differ");
    list_verb->footer("Examples:\n  exchange topics list\n  exchange topics list --json");
    list_verb->callback([&globals] { globals.exit_code = list(globals); });
}

}  // namespace exchange::app
