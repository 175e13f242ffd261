//! Forms with a file.

use keycloak_kit::Method;
use keycloak_kit::admin::uploads::{FileUpload, IdentityProviderFileUpload, KeyStoreUpload};
use keycloak_kit::representations::{
    ClientRepresentation, IdentityProviderRepresentation, KeyStoreConfig,
};
use pretty_assertions::assert_eq;

use crate::support::version::older;
use crate::support::{TestRealm, texts};

const PASSWORD: &str = "changeit; \"é\"";

fn pem(certificate: &str) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n")
}

#[tokio::test]
async fn certificates_and_key_stores_of_a_client() {
    let test = TestRealm::new("upload-client").await;
    let app = ClientRepresentation::default().client_id("app");
    let client = test.client(app).await;
    // Somebody else's: this attribute has keys that the server makes.
    let maker = client.certificate("saml.encryption");
    let made = maker.generate().await.unwrap().certificate.unwrap();

    let certificate = client.certificate("jwt.credential");
    let as_pem = KeyStoreUpload::new("Certificate PEM", pem(&made));
    let kept = certificate.upload_certificate(&as_pem).await.unwrap();
    assert_eq!(kept.certificate.as_deref(), Some(made.as_str()));
    assert!(kept.private_key.is_none());
    let read = certificate.get().await.unwrap();
    assert_eq!(read.certificate.as_deref(), Some(made.as_str()));

    let config = KeyStoreConfig::default()
        .format("PKCS12")
        .key_alias("app")
        .key_password(PASSWORD)
        .store_password(PASSWORD);
    let store = maker.generate_and_download(&config).await.unwrap();
    let store = KeyStoreUpload::new("PKCS12", store.into_bytes())
        .key_alias("app")
        .key_password(PASSWORD)
        .store_password(PASSWORD);
    assert!(!format!("{store:?}").contains(PASSWORD), "{store:?}");
    let kept = client
        .certificate("saml.signing")
        .upload(&store)
        .await
        .unwrap();
    assert!(kept.private_key.is_some(), "the store has the key too");
    assert_eq!(kept.certificate, maker.get().await.unwrap().certificate);

    let wrong = KeyStoreUpload::new("PKCS12", store.file.clone())
        .key_alias("app")
        .key_password("wrong")
        .store_password("wrong");
    let refused = client
        .certificate("saml.signing")
        .upload(&wrong)
        .await
        .unwrap_err();
    assert!(!refused.to_string().contains(PASSWORD), "{refused}");
    test.delete().await;
}

#[tokio::test]
async fn identity_provider_by_a_file() {
    let test = TestRealm::new("upload-idp").await;
    // The realm's own descriptor, as another server would read it.
    let path = ["realms", &test.name, "protocol", "saml", "descriptor"];
    let descriptor = test.kc.request::<()>(Method::GET, path).send_bytes().await;
    let descriptor = descriptor.unwrap().into_value();
    let providers = test.realm.identity_providers();
    let file = IdentityProviderFileUpload::new("saml", descriptor);
    let config = providers.import_config_file(&file).await.unwrap();
    assert!(config["idpEntityId"].ends_with(&test.name), "{config:?}");
    let hub = IdentityProviderRepresentation::default()
        .alias("hub")
        .provider_id("saml")
        .config(config.clone());
    providers.create(&hub).await.unwrap();
    let made = test.realm.identity_provider("hub").get().await.unwrap();
    assert_eq!(made.config.unwrap()["idpEntityId"], config["idpEntityId"]);

    let certificate = pem(config["signingCertificate"].split(',').next().unwrap());
    let upload = KeyStoreUpload::new("Certificate PEM", certificate.clone());
    if older("26.5.7", providers.upload_certificate(&upload)).await {
        return test.delete().await;
    }
    let read = providers.upload_certificate(&upload).await.unwrap();
    let read = read.certificate.unwrap();
    assert!(
        certificate
            .replace('\n', "")
            .contains(&read.replace('\n', "")),
        "{read}"
    );
    test.delete().await;
}

#[tokio::test]
async fn texts_by_a_file() {
    let test = TestRealm::new("upload-texts").await;
    let german = test.realm.localization().locale("de");
    german.text("bye").set("Tschüß").await.unwrap();
    let file = FileUpload::new(r#"{ "hello": "Grüß dich\n", "--x": "\r\n--x--" }"#);
    german.import_file(&file).await.unwrap();
    assert_eq!(
        german.get().await.unwrap(),
        texts([
            ("--x", "\r\n--x--"),
            ("bye", "Tschüß"),
            ("hello", "Grüß dich\n")
        ])
    );
    let broken = FileUpload::new("no JSON");
    let refused = german.import_file(&broken).await.unwrap_err();
    assert!(refused.is_validation() || refused.is_server(), "{refused}");
    test.delete().await;
}
