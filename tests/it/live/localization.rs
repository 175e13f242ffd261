//! Texts of a realm in several languages.

use keycloak_kit::representations::RealmRepresentation;
use pretty_assertions::assert_eq;

use crate::support::{TestRealm, texts};

#[tokio::test]
async fn texts_of_a_locale() {
    let realm = RealmRepresentation::default()
        .internationalization_enabled(true)
        .supported_locales(["de", "en"])
        .default_locale("en");
    let test = TestRealm::with("localization", realm).await;
    let localization = test.realm.localization();
    let german = localization.locale("de");
    german
        .import(&texts([("hello", "Hallo"), ("bye", "Tschüß")]))
        .await
        .unwrap();
    let text = german.text("a/b ;é%");
    text.set("größer \"als\" 🎉").await.unwrap();
    assert_eq!(text.get().await.unwrap(), "größer \"als\" 🎉");
    text.set("kleiner").await.unwrap();
    let all = german.get().await.unwrap();
    assert_eq!(
        all,
        texts([
            ("a/b ;é%", "kleiner"),
            ("bye", "Tschüß"),
            ("hello", "Hallo")
        ])
    );
    localization
        .locale("en")
        .text("hello")
        .set("Hello")
        .await
        .unwrap();
    let mut locales = localization.locales().await.unwrap();
    locales.sort();
    assert_eq!(locales, ["de", "en"]);

    text.delete().await.unwrap();
    assert!(text.find().await.unwrap().is_none());
    german.delete().await.unwrap();
    assert!(german.get().await.unwrap().is_empty());
    let fallback = german.get().use_realm_default_locale_fallback(true).await;
    assert_eq!(fallback.unwrap(), texts([("hello", "Hello")]));
    test.delete().await;
}
