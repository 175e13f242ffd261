//! What would be stored as a secret and nobody chose.

use super::{Error, invalid_argument};
use crate::operation::Operation;

/// The mask that the server shows, in these members. `instead` says what to do, and `place` what has
/// `allow_masked_secrets()`.
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
             be stored as the secret; {instead}; where they are meant, call allow_masked_secrets() \
             on the {place}; no request was sent",
            members.join(", ")
        ),
    )
}

/// Nothing, in these members.
pub(crate) fn empty_secrets(
    op: &Operation,
    members: &[String],
    instead: &str,
    place: &str,
) -> Error {
    invalid_argument(
        op,
        format!(
            "{}: the empty text would be stored as the secret; {instead}; where it is meant, call \
             allow_masked_secrets() on the {place}; no request was sent",
            members.join(", ")
        ),
    )
}
