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

    /// Decrypts; `None` if anything is wrong. All lengths are exact: a shorter tag could be guessed.
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

/// Returns the left half of the HMAC (RFC 7518 section 5.2.2.1, step 5).
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
    // The length of `aad` in bits; no slice in memory comes near the limit.
    context.update(&(aad.len() as u64).wrapping_mul(8).to_be_bytes());
    let tag = context.sign();
    tag.as_ref()[..key.len()].to_vec()
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::ContentEncryption;

    /// RFC 7518 appendices B.1 to B.3.
    #[test]
    fn rfc_7518_cbc_with_hmac() {
        let vectors = [
            (
                ContentEncryption::A128CbcHs256,
                "c80edfa32ddf39d5ef00c0b468834279a2e46a1b8049f792f76bfe54b903a9c9a94ac9b47ad2655c\
                 5f10f9aef71427e2fc6f9b3f399a221489f16362c703233609d45ac69864e3321cf82935ac4096c8\
                 6e133314c54019e8ca7980dfa4b9cf1b384c486f3a54c51078158ee5d79de59fbd34d848b3d69550\
                 a67646344427ade54b8851ffb598f7f80074b9473c82e2db",
                "652c3fa36b0a7c5b3219fab3a30bc1c4",
            ),
            (
                ContentEncryption::A192CbcHs384,
                "ea65da6b59e61edb419be62d19712ae5d303eeb50052d0dfd6697f77224c8edb000d279bdc14c107\
                 2654bd30944230c657bed4ca0c9f4a8466f22b226d1746214bf8cfc2400add9f5126e479663fc90b\
                 3bed787a2f0ffcbf3904be2a641d5c2105bfe591bae23b1d7449e532eef60a9ac8bb6c6b01d35d49\
                 787bcd57ef484927f280adc91ac0c4e79c7b11efc60054e3",
                "8490ac0e58949bfe51875d733f93ac2075168039ccc733d7",
            ),
            (
                ContentEncryption::A256CbcHs512,
                "4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd822c301dd67c373b\
                 ccb584ad3e9279c2e6d12a1374b77f077553df829410446b36ebd97066296ae6427ea75c2e0846a1\
                 1a09ccf5370dc80bfecbad28c73f09b3a3b75e662a2594410ae496b2e2e6609e31e6e02cc837f053\
                 d21f37ff4f51950bbe2638d09dd7a4930930806d0703b1f6",
                "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5",
            ),
        ];
        let hex = |text: &str| HEXLOWER.decode(text.as_bytes()).unwrap();
        for (encryption, ciphertext, tag) in vectors {
            let length = u8::try_from(encryption.key_length()).unwrap();
            let key: Vec<u8> = (0..length).collect();
            let iv = hex("1af38c2dc2b96ffdd86694092341bc04");
            let aad = b"The second principle of Auguste Kerckhoffs";
            let (ciphertext, tag) = (hex(ciphertext), hex(tag));
            let opened = encryption.open(&key, &iv, aad, &ciphertext, &tag);
            assert_eq!(
                opened.as_deref(),
                Some(
                    b"A cipher system must not be required to be secret, and it must be able to \
                      fall into the hands of the enemy without inconvenience"
                        .as_slice()
                ),
                "{encryption}"
            );
        }
    }
}
