//! The report of an upgrade, and the table of the releases.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test fails by panicking, and exports nothing"
)]

mod report;
mod since;
mod small;
