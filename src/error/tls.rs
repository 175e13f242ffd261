//! Failures of the TLS handshake.

use std::error::Error;
use std::io;

/// Whether the TLS handshake failed. Another attempt would fail too.
pub(crate) fn is_refusal(connecting: &(dyn Error + 'static)) -> bool {
    let mut next = Some(connecting);
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

/// What to do about a failed handshake, by the TLS layer's message.
pub(super) fn hint(error: &dyn Error) -> &'static str {
    let said = causes(error).to_ascii_lowercase();
    let known = [
        (
            "causedasendentity",
            "the server shows the certificate of an authority as its own (self-signed, CA:TRUE): \
             give it a certificate with CA:FALSE that an authority has signed, and pass that \
             authority to root_certificate_pem",
        ),
        (
            "not valid for name",
            "the server's certificate is for another host name: use the name it is for as the base \
             URL, or add this one to its subject alternative names",
        ),
        (
            "expired",
            "the server's certificate has expired: renew it, or check this machine's clock",
        ),
        (
            "not valid yet",
            "the server's certificate is not valid yet: check this machine's clock",
        ),
        (
            "unknownissuer",
            "no trusted authority has signed the server's certificate: pass the private authority \
             to root_certificate_pem",
        ),
        (
            "badsignature",
            "the server's certificate was signed by an authority of the same name with another \
             key: pass the authority's current certificate to root_certificate_pem",
        ),
        (
            "corrupt message",
            "the server does not speak TLS at this port: use http://, or the port for HTTPS",
        ),
    ];
    let found = known.iter().find(|(words, _)| said.contains(words));
    found.map_or(
        "check scheme, port and the server's certificate; pass a private authority to \
         root_certificate_pem",
        |(_, hint)| hint,
    )
}

/// The messages of the error and all its causes.
fn causes(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        texts.push(cause.to_string());
        next = cause.source();
    }
    texts.join(": ")
}

/// The TLS layer reports `InvalidData`, wrapped more than once; `source` of an I/O error skips the
/// error it wraps.
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
