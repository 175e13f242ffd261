//! A token with arbitrary claims is refused and causes no panic.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::issuer_names::{Names, OtherNames};
use super::super::{Expected, FrontChannelLogout};
use super::{
    ISSUER, NOW, access_claims, api, id_claims, logout_claims, response_claims, signed,
    user_info_claims, verifier,
};

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([ISSUER, "web", 1, null])),
        Just(json!({"roles": 1, "jkt": [], "permissions": [1, {"scopes": {}}]})),
        Just(json!(NOW)),
    ]
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "iss",
        "aud",
        "azp",
        "sub",
        "typ",
        "iat",
        "exp",
        "nbf",
        "auth_time",
        "nonce",
        "acr",
        "amr",
        "at_hash",
        "c_hash",
        "events",
        "jti",
        "sid",
        "scope",
        "cnf",
        "realm_access",
        "resource_access",
        "groups",
        "organization",
        "authorization",
        "code",
        "state",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_claims_are_verified_or_refused(changes in prop::collection::vec((name(), value()), 1..4)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for mut claims in [
                id_claims(), access_claims(), logout_claims(), response_claims(),
                user_info_claims(),
            ] {
                for (name, value) in &changes {
                    claims[*name] = value.clone();
                }
                let token = signed(&claims);
                let verifier = verifier();
                let expected = Expected::new().access_token("a").code("c").nonce("n");
                let _ = verifier.id_token(&token, &expected).await;
                if let Ok(id) = verifier.id_token(&token, &Expected::new()).await {
                    let _ = (id.audience(), id.amr(), id.auth_time(), id.expires_at());
                }
                if let Ok(claims) = api().verify(&token).await {
                    let _ = (claims.realm_roles(), claims.client_roles("x"), claims.groups());
                    let _ = (claims.organizations(), claims.permissions(), claims.scopes());
                    let _ = (claims.expires_at(), claims.auth_time(), claims.dpop_thumbprint());
                }
                let _ = verifier.logout_token(&token).await;
                let _ = verifier.authorization_response(&token).await;
                let _ = verifier.user_info(&token, None).await;
                let _ = verifier.introspection(&token).await;
            }
        });
    }

    #[test]
    fn any_front_channel_logout_is_read_or_refused(query in ".*") {
        let names = Names { own: ISSUER.to_owned(), other: OtherNames::default() };
        let _ = FrontChannelLogout::read(&query, &names, query.len() % 2 == 0);
    }
}
