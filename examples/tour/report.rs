//! What is printed, and the numbers read back.

use keycloak_kit::admin::handles::Realm;
use keycloak_kit::{Error, Result};

use crate::provision::Made;
use crate::work::Done;

pub(crate) fn title(text: &str) {
    println!("\n{text}\n{}", "-".repeat(text.chars().count()));
}

/// An error, what it is and what to do about it.
pub(crate) fn explain(error: &Error) {
    println!("   {error}");
    if let Some(hint) = error.hint() {
        println!("      -> {hint}");
    }
}

/// Compares what was made and done with what the server says now.
pub(crate) async fn compare(realm: &Realm, made: &Made, done: &Done) -> Result<bool> {
    let number = |count: i32| usize::try_from(count).unwrap_or(0);
    let platform = realm
        .groups()
        .by_path("/staff/platform")
        .await?
        .group_id()?;
    let renamed = realm
        .users()
        .list()
        .first_name("Renamed")
        .exact(true)
        .all()
        .await?;
    let rows = [
        ("users", made.users, number(realm.users().count().await?)),
        (
            "disabled users",
            done.disabled,
            number(realm.users().count().enabled(false).await?),
        ),
        ("renamed users", done.renamed, renamed.len()),
        (
            "members of /staff/platform",
            made.in_platform,
            realm.group(&platform).members().all().await?.len(),
        ),
        (
            "editors",
            made.editors,
            realm.role("editor").users().all().await?.len(),
        ),
    ];
    let mut agreed = true;
    for (what, expected, found) in rows {
        let same = expected == found;
        agreed &= same;
        let mark = if same { "ok" } else { "MISMATCH" };
        println!("{what:<28} expected {expected:>4}   found {found:>4}   {mark}");
    }
    Ok(agreed)
}
