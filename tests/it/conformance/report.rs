//! The summary line and the table of a run.

use std::fmt::Write as _;

use super::release;
use super::suite::Suite;

/// Prints the summary line, writes the table to the file `CONFORMANCE_TABLE` names, and fails when
/// anything failed.
pub fn finish(suite: &Suite, listed: &[(&str, String)]) {
    let version = release::version();
    let outcomes = &suite.outcomes;
    let count = |test: &dyn Fn(&super::suite::Outcome) -> bool| {
        outcomes.values().filter(|outcome| test(outcome)).count()
    };
    let not_called: Vec<&str> = outcomes
        .iter()
        .filter(|(name, outcome)| {
            outcome.called == 0
                && outcome.lacking == 0
                && !listed.iter().any(|(listed, _)| listed == *name)
        })
        .map(|(name, _)| *name)
        .collect();
    let failures: Vec<String> = outcomes
        .iter()
        .flat_map(|(name, outcome)| {
            outcome
                .failures
                .iter()
                .map(move |what| format!("{name}: {what}"))
        })
        .chain(
            not_called
                .iter()
                .map(|name| format!("{name}: was never called with success")),
        )
        .collect();
    let mut table = String::from("call\tcalled\tstrict\tlossless\tcreated\tpaged\tfailures\n");
    for (name, outcome) in outcomes {
        let _ = writeln!(
            table,
            "{name}\t{}\t{}\t{}\t{}\t{}\t{}",
            outcome.called,
            outcome.strict,
            outcome.lossless,
            outcome.created,
            outcome.paged,
            outcome.failures.join(" | ")
        );
    }
    let lacking: Vec<_> = outcomes
        .iter()
        .filter(|(_, outcome)| outcome.called == 0 && outcome.lacking > 0)
        .collect();
    for (name, _) in &lacking {
        let _ = writeln!(
            table,
            "{name}\tlisted: {version} lacks it, and the error says since when it is there"
        );
    }
    for (name, reason) in listed {
        let _ = writeln!(table, "{name}\tlisted: {reason}");
    }
    if let Some(file) = std::env::var_os("CONFORMANCE_TABLE") {
        std::fs::write(file, table).unwrap();
    }
    for failure in &failures {
        println!("FAILED {failure}");
    }
    println!(
        "conformance {version} operations={} called={} listed={} strict={} lossless={} paging={} errors={} failed={}",
        outcomes.len(),
        count(&|outcome| outcome.called > 0),
        listed.len() + lacking.len(),
        count(&|outcome| outcome.called > 0 && outcome.strict == outcome.called),
        count(&|outcome| outcome.lossless > 0 && outcome.lossless == outcome.called),
        count(&|outcome| outcome.paged > 0),
        suite.errors,
        failures.len(),
    );
    assert!(
        failures.is_empty(),
        "{} failures, listed above",
        failures.len()
    );
}
