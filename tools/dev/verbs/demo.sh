# ./dev demo
#
# Ingest while Kafka is down and follow the record, checking each step.
#
# Stops Kafka, ingests a record all the same, starts Kafka, and follows the record to its raw bytes.
# Every step prints the command, so that it can be repeated by hand. Runs ./dev up first. Kafka runs
# again when the demo ends, however it ends.
# shellcheck shell=bash disable=SC2154

"$root/dev" --stack "$stack" up postgres kafka s3 exchange
export_test_variables
EXCHANGE_DEMO_URL=$(service_address exchange) \
    exec python3 "$root/deploy/local/demo.py"
