//! Telling a refused certificate from a server that is not there.

use std::error::Error;
use std::io;

/// Whether the TLS handshake failed: trying again gives the same.
pub(crate) fn is_refusal(error: &reqwest::Error) -> bool {
    let mut next = error
        .is_connect()
        .then_some(error as &(dyn Error + 'static));
    while let Some(cause) = next {
        if cause
            .downcast_ref::<io::Error>()
            .is_some_and(is_invalid_data)
        {
            return true;
        }
        next = cause.source();
    }
    false
}

/// The TLS layer reports as invalid data, wrapped once more on the way; `source` of an I/O error
/// steps over what it wraps.
fn is_invalid_data(error: &io::Error) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.kind() == io::ErrorKind::InvalidData {
            return true;
        }
        next = error.get_ref().and_then(|inner| inner.downcast_ref());
    }
    false
}
