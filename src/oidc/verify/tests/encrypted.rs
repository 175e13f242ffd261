//! Tokens encrypted for the client.

use serde_json::json;

use super::super::{Expected, TokenVerifier};
use super::{
    id_claims, logout_claims, refused, response_claims, signed, user_info_claims, verifier,
};
use crate::TokenFault;
use crate::jose::{ContentEncryption, DecryptionKey, KeyEncryption, encrypt};

fn key() -> DecryptionKey {
    DecryptionKey::generate(KeyEncryption::EcdhEs).unwrap()
}

fn seal(key: &DecryptionKey, token: &[u8]) -> String {
    let header = json!({ "cty": "JWT" });
    let content = ContentEncryption::A128CbcHs256;
    encrypt(&key.public_jwk(), key.algorithm(), content, &header, token).unwrap()
}

fn with_keys(key: &DecryptionKey) -> TokenVerifier {
    verifier()
        .id_token_decryption_key(key.clone())
        .userinfo_decryption_key(key.clone())
        .response_decryption_key(key.clone())
}

/// Step 1: if the client is registered for encryption, only encrypted tokens are accepted.
#[tokio::test]
async fn an_id_token_is_encrypted_always_or_never() {
    let key = key();
    let verifier = with_keys(&key);
    let (id, info, response) = (
        signed(&id_claims()),
        signed(&user_info_claims()),
        signed(&response_claims()),
    );
    let expected = Expected::new();
    let sealed = seal(&key, id.as_bytes());
    let token = verifier.id_token(&sealed, &expected).await.unwrap();
    assert_eq!(token.expose(), sealed);
    verifier
        .user_info(&seal(&key, info.as_bytes()), None)
        .await
        .unwrap();
    verifier
        .authorization_response(&seal(&key, response.as_bytes()))
        .await
        .unwrap();
    let plain = refused(
        verifier.id_token(&id, &expected).await,
        TokenFault::Encryption,
    );
    assert!(plain.hint().unwrap().contains("registered"), "{plain}");
    refused(
        verifier.user_info(&info, None).await,
        TokenFault::Encryption,
    );
    refused(
        verifier.authorization_response(&response).await,
        TokenFault::Encryption,
    );
    // Without a key, and with another key.
    refused(
        super::verifier().id_token(&sealed, &expected).await,
        TokenFault::Encryption,
    );
    let stranger = with_keys(&self::key());
    refused(
        stranger.id_token(&sealed, &expected).await,
        TokenFault::Encryption,
    );
    // During a rotation, both keys decrypt.
    let both = with_keys(&self::key()).id_token_decryption_key(key);
    both.id_token(&sealed, &expected).await.unwrap();
}

/// Encryption does not replace a signature: anyone has the client's public key.
#[tokio::test]
async fn what_is_inside_is_verified() {
    let key = key();
    let verifier = with_keys(&key);
    let expected = Expected::new();
    let unsigned = crate::jose::tests::sign(&json!({"alg": "none"}), &id_claims());
    let twice = seal(&key, seal(&key, signed(&id_claims()).as_bytes()).as_bytes());
    for (inside, fault) in [
        (unsigned.into_bytes(), TokenFault::Algorithm),
        (id_claims().to_string().into_bytes(), TokenFault::Malformed),
        (vec![0xff, 0xfe], TokenFault::Malformed),
    ] {
        refused(
            verifier.id_token(&seal(&key, &inside), &expected).await,
            fault,
        );
    }
    refused(
        verifier.id_token(&twice, &expected).await,
        TokenFault::Encryption,
    );
}

/// Logout tokens may be encrypted or not: there is no registration of their encryption.
#[tokio::test]
async fn logout_tokens_may_be_encrypted() {
    let key = key();
    let token = signed(&logout_claims());
    with_keys(&key).logout_token(&token).await.unwrap();
    with_keys(&key)
        .logout_token(&seal(&key, token.as_bytes()))
        .await
        .unwrap();
    refused(
        verifier().logout_token(&seal(&key, token.as_bytes())).await,
        TokenFault::Encryption,
    );
}
