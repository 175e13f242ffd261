//! The encryption algorithms that Keycloak offers.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, config};

/// How the content encryption key is encrypted or agreed on (RFC 7518 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyEncryption {
    /// RSA with PKCS #1 v1.5 padding, only for servers that offer nothing better: it is broken in many
    /// implementations.
    Rsa1_5,
    /// RSA-OAEP with SHA-1.
    RsaOaep,
    /// RSA-OAEP with SHA-256.
    RsaOaep256,
    /// Key agreement on an elliptic curve; the agreed key encrypts the content.
    EcdhEs,
    /// Key agreement with AES-128 key wrap.
    EcdhEsA128Kw,
    /// Key agreement with AES-192 key wrap.
    EcdhEsA192Kw,
    /// Key agreement with AES-256 key wrap.
    EcdhEsA256Kw,
}

impl KeyEncryption {
    /// All algorithms.
    pub const ALL: [Self; 7] = [
        Self::Rsa1_5,
        Self::RsaOaep,
        Self::RsaOaep256,
        Self::EcdhEs,
        Self::EcdhEsA128Kw,
        Self::EcdhEsA192Kw,
        Self::EcdhEsA256Kw,
    ];

    /// Returns the algorithm's name, as `alg` in a header has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa1_5 => "RSA1_5",
            Self::RsaOaep => "RSA-OAEP",
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA128Kw => "ECDH-ES+A128KW",
            Self::EcdhEsA192Kw => "ECDH-ES+A192KW",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    pub(super) fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa1_5 | Self::RsaOaep | Self::RsaOaep256)
    }

    /// Returns the length of the key that wraps the content encryption key, in bytes.
    pub(super) fn wrapping_length(self) -> Option<usize> {
        match self {
            Self::EcdhEsA128Kw => Some(16),
            Self::EcdhEsA192Kw => Some(24),
            Self::EcdhEsA256Kw => Some(32),
            _ => None,
        }
    }
}

/// How the content is encrypted (RFC 7518 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentEncryption {
    /// AES-128 in Galois/Counter Mode.
    A128Gcm,
    /// AES-192 in Galois/Counter Mode.
    A192Gcm,
    /// AES-256 in Galois/Counter Mode.
    A256Gcm,
    /// AES-128 in CBC mode with HMAC SHA-256.
    A128CbcHs256,
    /// AES-192 in CBC mode with HMAC SHA-384.
    A192CbcHs384,
    /// AES-256 in CBC mode with HMAC SHA-512.
    A256CbcHs512,
}

impl ContentEncryption {
    /// All algorithms.
    pub const ALL: [Self; 6] = [
        Self::A128Gcm,
        Self::A192Gcm,
        Self::A256Gcm,
        Self::A128CbcHs256,
        Self::A192CbcHs384,
        Self::A256CbcHs512,
    ];

    /// Returns the algorithm's name, as `enc` in a header has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::A128Gcm => "A128GCM",
            Self::A192Gcm => "A192GCM",
            Self::A256Gcm => "A256GCM",
            Self::A128CbcHs256 => "A128CBC-HS256",
            Self::A192CbcHs384 => "A192CBC-HS384",
            Self::A256CbcHs512 => "A256CBC-HS512",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Returns the length of the content encryption key, in bytes.
    pub(super) fn key_length(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A192Gcm => 24,
            Self::A256Gcm | Self::A128CbcHs256 => 32,
            Self::A192CbcHs384 => 48,
            Self::A256CbcHs512 => 64,
        }
    }
}

impl fmt::Display for KeyEncryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for ContentEncryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyEncryption {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::named(name).ok_or_else(|| {
            config("unknown key encryption: write RSA-OAEP-256, ECDH-ES or the like")
        })
    }
}

impl FromStr for ContentEncryption {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::named(name)
            .ok_or_else(|| config("unknown content encryption: write A256GCM or the like"))
    }
}
