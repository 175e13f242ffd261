//! Imports ten thousand users into a realm of its own, and says what each way took.
//!
//! ```sh
//! export KEYCLOAK_URL=$(scripts/keycloak start) KEYCLOAK_USERNAME=admin KEYCLOAK_PASSWORD=admin
//! cargo run --release --example import_users -- 10000
//! ```

use std::time::Instant;

use keycloak_kit::admin::handles::Realm;
use keycloak_kit::admin::{Existing, bulk};
use keycloak_kit::representations::{RealmRepresentation, UserRepresentation};
use keycloak_kit::{Keycloak, Result};

fn users(number: usize) -> impl Iterator<Item = UserRepresentation> + Clone + Send {
    (0..number).map(|number| {
        UserRepresentation::default()
            .username(format!("user-{number:05}"))
            .email(format!("user-{number:05}@example.org"))
            .first_name("Ada")
            .last_name("Lovelace")
            .enabled(true)
    })
}

/// An empty realm.
async fn fresh(kc: &Keycloak) -> Result<Realm> {
    let realm = kc.realm("import-example");
    if realm.find().await?.is_some() {
        realm.delete().await?;
    }
    let wanted = RealmRepresentation::default()
        .realm("import-example")
        .enabled(true);
    kc.realms().create(&wanted).await?;
    Ok(realm)
}

#[tokio::main]
async fn main() -> Result<()> {
    let number = std::env::args()
        .nth(1)
        .and_then(|number| number.parse().ok())
        .unwrap_or(10_000);
    let kc = Keycloak::from_env()?;

    println!("{number} users without passwords:");
    for (chunk, at_once) in [(100, 1), (100, 4), (100, 8), (500, 4), (1000, 1)] {
        let realm = fresh(&kc).await?;
        let started = Instant::now();
        let import = realm.import_users(users(number));
        let report = import.chunk(chunk).at_once(at_once).await;
        let seconds = started.elapsed().as_secs_f64();
        println!("  import_users, {chunk} a request, {at_once} at once: {seconds:.1} s; {report}");
    }
    let realm = fresh(&kc).await?;
    let started = Instant::now();
    let report = realm.import_users(users(number)).one_by_one();
    let report = report.at_once(8).await;
    let seconds = started.elapsed().as_secs_f64();
    println!("  import_users, one by one, 8 at once: {seconds:.1} s; {report}");

    let realm = fresh(&kc).await?;
    let started = Instant::now();
    let created = bulk(users(number), |user| {
        let users = realm.users();
        async move { users.create(&user).await }
    });
    let created = created.at_once(8).await;
    let failed = created.iter().filter(|result| result.is_err()).count();
    let seconds = started.elapsed().as_secs_f64();
    println!("  bulk of users().create, 8 at once: {seconds:.1} s; {failed} failed");

    println!("the same users again:");
    for existing in [Existing::Skip, Existing::Update] {
        let started = Instant::now();
        let report = realm.import_users(users(number)).existing(existing).await;
        let seconds = started.elapsed().as_secs_f64();
        println!("  {existing:?}: {seconds:.1} s; {report}");
    }
    let mut left = realm.users().list().stream();
    let (started, mut read) = (Instant::now(), 0);
    while let Some(user) = left.next().await {
        user?;
        read += 1;
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("read again, page by page: {read} users in {seconds:.1} s");
    realm.delete().await
}
