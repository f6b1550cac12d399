#include "app/operator_name.hpp"

#include <pwd.h>
#include <unistd.h>

namespace exchange::app {

std::string operator_name()
{
    char host[128] = "";
    gethostname(host, sizeof host - 1);
    passwd entry{};
    passwd* found = nullptr;
    char buffer[1024];
    const uid_t user = geteuid();
    getpwuid_r(user, &entry, buffer, sizeof buffer, &found);
    const std::string name = found ? std::string{found->pw_name} : std::to_string(user);
    return (name + "@" + host).substr(0, 200);
}

}  // namespace exchange::app
