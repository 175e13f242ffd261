//! Compact encryption (RFC 7516 section 7.1).

mod algorithm;
mod content;
mod decryption_key;
mod key_agreement;
mod key_wrap;
mod recipient;

use secrecy::zeroize::Zeroizing;
use serde_json::{Map, Value};

pub use self::algorithm::{ContentEncryption, KeyEncryption};
pub use self::decryption_key::DecryptionKey;
pub(super) use self::recipient::is_for;
use super::jwk::Jwk;
use super::jws::{MAX_TOKEN, malformed};
use super::{base64url, json};
use crate::error::{Error, Result, TokenFault, config, invalid_token};

/// A parsed encrypted token.
struct Jwe<'a> {
    /// The encoded header, which is authenticated together with the content.
    protected: &'a str,
    header: Map<String, Value>,
    encrypted_key: Vec<u8>,
    iv: Vec<u8>,
    ciphertext: Vec<u8>,
    tag: Vec<u8>,
}

impl<'a> Jwe<'a> {
    fn parse(token: &'a str) -> Result<Self> {
        if token.len() > MAX_TOKEN {
            return Err(malformed("the token is too long"));
        }
        let parts: Vec<&str> = token.splitn(7, '.').collect();
        let [protected, encrypted_key, iv, ciphertext, tag] = parts[..] else {
            return Err(malformed("the token is not an encrypted JWT"));
        };
        let header = base64url::decode(protected)
            .and_then(|bytes| json::object(&bytes))
            .ok_or_else(|| malformed("the header of the token cannot be read"))?;
        let decoded = |part: &str| {
            base64url::decode(part).ok_or_else(|| malformed("the token is not base64url"))
        };
        // Compression leaks the plaintext (RFC 8725 section 3.6) and hides its size.
        for (name, why) in [
            (
                "crit",
                "the token has a critical header that is not understood",
            ),
            ("zip", "the token is compressed, which is not accepted"),
        ] {
            if header.contains_key(name) {
                return Err(invalid_token(TokenFault::Header, why));
            }
        }
        Ok(Self {
            protected,
            header,
            encrypted_key: decoded(encrypted_key)?,
            iv: decoded(iv)?,
            ciphertext: decoded(ciphertext)?,
            tag: decoded(tag)?,
        })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Value::as_str)
    }
}

/// Decrypts a token that was encrypted for one of `keys` and returns its plaintext: the text of a
/// signed token, which is then verified like any other.
///
/// A key decrypts only tokens of its own algorithm, so that RSA1_5 is used only where it is named.
///
/// ```
/// use keycloak_kit::jose::{self, ContentEncryption, DecryptionKey, KeyEncryption};
/// use serde_json::json;
///
/// # fn main() -> keycloak_kit::Result<()> {
/// let key = DecryptionKey::generate(KeyEncryption::RsaOaep256)?;
/// let encryption = ContentEncryption::A256Gcm;
/// let token = jose::encrypt(
///     &key.public_jwk(), key.algorithm(), encryption, &json!({ "cty": "JWT" }), b"a.b.c",
/// )?;
/// assert_eq!(jose::decrypt(&token, &[key])?, b"a.b.c");
/// # Ok(()) }
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidToken`](crate::ErrorKind::InvalidToken) if the token cannot be decrypted; every
/// failed decryption is the same error.
pub fn decrypt(token: &str, keys: &[DecryptionKey]) -> Result<Vec<u8>> {
    let token = Jwe::parse(token)?;
    let algorithm = token.text("alg").and_then(KeyEncryption::named);
    let content = token.text("enc").and_then(ContentEncryption::named);
    let (Some(algorithm), Some(content)) = (algorithm, content) else {
        return Err(invalid_token(
            TokenFault::Algorithm,
            "the token is not encrypted with a known algorithm",
        ));
    };
    let mut accepted = keys
        .iter()
        .filter(|key| key.accepts(algorithm, content))
        .peekable();
    if accepted.peek().is_none() {
        return Err(invalid_token(
            TokenFault::Algorithm,
            format!("no key is set for tokens encrypted with {algorithm} and {content}"),
        ));
    }
    let kid = token.text("kid");
    for key in accepted.filter(|key| kid.is_none() || key.kid().is_none() || key.kid() == kid) {
        let cek = key.content_key(&token.header, content, &token.encrypted_key);
        let opened = cek.and_then(|cek| {
            content.open(
                &cek,
                &token.iv,
                token.protected.as_bytes(),
                &token.ciphertext,
                &token.tag,
            )
        });
        if let Some(plaintext) = opened {
            return Ok(plaintext);
        }
    }
    Err(undecryptable())
}

fn undecryptable() -> Error {
    invalid_token(TokenFault::Encryption, "the token could not be decrypted")
}

/// Encrypts `plaintext` for the owner of `key`, as request objects are encrypted for a realm. The
/// members of `header` other than `alg`, `enc`, `kid` and `epk` are kept.
///
/// # Errors
/// [`ErrorKind::Config`](crate::ErrorKind::Config) if the key is not for `algorithm` or `header` is not
/// a JSON object.
pub fn encrypt(
    key: &Jwk,
    algorithm: KeyEncryption,
    content: ContentEncryption,
    header: &Value,
    plaintext: &[u8],
) -> Result<String> {
    let Value::Object(wanted) = header else {
        return Err(config("the header of a token must be a JSON object"));
    };
    let sealed_key = recipient::seal_key(key, algorithm, content)?;
    let mut header = Map::new();
    header.insert("alg".to_owned(), algorithm.name().into());
    header.insert("enc".to_owned(), content.name().into());
    if let Some(kid) = key.kid() {
        header.insert("kid".to_owned(), kid.into());
    }
    if let Some(epk) = sealed_key.epk {
        header.insert("epk".to_owned(), epk);
    }
    for (name, value) in wanted {
        header.entry(name.as_str()).or_insert_with(|| value.clone());
    }
    let protected = base64url::encode(Value::Object(header).to_string());
    let cek: &Zeroizing<Vec<u8>> = &sealed_key.cek;
    let sealed = content
        .seal(cek, protected.as_bytes(), plaintext)
        .ok_or_else(|| config("the content could not be encrypted"))?;
    Ok([
        protected,
        base64url::encode(sealed_key.encrypted),
        base64url::encode(sealed.iv),
        base64url::encode(sealed.ciphertext),
        base64url::encode(sealed.tag),
    ]
    .join("."))
}
