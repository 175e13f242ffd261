//! The generator, step by step, and what it makes of the whole document.

mod check;
mod foreign;
mod names;
mod overlay;
mod representations;
mod rules;
mod since;
mod small;
mod supplement;
mod upgrade;
mod whole;
