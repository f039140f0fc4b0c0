//! The sending engine: who may claim what, what evidence does, and what no order of events can break.

mod barred;
mod claims;
mod evidence;
mod housekeeping;
mod plans;
mod races;
mod receipts;
mod records;
mod routes;
mod rules;
mod stage;
mod upkeep;
mod workers;
