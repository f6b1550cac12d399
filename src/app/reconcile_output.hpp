#pragma once

#include "reconcile/repair.hpp"

#include <boost/json/object.hpp>

// What `exchange reconcile` prints: a table, or one JSON document.
namespace exchange::app {

boost::json::object report_json(const reconcile::Report& report);
boost::json::object plan_json(const reconcile::RepairPlan& plan);
boost::json::object outcome_json(const reconcile::RepairOutcome& outcome);

void print_report(const reconcile::Report& report);
void print_plan(const reconcile::RepairPlan& plan);
void print_outcome(const reconcile::RepairOutcome& outcome);

}  // namespace exchange::app
