//! Values that would be stored as a secret by mistake.

use super::{Error, invalid_argument};
use crate::operation::Operation;

/// Refuses these members, which hold the mask that the server shows. `instead` says what to do, and
/// `place` what has `allow_masked_secrets()`.
pub(crate) fn masked_secrets(
    op: &Operation,
    members: &[String],
    instead: &str,
    place: &str,
) -> Error {
    invalid_argument(
        op,
        format!(
            "{}: ten asterisks are the mask that the server shows in place of a secret, and would \
             be stored as the secret; {instead}; if they are intended, call allow_masked_secrets() \
             on the {place}; no request was sent",
            members.join(", ")
        ),
    )
}

/// Refuses these members, which are empty.
pub(crate) fn empty_secrets(
    op: &Operation,
    members: &[String],
    instead: &str,
    place: &str,
) -> Error {
    invalid_argument(
        op,
        format!(
            "{}: the empty text would be stored as the secret; {instead}; if it is intended, call \
             allow_masked_secrets() on the {place}; no request was sent",
            members.join(", ")
        ),
    )
}
