//! Keys that sign-ins encrypt with what they leave in stores.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, rand};
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use secrecy::zeroize::Zeroizing;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result, config};

/// How many bytes a key is made of at least.
const SHORTEST: usize = 32;

/// How many bytes name a key.
const NAME_LEN: usize = 8;

/// A key that sign-ins encrypt with; part of [`SessionKeys`]. `Debug` shows its name, which tells
/// nothing of the key.
///
/// ```
/// use keycloak_kit::web::SessionKey;
///
/// # fn show() -> keycloak_kit::Result<()> {
/// // 32 random bytes, as `openssl rand -base64 32` prints them
/// let key: SessionKey = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlYzE=".parse()?;
/// # Ok(()) }
/// # show().unwrap();
/// ```
#[derive(Clone)]
pub struct SessionKey(Arc<Inner>);

struct Inner {
    name: [u8; NAME_LEN],
    key: LessSafeKey,
}

impl SessionKey {
    /// Makes a key of at least 32 random bytes.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`ErrorKind::Config`](crate::ErrorKind::Config) if there are fewer.
    pub fn from_bytes(bytes: impl AsRef<[u8]>) -> Result<Self> {
        let bytes = bytes.as_ref();
        if bytes.len() < SHORTEST {
            return Err(config(format!(
                "a key of the sign-in has {} bytes: it needs {SHORTEST} random ones or more",
                bytes.len()
            )));
        }
        let failed = |_| config("a key of the sign-in cannot be derived");
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, b"keycloak-kit sign-in").extract(bytes);
        let key = secret
            .expand(&[b"records"], &AES_256_GCM_SIV)
            .map_err(failed)?;
        let mut name = [0; NAME_LEN];
        secret
            .expand(&[b"name"], Length(NAME_LEN))
            .and_then(|out| out.fill(&mut name))
            .map_err(failed)?;
        let key = LessSafeKey::new(UnboundKey::from(key));
        Ok(Self(Arc::new(Inner { name, key })))
    }

    /// Makes a key that no other process has.
    ///
    /// # Errors
    ///
    /// Returns an error if the machine gives no random numbers.
    pub fn random() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; SHORTEST]);
        rand::fill(&mut *bytes).map_err(|_| config("this machine gives no random numbers"))?;
        Self::from_bytes(bytes.as_slice())
    }
}

/// Reads a key from base64 or base64url, with or without padding.
impl FromStr for SessionKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bare = text.trim().trim_end_matches('=').as_bytes();
        let bytes = BASE64_NOPAD
            .decode(bare)
            .or_else(|_| BASE64URL_NOPAD.decode(bare));
        // The error of the decoder quotes from the text.
        let bytes = bytes.map_err(|_| {
            config("a key of the sign-in is not base64: write 32 random bytes as base64")
        })?;
        Self::from_bytes(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = BASE64URL_NOPAD.encode(&self.0.name);
        f.debug_tuple("SessionKey").field(&name).finish()
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// The keys that a sign-in encrypts its records with: a current one, and old ones that still read.
/// Cheap to clone.
///
/// To replace a key, add the new one as an old one to all processes first, then make it the
/// current one, and remove the one before when the last session that it wrote has ended (after the
/// [absolute lifetime](super::SignInBuilder::absolute_lifetime)).
///
/// ```
/// use keycloak_kit::web::{SessionKey, SessionKeys};
///
/// # fn show(current: &str, old: &str) -> keycloak_kit::Result<()> {
/// let keys = SessionKeys::new(current.parse()?).also(old.parse()?);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct SessionKeys {
    /// The first one is current.
    all: Vec<SessionKey>,
}

impl SessionKeys {
    /// Begins with the current key.
    #[must_use]
    pub fn new(current: SessionKey) -> Self {
        Self { all: vec![current] }
    }

    /// Adds a key that only reads.
    #[must_use]
    pub fn also(mut self, old: SessionKey) -> Self {
        self.all.push(old);
        self
    }

    /// Reads keys from an environment variable: in base64, the current one first, with spaces or
    /// commas between.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`ErrorKind::Config`](crate::ErrorKind::Config) if the variable is
    /// not set, or if it has something else than keys.
    pub fn from_env(variable: &str) -> Result<Self> {
        let text = std::env::var(variable).map(Zeroizing::new).map_err(|_| {
            config(format!(
                "the environment variable {variable} with the keys of the sign-in is not set: \
                 set it to 32 random bytes as base64"
            ))
        })?;
        let separators = |c: char| c.is_whitespace() || c == ',';
        let keys = text.split(separators).filter(|key| !key.is_empty());
        let all: Vec<SessionKey> = keys.map(str::parse).collect::<Result<_>>()?;
        if all.is_empty() {
            return Err(config(format!(
                "the environment variable {variable} has no key of the sign-in: set it to 32 \
                 random bytes as base64"
            )));
        }
        Ok(Self { all })
    }

    /// Encrypts what is kept at a place, and nowhere else: the name of the key, the nonce, the
    /// ciphertext and its tag. The algorithm bears random nonces for any number of records (RFC
    /// 8452), as AES-GCM does not.
    pub(super) fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let failed = || config("a record of the sign-in cannot be encrypted");
        let current = &self.all.first().ok_or_else(failed)?.0;
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| config("this machine gives no random numbers"))?;
        // The buffer has room for the tag, so that the plaintext is never moved.
        let mut sealed = Vec::with_capacity(plain.len() + AES_256_GCM_SIV.tag_len());
        sealed.extend_from_slice(plain);
        let nonced = Nonce::assume_unique_for_key(nonce);
        current
            .key
            .seal_in_place_append_tag(nonced, Aad::from(place), &mut sealed)
            .map_err(|_| failed())?;
        Ok([&current.name[..], &nonce, &sealed].concat())
    }

    /// Decrypts what was kept at this place. `None` if it was not, or if the key is not known.
    pub(super) fn open(&self, place: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (name, rest) = sealed.split_first_chunk::<NAME_LEN>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        let key = self.all.iter().find(|key| key.0.name == *name)?;
        let mut buffer = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = key
            .0
            .key
            .open_in_place(nonce, Aad::from(place), &mut buffer)
            .ok()?
            .len();
        buffer.truncate(plain);
        Some(buffer)
    }

    /// Encrypts a value as JSON.
    pub(super) fn seal_json(&self, place: &str, value: &impl Serialize) -> Result<Vec<u8>> {
        self.seal(place, &json(value)?)
    }

    /// Decrypts what [`seal_json`](Self::seal_json) encrypted; `None` also if it is not such a value.
    pub(super) fn open_json<T: DeserializeOwned>(&self, place: &str, sealed: &[u8]) -> Option<T> {
        serde_json::from_slice(&self.open(place, sealed)?).ok()
    }

    /// The same as text.
    pub(super) fn seal_text(&self, place: &str, plain: &[u8]) -> Result<String> {
        self.seal(place, plain)
            .map(|sealed| BASE64URL_NOPAD.encode(&sealed))
    }

    /// The same from text.
    pub(super) fn open_text(&self, place: &str, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
        let sealed = BASE64URL_NOPAD.decode(sealed.as_bytes()).ok()?;
        self.open(place, &sealed)
    }
}

/// Writes as JSON what is to be encrypted.
pub(super) fn json(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>> {
    serde_json::to_vec(value)
        .map(Zeroizing::new)
        .map_err(|_| config("what the sign-in keeps cannot be written as JSON: this is a bug"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SessionKey {
        SessionKey::from_bytes([byte; 32]).unwrap()
    }

    #[test]
    fn sealed_for_one_place_by_keys_that_are_known() {
        let keys = SessionKeys::new(key(1));
        let sealed = keys.seal("here", b"hunter2").unwrap();
        assert_eq!(keys.open("here", &sealed).unwrap().as_slice(), b"hunter2");
        assert!(!String::from_utf8_lossy(&sealed).contains("hunter2"));
        assert!(keys.open("there", &sealed).is_none());
        // Each is sealed with its own nonce.
        assert_ne!(keys.seal("here", b"hunter2").unwrap(), sealed);
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(keys.open("here", &changed).is_none(), "{place}");
            assert!(keys.open("here", &sealed[..place]).is_none(), "{place}");
        }
        let newer = SessionKeys::new(key(2)).also(key(1));
        assert!(newer.open("here", &sealed).is_some());
        let of_newer = newer.seal("here", b"").unwrap();
        assert!(keys.open("here", &of_newer).is_none());
        assert!(SessionKeys::new(key(2)).open("here", &of_newer).is_some());
        assert!(SessionKeys::new(key(2)).open("here", &sealed).is_none());
    }

    #[test]
    fn keys_as_text() {
        let bytes = [0xfb; 33];
        let known = SessionKeys::new(SessionKey::from_bytes(bytes).unwrap());
        let sealed = known.seal("here", b"x").unwrap();
        for text in [
            data_encoding::BASE64.encode(&bytes),
            data_encoding::BASE64URL_NOPAD.encode(&bytes),
            format!(" {}\n", data_encoding::BASE64.encode(&bytes)),
        ] {
            let keys = SessionKeys::new(text.parse().unwrap());
            assert!(keys.open("here", &sealed).is_some(), "{text}");
        }
        for text in ["", "hunter2!", "aHVudGVyMg=="] {
            let refused = text.parse::<SessionKey>().unwrap_err();
            assert!(refused.to_string().contains("32 random"), "{refused}");
            assert!(!refused.to_string().contains("hunter2"), "{refused}");
        }
        let one = SessionKeys::new(SessionKey::random().unwrap());
        let other = SessionKeys::new(SessionKey::random().unwrap());
        assert!(other.open("x", &one.seal("x", b"y").unwrap()).is_none());
        let missing = SessionKeys::from_env("KEYCLOAK_KIT_NO_SUCH_KEYS").unwrap_err();
        assert!(missing.to_string().contains("KEYCLOAK_KIT_NO_SUCH_KEYS"));
    }
}
