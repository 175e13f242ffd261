//! Texts of a realm in several languages.

use keycloak_kit::admin::LocalizationText;
use keycloak_kit::representations::RealmRepresentation;
use pretty_assertions::assert_eq;

use crate::support::server::server;
use crate::support::{TestRealm, texts};

async fn login_page(realm: &str) -> String {
    let page = format!(
        "{}/realms/{realm}/protocol/openid-connect/auth?client_id=account-console&response_type=code\
         &redirect_uri={}/realms/{realm}/account/&code_challenge_method=S256\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&scope=openid",
        server().url,
        server().url
    );
    let answer = reqwest::get(page).await.unwrap();
    answer.text().await.unwrap()
}

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
    // The login page shows a literal letter by letter.
    let said = "It's {0} & {1}'s";
    let literal = LocalizationText::literal(said);
    let title = localization.locale("en").text("loginAccountTitle");
    title.set(literal.clone()).await.unwrap();
    assert_eq!(title.get().await.unwrap(), literal);
    let page = login_page(&test.name).await;
    assert!(page.contains("It&#39;s {0} &amp; {1}&#39;s"), "{page}");
    title.delete().await.unwrap();

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
