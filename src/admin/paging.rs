//! Counts of paged lists.

use crate::operation::Operation;
use crate::{Result, error};

/// Refuses filters of a list that its count does not have, because the count would be wrong.
pub(crate) fn refuse(op: &Operation, filters: &[&str]) -> Result<()> {
    if filters.is_empty() {
        return Ok(());
    }
    Err(error::invalid_argument(
        op,
        format!(
            "the server cannot count by {}: leave it out, or count the items of the stream",
            filters.join(", ")
        ),
    ))
}
