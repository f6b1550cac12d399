# ./dev env
#
# Print the variables by which tests find the servers.
#
# To run one test program by hand:
#
#   ./dev --stack mine up
#   eval "$(./dev --stack mine env)" && build/release/src/pg/pg_pgtest
#   ./dev --stack mine down --wipe
# shellcheck shell=bash disable=SC2154

[[ -f $stack_data/secrets ]] || fail "the stack '$stack' has never been up" "./dev --stack $stack up"
while IFS='=' read -r name value; do printf "export %s='%s'\n" "$name" "$value"; done < <(test_variables)
