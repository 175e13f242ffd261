//! AES key wrap (RFC 3394).

use aes_kw::{KeyInit, KwAes192};
use aws_lc_rs::key_wrap::{AES_128, AES_256, AesBlockCipher, AesKek, KeyWrap};
use secrecy::zeroize::Zeroizing;

/// Returns the cipher of aws-lc-rs, which does not have AES-192.
fn cipher(key: &[u8]) -> Option<&'static AesBlockCipher> {
    match key.len() {
        16 => Some(&AES_128),
        32 => Some(&AES_256),
        _ => None,
    }
}

pub(super) fn wrap(wrapping_key: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    let mut wrapped = vec![0; key.len() + 8];
    match cipher(wrapping_key) {
        Some(cipher) => {
            let kek = AesKek::new(cipher, wrapping_key).ok()?;
            kek.wrap(key, &mut wrapped).ok()?;
        }
        None => {
            let kek = KwAes192::new_from_slice(wrapping_key).ok()?;
            kek.wrap_key(key, &mut wrapped).ok()?;
        }
    }
    Some(wrapped)
}

/// Unwraps a key of `length` bytes; `None` if it was not wrapped with `wrapping_key`.
pub(super) fn unwrap(
    wrapping_key: &[u8],
    wrapped: &[u8],
    length: usize,
) -> Option<Zeroizing<Vec<u8>>> {
    if wrapped.len() != length + 8 {
        return None;
    }
    let mut key = Zeroizing::new(vec![0; length]);
    match cipher(wrapping_key) {
        Some(cipher) => {
            let kek = AesKek::new(cipher, wrapping_key).ok()?;
            kek.unwrap(wrapped, &mut key).ok()?;
        }
        None => {
            let kek = KwAes192::new_from_slice(wrapping_key).ok()?;
            kek.unwrap_key(wrapped, &mut key).ok()?;
        }
    }
    Some(key)
}
