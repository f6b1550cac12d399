#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/manual.hpp"
#include "app/version.hpp"

#include <fmt/format.h>

#include <fstream>
#include <memory>

namespace exchange::app {
namespace {

void write(const std::string& folder, const ManualPage& page)
{
    const std::string path = fmt::format("{}/{}", folder, page.file);
    std::ofstream out{path};
    out << page.text;
    out.close();
    if (!out)
        throw ConfigError{
            fmt::format("{} cannot be written. Hint: make the folder, and let it be yours", path)};
}

}  // namespace

void add_manual(CLI::App& app, Globals&)
{
    const auto folder = std::make_shared<std::string>();
    CLI::App* verb = app.add_subcommand("manual", "Write the manual pages into a folder");
    verb->add_option("FOLDER", *folder, "The folder; it must be there")
        ->required()
        ->type_name("FILE");
    verb->footer("Examples:\n  exchange manual /usr/local/share/man/man1\n"
                 "  exchange manual . && man ./exchange-serve.1");
    verb->callback([&app, folder] {
        const ManualImprint imprint{fmt::format("exchange {}", version), commit_date};
        for (const ManualPage& page :
             manual_pages(read_commands(app), load_config({}, {}).settings, imprint))
            write(*folder, page);
    });
}

}  // namespace exchange::app
