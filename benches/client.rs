//! What the client itself costs, without a network: `cargo bench`.

use keycloak_kit::Keycloak;
use keycloak_kit::representations::UserRepresentation;

fn main() {
    divan::main();
}

/// What a list of users looks like on the wire.
fn users(count: usize) -> Vec<u8> {
    let users: Vec<UserRepresentation> = (0..count)
        .map(|number| {
            UserRepresentation::default()
                .id(format!("00000000-0000-0000-0000-{number:012}"))
                .username(format!("user-{number}"))
                .email(format!("user-{number}@example.org"))
                .enabled(true)
                .attribute("team", ["core", "platform"])
                .extra_member("memberOfANewerServer", number)
        })
        .collect();
    serde_json::to_vec(&users).unwrap_or_default()
}

#[divan::bench(args = [100, 10_000])]
fn decode_users(bencher: divan::Bencher<'_, '_>, count: usize) {
    let body = users(count);
    bencher.bench(|| serde_json::from_slice::<Vec<UserRepresentation>>(&body));
}

#[divan::bench(args = [100, 10_000])]
fn encode_users(bencher: divan::Bencher<'_, '_>, count: usize) {
    let users: Vec<UserRepresentation> = serde_json::from_slice(&users(count)).unwrap_or_default();
    bencher.bench(|| serde_json::to_vec(&users));
}

#[divan::bench]
fn a_handle_three_levels_deep(bencher: divan::Bencher<'_, '_>) {
    let Ok(kc) = Keycloak::builder("http://localhost:8080")
        .access_token("token")
        .build()
    else {
        return;
    };
    bencher.bench(|| kc.realm("demo").user("ada").role_mappings().realm());
}

#[divan::bench(threads = [1, 2, 8])]
fn a_token_from_the_cache(bencher: divan::Bencher<'_, '_>) {
    let (Ok(kc), Ok(runtime)) = (
        Keycloak::builder("http://localhost:8080")
            .access_token("token")
            .build(),
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build(),
    ) else {
        return;
    };
    bencher.bench(|| runtime.block_on(kc.token()));
}
