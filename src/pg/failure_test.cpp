#include "pg/connect.hpp"
#include "pg/failure.hpp"

#include <gtest/gtest.h>

namespace exchange::pg {
namespace {

TEST(Judge, tells_what_may_be_tried_again_and_where)
{
    struct Row {
        const char* sqlstate;
        const char* severity;
        const char* source;
        Verdict verdict;
    };
    const Row rows[] = {
        {"23505", "ERROR", "_bt_check_unique", Verdict::refused},
        {"23514", "ERROR", "ExecConstraints", Verdict::refused},
        {"23514", "ERROR", "ExecFindPartition", Verdict::unavailable},
        {"42P01", "ERROR", "parserOpenTable", Verdict::refused},
        {"22P02", "ERROR", "pg_strtoint32", Verdict::refused},
        {"EX001", "ERROR", "exec_stmt_raise", Verdict::refused},
        {"0A000", "ERROR", "transformStmt", Verdict::refused},
        {"08P01", "ERROR", "exec_bind_message", Verdict::refused},
        {"08006", "ERROR", "", Verdict::unavailable},
        {"40001", "ERROR", "", Verdict::unavailable},
        {"40P01", "ERROR", "DeadLockReport", Verdict::unavailable},
        {"53100", "ERROR", "mdextend", Verdict::unavailable},
        {"53300", "FATAL", "InitProcess", Verdict::broken},
        {"55P03", "ERROR", "ProcessInterrupts", Verdict::unavailable},
        {"57014", "ERROR", "ProcessInterrupts", Verdict::unavailable},
        {"57P01", "FATAL", "ProcessInterrupts", Verdict::broken},
        {"58030", "ERROR", "", Verdict::unavailable},
        {"25006", "ERROR", "PreventCommandIfReadOnly", Verdict::broken},
        {"26000", "ERROR", "FetchPreparedStatement", Verdict::broken},
        {"0A000", "ERROR", "RevalidateCachedQuery", Verdict::broken},
    };
    for (const Row& row : rows)
        EXPECT_EQ(judge(row.sqlstate, row.severity, row.source), row.verdict) << row.sqlstate;
}

TEST(WithoutValues, cuts_what_a_data_exception_quotes)
{
    const std::pair<const char*, const char*> rows[] = {
        {"date/time field value out of range: \"1987-13-41\"",
         "date/time field value out of range"},
        {"value \"123-45-6789\" is out of range for type integer",
         "value \"…\" is out of range for type integer"},
        {"value \"unclosed", "value \"…"},
        {"division by zero", "division by zero"},
    };
    for (const auto& [primary, expected] : rows)
        EXPECT_EQ(without_values("22000", primary), expected);
}

TEST(WithoutValues, keeps_names_of_the_schema)
{
    const char* primary = "duplicate key value violates unique constraint \"records_pkey\"";
    EXPECT_EQ(without_values("23505", primary), primary);
}

TEST(ExplainConnectFailure, names_the_server_the_cause_and_a_remedy)
{
    struct Row {
        const char* report;
        const char* expected;
        const char* sqlstate = "";
    };
    const Row rows[] = {
        {"connection to server at \"db\" (::1), port 5432 failed: Connection refused\n"
         "\tIs the server running on that host and accepting TCP/IP connections?\n"
         "connection to server at \"db\" (127.0.0.1), port 5432 failed: Connection refused\n"
         "\tIs the server running on that host and accepting TCP/IP connections?\n",
         "Postgres at db:5432: Connection refused. Hint: is Postgres running there? Check PGHOST "
         "and PGPORT, or DATABASE_URL"},
        {"connection to server at \"db\", port 5432 failed: FATAL:  password authentication failed "
         "for user \"exchange\"\n",
         "Postgres at db:5432: password authentication failed for user \"exchange\". Hint: check "
         "PGUSER and PGPASSWORD, or DATABASE_URL"},
        {"connection to server at \"db\", port 5432 failed: FATAL:  28P01: password authentication "
         "failed for user \"exchange\"\nLOCATION:  auth_failed, auth.c:335\n",
         "Postgres at db:5432: password authentication failed for user \"exchange\". Hint: check "
         "PGUSER and PGPASSWORD, or DATABASE_URL",
         "28P01"},
        {"", "Postgres at db:5432: no connection. Hint: is Postgres running there? Check PGHOST "
             "and PGPORT, or DATABASE_URL"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(explain_connect_failure("db:5432", row.report), row.expected);
        EXPECT_EQ(sqlstate_of_connect_failure(row.report), row.sqlstate);
    }
}

}  // namespace
}  // namespace exchange::pg
