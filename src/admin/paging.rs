//! Counts beside paged lists.

use crate::http::operation::Operation;
use crate::{Result, error};

/// Refuses filters of a list that its count does not have: the number would be another one.
pub(crate) fn refuse(op: &Operation, filters: &[(&str, bool)]) -> Result<()> {
    let set: Vec<&str> = filters
        .iter()
        .filter(|(_, set)| *set)
        .map(|(name, _)| *name)
        .collect();
    if set.is_empty() {
        return Ok(());
    }
    Err(error::invalid_argument(
        op,
        format!(
            "the server cannot count by {}: leave it out, or count the items of the stream",
            set.join(", ")
        ),
    ))
}

/// The number of an answer that is one.
pub(crate) fn number(op: &Operation, count: impl TryInto<u64>) -> Result<u64> {
    count
        .try_into()
        .map_err(|_| error::unexpected_body(op, "the server counts less than nothing"))
}
