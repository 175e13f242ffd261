//! The generator, step by step, and what it makes of the whole document.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test fails by panicking, and exports nothing"
)]

mod check;
mod foreign;
mod names;
mod overlay;
mod rules;
mod since;
mod small;
mod supplement;
mod whole;
