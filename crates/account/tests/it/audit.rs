//! The audit: fills against balances against positions.

mod clean;
mod faults;
mod run;
