//! Encrypting the content: AES-GCM (RFC 7518 section 5.3), AES-CBC with HMAC (section 5.2).

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    self, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{hmac, rand};

use super::ContentEncryption;

const GCM_TAG: usize = 16;

pub(super) struct Sealed {
    pub(super) iv: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

enum Mode {
    Gcm(&'static aead::Algorithm),
    CbcHmac(&'static cipher::Algorithm, hmac::Algorithm),
}

impl ContentEncryption {
    fn mode(self) -> Mode {
        match self {
            Self::A128Gcm => Mode::Gcm(&aead::AES_128_GCM),
            Self::A192Gcm => Mode::Gcm(&aead::AES_192_GCM),
            Self::A256Gcm => Mode::Gcm(&aead::AES_256_GCM),
            Self::A128CbcHs256 => Mode::CbcHmac(&cipher::AES_128, hmac::HMAC_SHA256),
            Self::A192CbcHs384 => Mode::CbcHmac(&cipher::AES_192, hmac::HMAC_SHA384),
            Self::A256CbcHs512 => Mode::CbcHmac(&cipher::AES_256, hmac::HMAC_SHA512),
        }
    }

    /// The plaintext, unless anything at all is wrong. All lengths are exact: a shorter tag would
    /// be guessed soon.
    pub(super) fn open(
        self,
        key: &[u8],
        iv: &[u8],
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
    ) -> Option<Vec<u8>> {
        if key.len() != self.key_length() {
            return None;
        }
        match self.mode() {
            Mode::Gcm(algorithm) => {
                if tag.len() != GCM_TAG {
                    return None;
                }
                let nonce = Nonce::try_assume_unique_for_key(iv).ok()?;
                let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
                let mut buffer = [ciphertext, tag].concat();
                let plaintext = key.open_in_place(nonce, Aad::from(aad), &mut buffer).ok()?;
                Some(plaintext.to_vec())
            }
            Mode::CbcHmac(algorithm, mac) => {
                let iv: [u8; 16] = iv.try_into().ok()?;
                let (mac_key, key) = key.split_at(key.len() / 2);
                let expected = authentication_tag(mac, mac_key, aad, &iv, ciphertext);
                verify_slices_are_equal(&expected, tag).ok()?;
                let key = UnboundCipherKey::new(algorithm, key).ok()?;
                let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
                let mut buffer = ciphertext.to_vec();
                let context = DecryptionContext::Iv128(FixedLength::from(iv));
                let plaintext = key.decrypt(&mut buffer, context).ok()?;
                Some(plaintext.to_vec())
            }
        }
    }

    pub(super) fn seal(self, key: &[u8], aad: &[u8], plaintext: &[u8]) -> Option<Sealed> {
        if key.len() != self.key_length() {
            return None;
        }
        let mut ciphertext = plaintext.to_vec();
        match self.mode() {
            Mode::Gcm(algorithm) => {
                let mut iv = [0; aead::NONCE_LEN];
                rand::fill(&mut iv).ok()?;
                let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
                let nonce = Nonce::assume_unique_for_key(iv);
                let tag = key
                    .seal_in_place_separate_tag(nonce, Aad::from(aad), &mut ciphertext)
                    .ok()?;
                Some(Sealed {
                    iv: iv.to_vec(),
                    ciphertext,
                    tag: tag.as_ref().to_vec(),
                })
            }
            Mode::CbcHmac(algorithm, mac) => {
                let mut iv = [0; 16];
                rand::fill(&mut iv).ok()?;
                let (mac_key, key) = key.split_at(key.len() / 2);
                let key = UnboundCipherKey::new(algorithm, key).ok()?;
                let context = EncryptionContext::Iv128(FixedLength::from(iv));
                PaddedBlockEncryptingKey::cbc_pkcs7(key)
                    .ok()?
                    .less_safe_encrypt(&mut ciphertext, context)
                    .ok()?;
                let tag = authentication_tag(mac, mac_key, aad, &iv, &ciphertext);
                Some(Sealed {
                    iv: iv.to_vec(),
                    ciphertext,
                    tag,
                })
            }
        }
    }
}

/// RFC 7518 section 5.2.2.1, step 5: the left half of the HMAC.
fn authentication_tag(
    algorithm: hmac::Algorithm,
    key: &[u8],
    aad: &[u8],
    iv: &[u8],
    ciphertext: &[u8],
) -> Vec<u8> {
    let mut context = hmac::Context::with_key(&hmac::Key::new(algorithm, key));
    context.update(aad);
    context.update(iv);
    context.update(ciphertext);
    // The length of `aad` in bits; nothing in memory comes near the limit.
    context.update(&(aad.len() as u64).wrapping_mul(8).to_be_bytes());
    let tag = context.sign();
    tag.as_ref()[..key.len()].to_vec()
}
