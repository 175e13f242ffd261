//! base64url without padding (RFC 7515 section 2), decoded strictly: padding, white space, another
//! alphabet and stray bits are errors.

use data_encoding::BASE64URL_NOPAD;

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64URL_NOPAD.encode(bytes.as_ref())
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()
}
