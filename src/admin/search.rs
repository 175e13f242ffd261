//! The search parameter `q`, and parameters that the server ignores.

use crate::operation::Operation;
use crate::{Error, error};

/// Adds an attribute to `q`, quoted so that every supported release reads it.
///
/// Release 24 reads `\\` within quotes as one backslash, later releases as two; without quotes all
/// of them read one. Only 24 finds a name with a colon.
pub(crate) fn with(q: Option<String>, name: &str, value: &str) -> Result<String, String> {
    let refuse = |what: &str| Err(format!("attribute {name:?} cannot be searched: {what}"));
    if name.is_empty() || name.contains(['"', ':', '\\']) || name.chars().any(char::is_control) {
        return refuse("its name is empty or has a character that q cannot express");
    }
    let spaced = value.contains(|c: char| c.is_whitespace() || c == '"');
    let value = match value {
        "" => return refuse("the value is empty, which matches any value"),
        _ if value.contains('\\') && (spaced || value.ends_with('\\')) => {
            return refuse(
                "the value has a backslash at its end or beside spaces or quotes, which releases \
                 of the server read differently: filter the items instead",
            );
        }
        _ if value.contains('\\') => value.to_owned(),
        _ => format!("\"{}\"", value.replace('"', "\\\"")),
    };
    let before = q.filter(|q| !q.is_empty()).map(|q| format!("{q} "));
    Ok(format!("{}\"{name}\":{value}", before.unwrap_or_default()))
}

/// Refuses a search of which the server would ignore one part.
pub(crate) fn hidden(op: &Operation, read: &str, ignored: &str) -> Error {
    error::invalid_argument(
        op,
        format!(
            "the server ignores {ignored} beside {read}, and would return what {read} alone \
             finds: set only one of them; no request was sent"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::Server;

    #[test]
    fn names_and_values_are_quoted() {
        for (name, value, q) in [
            ("j", "Arlington County", r#""j":"Arlington County""#),
            ("a b", "x", r#""a b":"x""#),
            ("j", r#"say "hi""#, r#""j":"say \"hi\"""#),
            ("j", r"back\slash", r#""j":back\slash"#),
            ("j", "a:b c", r#""j":"a:b c""#),
        ] {
            assert_eq!(with(None, name, value).unwrap(), q);
        }
        let both = with(Some(r#""a":"b""#.to_owned()), "c", "d e").unwrap();
        assert_eq!(both, r#""a":"b" "c":"d e""#);
    }

    #[tokio::test]
    async fn a_search_that_the_server_reads_by_half_is_not_sent() {
        let server = Server::keycloak(|_, _| None).await;
        let realm = server.client().realm("demo");
        let users = realm.users();
        let filtered = || users.list().search("a").attribute("tenant", "b");
        for error in [
            filtered().await.unwrap_err(),
            filtered().all().await.unwrap_err(),
            filtered().count().await.unwrap_err(),
            users.count().search("a").q("tenant:b").await.unwrap_err(),
            users.list().search("a").username("b").await.unwrap_err(),
            realm
                .groups()
                .list()
                .search("a")
                .q("tenant:b")
                .await
                .unwrap_err(),
            realm
                .clients()
                .list()
                .client_id("a")
                .q("tenant:b")
                .await
                .unwrap_err(),
            users.list().attribute("a:b", "c").await.unwrap_err(),
        ] {
            assert!(error.is_config(), "{error}");
        }
        assert_eq!(server.counts(), (0, 0, 0));
        let _ = users
            .list()
            .username("a")
            .attribute("j", "Arlington County")
            .await;
        let target = server.seen().last().unwrap().target.clone();
        assert!(target.contains("q=%22j%22%3A%22Arlington"), "{target}");
    }

    #[test]
    fn what_q_cannot_say_is_refused() {
        for (name, value) in [
            ("", "x"),
            ("a:b", "x"),
            ("a\"b", "x"),
            ("j", ""),
            ("j", r"end\"),
            ("j", r"a\b c"),
            ("j", "a\\\"b"),
        ] {
            assert!(with(None, name, value).is_err(), "{name} {value}");
        }
    }
}
